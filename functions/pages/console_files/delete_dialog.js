// Deletes a token, once its name is typed.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Dialog } from "./dialog.js";
import { say } from "./live.js";
import { Problem } from "./problem.js";
import { goFrom } from "./router.js";

export function DeleteDialog({ asked, close }) {
  const { clientToken: token } = asked.answer.body;
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState(null);

  async function remove(event) {
    event.preventDefault();
    const { hash } = globalThis.location;
    try {
      const { body } = await ask("DELETE", pathOf`/v1/client-tokens/${token.id}`, { etag: asked.answer.etag });
      say(body.message);
      goFrom(hash, "tokens");
    } catch (error) {
      setProblem(error);
    }
  }

  function leave() {
    close();
    if (problem) asked.reload();
  }

  return html`
    <${Dialog} title=${`Delete ${token.name}`} close=${leave}>
      <p>Pages with this token stop working at once. This cannot be undone.</p>
      <form onSubmit=${remove} autocomplete="off">
        <label>Type the token's name to confirm: <strong>${token.name}</strong>
          <input type="text" required value=${typed} onInput=${(event) => setTyped(event.target.value)} />
        </label>
        <${Problem} problem=${problem} />
        <div class="actions">
          <button type="submit" class="danger" disabled=${typed.trim() !== token.name}>Delete for good</button>
          <button type="button" class="secondary" onClick=${leave}>Cancel</button>
        </div>
      </form>
    </>`;
}
