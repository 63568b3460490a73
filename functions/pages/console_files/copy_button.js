// Copies a text to the clipboard.

import { html } from "./elements.js";
import { say } from "./live.js";

export function CopyButton({ text, name = "Copy" }) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      say("The browser did not allow copying. Select the text, and copy it yourself.");
    }
  }
  return html`<button type="button" class="small secondary" onClick=${copy}>${name}</button>`;
}
