// What a program does with the client that orval makes for fetch.
import { type ApiError, type ChatEvent, chat, createClientToken, initSession, listClientTokens } from "./client/index";

const [url, key, flow] = process.argv.slice(2) as [string, string, string];
const credential = { headers: { Authorization: `Bearer ${key}` } };
// What orval makes has relative URLs.
const fetchFromPage = globalThis.fetch;
globalThis.fetch = (path, options) => fetchFromPage(`${url}${path}`, options);

const create = (origin: string) =>
  createClientToken(
    { name: "Generated", allowedOrigins: [origin], flowIds: [flow], environment: "test" },
    credential,
  );

function fail(error: ApiError): never {
  throw new Error(`${error.code}: ${error.error} ${error.hint ?? ""}`);
}

async function main() {
  const created = await create("native");
  if (created.status !== 201) fail(created.data);
  const listed = await listClientTokens({ limit: 1 }, credential);
  if (listed.status !== 200) fail(listed.data);

  const session = await initSession({ token: created.data.token });
  if (session.status !== 200) fail(session.data);
  const stream = await chat({ sessionId: session.data.sessionId, messages: [{ role: "user", content: "Hello" }] });
  if (stream.status !== 200) fail(stream.data);
  let reply = "";
  for (const line of stream.data.split("\n").filter((line) => line.startsWith("data: "))) {
    const event: ChatEvent = JSON.parse(line.slice("data: ".length));
    if (event.type === "text_delta") reply += event.delta;
  }

  const invalid = await create("https://app.example.com/path");
  if (invalid.status !== 400) throw new Error("It was not refused.");
  const elsewhere = await create("https://app.example.com");
  if (elsewhere.status !== 201) fail(elsewhere.data);
  const refused = await initSession({ token: elsewhere.data.token });
  if (refused.status !== 403) throw new Error("It was not refused.");

  console.log(
    JSON.stringify({
      created: created.data.clientToken.name,
      listed:
        listed.data.clientTokens.length === 1 && listed.data.clientTokens[0]!.id === created.data.clientToken.id,
      hasMore: listed.data.pagination?.hasMore,
      reply,
      invalid: [invalid.status, invalid.data.code, invalid.data.details?.[0]?.path],
      refused: [refused.status, refused.data.code, refused.data.error, refused.data.hint],
    }),
  );
}

main();
