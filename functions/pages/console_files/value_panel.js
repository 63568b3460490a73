// Reads a token's value when asked to, for each reading leaves an audit record; then shows how to embed it.

import { html, useEffect, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { IssuedValue } from "./issued_value.js";
import { Problem } from "./problem.js";

export function ValuePanel({ token }) {
  const [value, setValue] = useState(null);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const shown = useRef(null);
  useEffect(() => shown.current?.querySelector("pre").focus(), [value]);

  async function reveal() {
    if (isBusy) return;
    setBusy(true);
    try {
      setValue((await ask("GET", pathOf`/v1/client-tokens/${token.id}/token`)).body.token);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }

  if (value) return html`<div ref=${shown}><${IssuedValue} token=${token} value=${value} /></div>`;
  return html`
    <section class="panel" aria-labelledby="reveal-heading">
      <div class="panel-title"><h2 id="reveal-heading">Embed</h2></div>
      <p>Snippets for your page contain the token's value, which ends in ${token.tokenHint}. Reading it leaves an audit record.</p>
      <${Problem} problem=${problem} />
      <button type="button" aria-busy=${isBusy ? "true" : undefined} onClick=${reveal}>Show the value</button>
    </section>`;
}
