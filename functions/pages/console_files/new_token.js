// Creates a client token: warnings as you type, and at the end its value, snippets, and a chat to try it.

import { html, useEffect, useMemo, useRef, useState } from "./elements.js";
import { ask } from "./api.js";
import { IssuedValue } from "./issued_value.js";
import { say } from "./live.js";
import { Problem } from "./problem.js";
import { linkTo } from "./router.js";
import { Screen } from "./screen.js";
import { useTargets } from "./targets.js";
import { bodyOfNew, problemOf, shownOf } from "./token_fields.js";
import { focusFirstReason, TokenForm, unreadableOf } from "./token_form.js";
import { Warnings } from "./warnings.js";

const PAUSE_MILLISECONDS = 500;

export function NewToken() {
  const [created, setCreated] = useState(null);
  if (created) {
    return html`
      <${Screen} key="created" title=${`${created.clientToken.name} is ready`} lead="Put it in your page, or try it here."
        actions=${html`<a role="button" class="secondary" href=${linkTo("tokens", created.clientToken.id)}>Open the token</a>`}>
        <${Warnings} warnings=${created.warnings} />
        <${IssuedValue} token=${created.clientToken} value=${created.token} />
      </>`;
  }
  return html`<${Screen} key="form" title="New token"><${NewTokenForm} whenDone=${setCreated} /></>`;
}

function NewTokenForm({ whenDone }) {
  const form = useRef(null);
  const targets = useTargets();
  const [shown, setShown] = useState(() => shownOf(null));
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const checked = useCheck(shown);
  // If the answer was lost, the same settings sent again create no second token.
  const idempotencyKey = useMemo(() => crypto.getRandomValues(new Uint32Array(4)).join("-"), [JSON.stringify(shown)]);
  useEffect(() => problem && focusFirstReason(form.current), [problem]);

  function set(name, text) {
    setProblem(null);
    setShown((before) => ({ ...before, [name]: text }));
  }

  async function create(event) {
    event.preventDefault();
    if (isBusy) return;
    const unreadable = unreadableOf(form.current);
    if (unreadable) return setProblem(unreadable);
    setBusy(true);
    try {
      const { body } = await ask("POST", "/v1/client-tokens", { body: bodyOfNew(shown), idempotencyKey });
      say(`${body.clientToken.name} is created.`);
      whenDone(body);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  }

  return html`
    <form ref=${form} class="with-aside" onSubmit=${create} autocomplete="off" novalidate>
      <div class="panel">
        <${TokenForm} of="new" shown=${shown} problem=${problem ?? checked.problem} targets=${targets}
          set=${set} />
      </div>
      <aside class="panel" aria-label="Checks">
        <h2>Checked as you type</h2>
        <div role="status">
          ${checked.warnings?.length === 0 && html`<p class="good">Nothing is risky about these settings.</p>`}
          <${Warnings} warnings=${checked.warnings ?? []} />
          ${!checked.warnings && !checked.problem && html`<p class="quiet">Fill in a name and the origins.</p>`}
          ${checked.problem && html`<p class="quiet">${checked.problem.message}</p>`}
        </div>
        <${Problem} problem=${problem} />
        <button type="submit" aria-busy=${isBusy ? "true" : undefined}>Create token</button>
      </aside>
    </form>`;
}

/** What the API says about the settings as they stand, before anything is created. */
function useCheck(shown) {
  const [checked, setChecked] = useState({});
  useEffect(() => {
    if (!shown.name.trim() || !shown.allowedOrigins.trim()) return setChecked({});
    const controller = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const { body } = await ask("POST", "/v1/client-tokens/check", { body: bodyOfNew(shown), signal: controller.signal });
        setChecked({ warnings: body.warnings });
      } catch (error) {
        if (error.name !== "AbortError") setChecked({ problem: asProblem(error) });
      }
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [JSON.stringify(shown)]);
  return checked;
}

export function asProblem(error) {
  return error instanceof SyntaxError ? problemOf("config", "must be JSON", error.message) : error;
}
