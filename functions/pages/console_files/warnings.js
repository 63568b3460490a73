// What is allowed but risky about a token, in the API's own words.

import { html } from "./elements.js";

export function Warnings({ warnings }) {
  return warnings.map((warning) => html`<p class="warning" key=${warning.message}><strong>Warning</strong> ${warning.message}</p>`);
}
