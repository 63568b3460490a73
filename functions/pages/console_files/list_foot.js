// Below a list: how much there is, and the way to more.

import { html } from "./elements.js";

/** `pages`: from usePages. `words`: how much is shown. */
export function ListFoot({ pages, words, canGrow = true }) {
  const { hasMore, isLoading, problem, more } = pages;
  return html`
    <div class="below">
      <span class="quiet" role="status">${isLoading ? "Loading" : problem ? "" : words}</span>
      ${hasMore && canGrow && !problem && html`
        <button type="button" class="small secondary" aria-disabled=${isLoading ? "true" : undefined} onClick=${() => more()}>Show more</button>`}
    </div>`;
}
