// A chat with a token, as a visitor has it on this page's origin. A refusal shows its reason and its fix.

import { html, useEffect, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Explanation } from "./explain.js";
import { say } from "./live.js";
import { Problem } from "./problem.js";
import { openSession, sendMessage } from "./visitor_chat.js";

const HERE = globalThis.location.origin;

export function TryIt({ token, value }) {
  const [turns, setTurns] = useState([]);
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const [isAllowedHere, setAllowedHere] = useState(false);
  const session = useRef(null);
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);

  async function send(said) {
    const { signal } = leaving.current;
    setBusy(true);
    setText("");
    setRefusal(null);
    setTurns((before) => [...before, { said, answer: "" }]);
    const show = (piece) => setTurns((before) => [...before.slice(0, -1), { said, answer: before.at(-1).answer + piece }]);
    try {
      session.current ??= await openSession(value, signal);
      await sendMessage(session.current, said, show, signal);
    } catch (problem) {
      if (signal.aborted) return;
      // After these, the next message opens a session.
      if ([401, 403, 410].includes(problem.status)) session.current = null;
      setTurns((before) => (before.at(-1).answer ? before : before.slice(0, -1)));
      setText(said);
      setRefusal({ said, problem, found: await reasonsOf(token.id, problem, signal) });
    }
    setBusy(false);
  }

  async function askAgain() {
    setRefusal({ ...refusal, found: await reasonsOf(token.id, refusal.problem, leaving.current.signal) });
  }

  function sendAgain() {
    if (refusal.problem.code === "origin_not_allowed") setAllowedHere(true);
    send(refusal.said);
  }

  function submit(event) {
    event.preventDefault();
    if (text.trim() && !isBusy) send(text.trim());
  }

  return html`
    <section class="panel" aria-labelledby="try-heading">
      <div class="panel-title"><h2 id="try-heading">Try it here</h2></div>
      <p class="quiet">As a visitor on <code>${HERE}</code>, which is this page. Messages count, and cost what a visitor's cost.</p>
      <ol class="chat" aria-label="Conversation" aria-live="polite" aria-busy=${isBusy ? "true" : "false"}>${turns.map((turn) => html`
        <li class="from-visitor"><span class="quiet">You</span><p dir="auto">${turn.said}</p></li>
        <li><span class="quiet">Answer</span><p dir="auto">${turn.answer || "…"}</p></li>`)}
      </ol>
      <${Problem} problem=${refusal?.problem} />
      ${refusal?.found && html`<${Explanation} found=${refusal.found} again=${sendAgain}
        asked=${{ answer: { body: { clientToken: token } }, replace: () => {}, reload: askAgain }} />`}
      <form class="composer" onSubmit=${submit} autocomplete="off">
        <input type="text" aria-label="Message" placeholder="Write a message" maxlength="4000" value=${text}
          onInput=${(event) => setText(event.target.value)} />
        <button type="submit" disabled=${isBusy || !text.trim()}>Send</button>
      </form>
      ${isAllowedHere && html`<${TakeBack} tokenId=${token.id} whenDone=${() => setAllowedHere(false)} />`}
    </section>`;
}

/** Takes this page off the token's origins, once it was allowed only to try the token. */
function TakeBack({ tokenId, whenDone }) {
  const [problem, setProblem] = useState(null);

  async function takeBack() {
    const path = pathOf`/v1/client-tokens/${tokenId}`;
    try {
      const { body, etag } = await ask("GET", path);
      const allowedOrigins = body.clientToken.allowedOrigins.filter((one) => one !== HERE);
      await ask("PUT", path, { body: { allowedOrigins }, etag });
      say(`${HERE} is no longer allowed.`);
      whenDone();
    } catch (error) {
      setProblem(error);
    }
  }

  return html`
    <div class="below"><span class="quiet">The token allows this page now.</span>
      <button type="button" class="small secondary" onClick=${takeBack}>Stop allowing this page</button></div>
    <${Problem} problem=${problem} />`;
}

/** What the token itself refuses here, with its fixes. Null if it is not the reason, or that cannot be asked. */
async function reasonsOf(tokenId, problem, signal) {
  try {
    const { body, etag } = await ask("POST", pathOf`/v1/client-tokens/${tokenId}/explain`, { body: { origin: HERE }, signal });
    const questions = body.questions.filter((one) => one.fix);
    return questions.some((one) => one.code === problem.code) ? { body: { ...body, questions }, etag } : null;
  } catch {
    return null;
  }
}
