// A dialog of the browser's own, which keeps the focus inside and closes with Escape.

import { html, useEffect, useId, useRef } from "./elements.js";

export function Dialog({ title, close, children }) {
  const dialog = useRef(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current.showModal();
    return () => opener?.focus();
  }, []);
  return html`
    <dialog ref=${dialog} aria-labelledby=${id} onClose=${close}>
      <article>
        <h2 id=${id}>${title}</h2>
        ${children}
      </article>
      <div class="said" role="status"></div>
    </dialog>`;
}
