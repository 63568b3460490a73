// Reads a token's value when asked to, for each reading leaves an audit record; then shows how to embed it.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { IssuedValue } from "./issued_value.js";
import { Problem } from "./problem.js";

export function ValuePanel({ token }) {
  const [value, setValue] = useState(null);
  const [problem, setProblem] = useState(null);

  async function reveal() {
    try {
      setValue((await ask("GET", pathOf`/v1/client-tokens/${token.id}/token`)).body.token);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  }

  if (value) return html`<${IssuedValue} token=${token} value=${value} />`;
  return html`
    <section class="panel" aria-labelledby="reveal-heading">
      <div class="panel-title"><h2 id="reveal-heading">Embed</h2></div>
      <p>Snippets for your page contain the token's value, which ends in ${token.tokenHint}. Reading it leaves an audit record.</p>
      <${Problem} problem=${problem} />
      <button type="button" onClick=${reveal}>Show the value</button>
    </section>`;
}
