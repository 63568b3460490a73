// Changes a token only as it was read: another person's change in between is never overwritten.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { say } from "./live.js";

const CHANGED_MEANWHILE = 412;

/** `asked`: the token, from useAnswer, which then shows the answer. Throws ApiProblem. */
export async function updateToken(asked, changes, etag = asked.answer.etag) {
  const { id } = asked.answer.body.clientToken;
  const answer = await ask("PUT", pathOf`/v1/client-tokens/${id}`, { body: changes, etag });
  asked.replace(answer);
  return answer;
}

export const isConflict = (problem) => problem.status === CHANGED_MEANWHILE;

/** A button that makes one change, such as a fix. `done`: what to say then. `look`: a class of buttons. */
export function FixButton({ asked, changes, words, done, whenDone, look = "" }) {
  const [isBusy, setBusy] = useState(false);
  async function fix() {
    setBusy(true);
    try {
      await updateToken(asked, changes);
      say(done);
      whenDone?.();
    } catch (problem) {
      if (isConflict(problem)) asked.reload();
      say(isConflict(problem)
        ? "This token has changed since you opened it. You now see its current settings: check them, and try again."
        : `${problem.message} ${problem.scope ? `Your API key lacks the scope ${problem.scope}.` : problem.hint}`);
    }
    setBusy(false);
  }
  return html`<button type="button" class=${`small ${look}`} disabled=${isBusy} aria-busy=${isBusy ? "true" : undefined} onClick=${fix}>${words}</button>`;
}
