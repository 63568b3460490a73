// Changes a token only as it was read: another person's change in between is never overwritten.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { say } from "./live.js";
import { helpOf, sentenceOf } from "./problem.js";

const CHANGED_MEANWHILE = 412;

/** `asked`: the token, from useAnswer, to replace with the answer. Throws ApiProblem. */
export function updateToken(asked, changes, etag = asked.answer.etag) {
  const { id } = asked.answer.body.clientToken;
  return ask("PUT", pathOf`/v1/client-tokens/${id}`, { body: changes, etag });
}

export const isConflict = (problem) => problem.status === CHANGED_MEANWHILE;

/** A button that makes one change, such as a fix. `done`: what to say then. `look`: a class of buttons. */
export function FixButton({ asked, changes, words, done, whenDone, look = "" }) {
  const [isBusy, setBusy] = useState(false);
  async function fix() {
    if (isBusy) return;
    setBusy(true);
    try {
      asked.replace(await updateToken(asked, changes));
      say(done);
      whenDone?.();
    } catch (problem) {
      if (isConflict(problem)) asked.reload();
      say(isConflict(problem)
        ? "This token has changed since you opened it. You now see its current settings: check them, and try again."
        : `${sentenceOf(problem)} ${helpOf(problem)}`);
    }
    setBusy(false);
  }
  return html`<button type="button" class=${`small ${look}`} aria-busy=${isBusy ? "true" : undefined} onClick=${fix}>${words}</button>`;
}
