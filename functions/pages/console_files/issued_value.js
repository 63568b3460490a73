// A token's value: to copy, in snippets for a page, and in a chat to try it.

import { html } from "./elements.js";
import { CopyButton } from "./copy_button.js";
import { Snippets } from "./snippets.js";
import { TryIt } from "./try_it.js";

export function IssuedValue({ token, value }) {
  return html`
    <section class="panel" aria-labelledby="value-heading">
      <div class="panel-title"><h2 id="value-heading">Value</h2><${CopyButton} text=${value} /></div>
      <pre tabindex="0" aria-label="The token's value"><code>${value}</code></pre>
      <p class="quiet">Everybody who opens a page with it can read it. The settings decide what it may do.</p>
    </section>
    <${Snippets} token=${token} value=${value} />
    <${TryIt} token=${token} value=${value} />`;
}
