// Edits a token's settings. Another person's change in between is shown as a difference, not overwritten.

import { html, useEffect, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Conflict } from "./conflict.js";
import { say } from "./live.js";
import { asProblem } from "./new_token.js";
import { Problem } from "./problem.js";
import { useTargets } from "./targets.js";
import { changesOf, isSame, shownOf, typedSince } from "./token_fields.js";
import { focusFirstReason, TokenForm, unreadableOf } from "./token_form.js";
import { isConflict, updateToken } from "./token_update.js";

/** `field`: the one to begin with. */
export function Settings({ asked, field }) {
  const form = useRef(null);
  const targets = useTargets();
  const { clientToken: token } = asked.answer.body;
  // The token as this form began with it.
  const [begun, setBegun] = useState(token);
  const [shown, setShown] = useState(() => shownOf(token));
  const [problem, setProblem] = useState(null);
  const [theirs, setTheirs] = useState(null);
  const [isBusy, setBusy] = useState(false);
  // While a conflict is shown, there is no form.
  useEffect(() => problem && !theirs && focusFirstReason(form.current), [problem]);
  useEffect(() => field && showField(form.current, field), [field]);
  useEffect(follow, [token]);

  /** The token was changed while this form is open: goes on from there, unless both changed the same setting. */
  function follow() {
    if (token === begun) return;
    const before = shownOf(begun);
    const now = shownOf(token);
    const yours = Object.keys(shown).filter((name) => !isSame(shown[name], before[name]));
    if (yours.some((name) => !isSame(now[name], before[name]) && !isSame(now[name], shown[name]))) return setTheirs(asked.answer);
    setBegun(token);
    setShown({ ...now, ...Object.fromEntries(yours.map((name) => [name, shown[name]])) });
  }

  /** Shows a token, and keeps what one typed while it was saved. */
  function startOver(from) {
    setBegun(from);
    setShown((now) => ({ ...shownOf(from), ...typedSince(shown, now) }));
    setProblem(null);
    setTheirs(null);
  }

  async function save(changes, etag) {
    setBusy(true);
    try {
      const answer = await updateToken(asked, changes, etag);
      // Both at once: otherwise the form takes its own change for another person's.
      startOver(answer.body.clientToken);
      asked.replace(answer);
      say("Saved. It applies from the next request on.");
    } catch (error) {
      setProblem(isConflict(error) ? await problemOfTheirs() : error);
    }
    setBusy(false);
  }

  /** Reads the token as somebody else has left it. Null, or the error if it cannot be read. */
  async function problemOfTheirs() {
    try {
      setTheirs(await ask("GET", pathOf`/v1/client-tokens/${token.id}`));
      return null;
    } catch (error) {
      return error;
    }
  }

  function discard() {
    startOver(theirs.body.clientToken);
    asked.replace(theirs);
  }

  function submit(event) {
    event.preventDefault();
    if (isBusy) return;
    const unreadable = unreadableOf(form.current);
    if (unreadable) return setProblem(unreadable);
    try {
      const changes = changesOf(shown, begun);
      if (Object.keys(changes).length) save(changes);
      else say("Nothing has changed.");
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  if (theirs) {
    return html`<${Conflict} begun=${begun} theirs=${theirs.body.clientToken} shown=${shown} problem=${problem} isBusy=${isBusy}
      save=${(changes) => save(changes, theirs.etag)} discard=${discard} />`;
  }
  return html`
    <section class="panel" aria-labelledby="settings-heading">
      <div class="panel-title"><h2 id="settings-heading">Settings</h2></div>
      <form ref=${form} onSubmit=${submit} autocomplete="off" novalidate>
        <${TokenForm} of="existing" shown=${shown} problem=${problem} targets=${targets}
          set=${(name, text) => setShown((before) => ({ ...before, [name]: text }))} />
        <${Problem} problem=${problem} />
        <button type="submit" aria-busy=${isBusy ? "true" : undefined}>Save</button>
      </form>
    </section>`;
}

function showField(form, name) {
  const control = form.querySelector(`[name="${CSS.escape(name)}"]`);
  control?.closest("details")?.setAttribute("open", "");
  control?.focus();
}
