// The frame of each screen: its heading gets the focus, so that a keyboard or a screen reader goes on from there.

import { html, useEffect, useRef } from "./elements.js";

export function Screen({ title, lead, actions, children }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} – Client tokens`;
  }, [title]);
  useEffect(() => heading.current.focus(), []);
  return html`
    <main>
      <div class="title">
        <div><h1 ref=${heading} tabindex="-1"><bdi>${title}</bdi></h1>${lead && html`<p class="quiet">${lead}</p>`}</div>
        <div class="actions">${actions}</div>
      </div>
      ${children}
    </main>`;
}
