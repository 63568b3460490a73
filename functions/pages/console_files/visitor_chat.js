// The browser plane as a page uses it: a session, and messages whose answers stream. No API key is sent.

import { API, ApiProblem, readBody, send } from "./api.js";

/** Opens a session with a token's value. Throws ApiProblem. */
export async function openSession(value, signal) {
  const response = await postAsVisitor("/v1/client/init", { token: value }, signal);
  return readBody(response);
}

/** Sends a message. Calls `show` with each piece of the answer. Throws ApiProblem, also if the answer breaks off. */
export async function sendMessage(session, text, show, signal) {
  const message = { role: "user", content: text };
  const response = await postAsVisitor("/v1/client/chat", { sessionId: session.sessionId, messages: [message] }, signal);
  for await (const event of eventsOf(response)) {
    if (event.type === "text_delta") show(event.delta);
    if (event.type === "execution_error") throw new ApiProblem(response.status, { error: event.error.message, code: event.error.code });
    // An answer that waits for a tool of the page ends here, for this page has none.
    if (event.type === "execution_complete" || event.type === "await") return;
  }
  throw brokenOff();
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw brokenOff();
    });
    if (done) return;
    const frames = (buffer + value).split("\n\n");
    buffer = frames.pop();
    for (const frame of frames) yield JSON.parse(frame.split("\ndata: ")[1]);
  }
}

const brokenOff = () => new ApiProblem(0, { error: "The answer broke off.", hint: "Send the message again." });

/** As a page of a visitor would: without the API key. */
async function postAsVisitor(path, body, signal) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
  const response = await send(API + path, options);
  return response.ok ? response : readBody(response);
}
