// A card with a heading, which shows its own loading and its own error: one that fails leaves its neighbors alone.

import { html, useId } from "./elements.js";
import { Problem } from "./problem.js";

/** `asked`: from useAnswer. `children`: a function of the answer's body. */
export function Panel({ title, actions, asked, children }) {
  const id = useId();
  const { answer, problem, isLoading, reload } = asked;
  return html`
    <section class="panel" aria-labelledby=${id} aria-busy=${isLoading ? "true" : "false"}>
      <div class="panel-title"><h2 id=${id}>${title}</h2>${actions}</div>
      ${problem && html`<${Problem} problem=${problem} retry=${problem.scope ? undefined : reload} />`}
      ${answer && !problem && children(answer.body)}
      ${!answer && !problem && html`<p class="quiet loading">Loading</p>`}
    </section>`;
}
