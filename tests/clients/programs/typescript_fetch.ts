// What a program does with the client that openapi-generator's typescript-fetch generator makes.
import {
  type ApiError,
  ApiErrorFromJSON,
  BrowserApi,
  ChatEventFromJSON,
  Configuration,
  ManagementApi,
  ResponseError,
} from "./client/index";

const [url, key, flow] = process.argv.slice(2) as [string, string, string];
const management = new ManagementApi(new Configuration({ basePath: url, accessToken: key }));
const browser = new BrowserApi(new Configuration({ basePath: url }));

async function refusal(call: Promise<unknown>): Promise<[number, ApiError]> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ResponseError) return [error.response.status, ApiErrorFromJSON(await error.response.json())];
    throw error;
  }
  throw new Error("It was not refused.");
}

const create = (origin: string) =>
  management.createClientToken({
    createClientToken: { name: "Generated", allowedOrigins: [origin], flowIds: [flow], environment: "test" },
  });

async function main() {
  const created = await create("native");
  const listed = await management.listClientTokens({ limit: 1 });

  const session = await browser.initSession({ initSession: { token: created.token } });
  const stream = await browser.chat({
    chat: { sessionId: session.sessionId, messages: [{ role: "user", content: "Hello" }] },
  });
  let reply = "";
  for (const line of stream.split("\n").filter((line) => line.startsWith("data: "))) {
    const event = ChatEventFromJSON(JSON.parse(line.slice("data: ".length)));
    if (event.type === "text_delta") reply += event.delta;
  }

  const [status, invalid] = await refusal(create("https://app.example.com/path"));
  const elsewhere = await create("https://app.example.com");
  const [refusedStatus, refused] = await refusal(browser.initSession({ initSession: { token: elsewhere.token } }));

  console.log(
    JSON.stringify({
      created: created.clientToken.name,
      listed: listed.clientTokens.length === 1 && listed.clientTokens[0]!.id === created.clientToken.id,
      hasMore: listed.pagination?.hasMore,
      reply,
      invalid: [status, invalid.code, invalid.details?.[0]?.path],
      refused: [refusedStatus, refused.code, refused.error, refused.hint],
    }),
  );
}

main();
