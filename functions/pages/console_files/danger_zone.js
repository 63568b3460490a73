// What stops pages: a new value and deleting, which ask once more, and disabling, which can be undone.

import { html, useState } from "./elements.js";
import { DeleteDialog } from "./delete_dialog.js";
import { RotateDialog } from "./rotate_dialog.js";
import { FixButton } from "./token_update.js";

export function DangerZone({ asked }) {
  const [open, setOpen] = useState(null);
  const { clientToken: token } = asked.answer.body;
  const close = () => setOpen(null);
  return html`
    <section class="panel" aria-labelledby="danger-heading">
      <div class="panel-title"><h2 id="danger-heading">Rotate, disable, or delete</h2></div>
      <dl class="actions-list">
        <div><dt>Rotate</dt><dd>Issue a new value. You choose how long the current one keeps working.</dd>
          <dd><button type="button" class="small secondary" onClick=${() => setOpen("rotate")}>Rotate the value</button></dd></div>
        <div><dt>${token.isActive ? "Disable" : "Enable"}</dt>
          <dd>${token.isActive ? "Refuse every request from now on. You can enable the token again." : "The token is disabled: every request is refused."}</dd>
          <dd><${FixButton} asked=${asked} changes=${{ isActive: !token.isActive }} look="secondary" words=${token.isActive ? "Disable" : "Enable"}
            done=${token.isActive ? "The token is disabled." : "The token is enabled."} /></dd></div>
        <div><dt>Delete</dt><dd>Delete the token for good. Its conversations stay until they expire.</dd>
          <dd><button type="button" class="small danger" onClick=${() => setOpen("delete")}>Delete</button></dd></div>
      </dl>
      ${open === "rotate" && html`<${RotateDialog} asked=${asked} close=${close} />`}
      ${open === "delete" && html`<${DeleteDialog} asked=${asked} close=${close} />`}
    </section>`;
}
