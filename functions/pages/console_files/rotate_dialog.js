// Issues a new value for a token.

import { html, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { CopyButton } from "./copy_button.js";
import { Dialog } from "./dialog.js";
import { say } from "./live.js";
import { Problem } from "./problem.js";

const HOUR_SECONDS = 3600;
// For how long the current value still works. An empty choice ends it at once; 0 ends older ones, too.
const GRACES = [
  ["", "stops at once"],
  ["0", "stops at once, and so do older ones that still work"],
  [`${HOUR_SECONDS}`, "works for another hour"],
  [`${24 * HOUR_SECONDS}`, "works for another day"],
  [`${7 * 24 * HOUR_SECONDS}`, "works for another week"],
];

export function RotateDialog({ asked, close }) {
  const { clientToken: token } = asked.answer.body;
  const [grace, setGrace] = useState(`${24 * HOUR_SECONDS}`);
  const [issued, setIssued] = useState(null);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const hasLeft = useRef(false);

  async function rotate(event) {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    const body = grace === "" ? {} : { gracePeriodSeconds: Number(grace) };
    try {
      setIssued((await ask("POST", pathOf`/v1/client-tokens/${token.id}/regenerate`, { body, etag: asked.answer.etag })).body);
      if (hasLeft.current) say(`${token.name} has a new value. You find it under Embed.`);
    } catch (error) {
      setProblem(error);
      if (hasLeft.current) say(`Rotate ${token.name}: ${error.message}`);
    }
    setBusy(false);
    if (hasLeft.current) asked.reload();
  }

  // A request that is on its way goes on.
  function leave() {
    hasLeft.current = true;
    close();
    if (issued || problem) asked.reload();
  }

  if (issued) {
    return html`
      <${Dialog} key="issued" title="The new value" close=${leave}>
        <p role="status">${issued.message}</p>
        <pre tabindex="0" aria-label="The new value"><code>${issued.token}</code></pre>
        <div class="actions"><${CopyButton} text=${issued.token} /><button type="button" onClick=${leave}>Done</button></div>
      </>`;
  }
  return html`
    <${Dialog} key="choice" title=${`Rotate the value of ${token.name}`} close=${leave}>
      <form onSubmit=${rotate}>
        <label>The current value
          <select value=${grace} onChange=${(event) => setGrace(event.target.value)}>
            ${GRACES.map(([seconds, words]) => html`<option value=${seconds}>${words}</option>`)}
          </select>
        </label>
        <${Problem} problem=${problem} />
        <div class="actions"><button type="submit" aria-busy=${isBusy ? "true" : undefined}>Rotate</button><button type="button" class="secondary" onClick=${leave}>Cancel</button></div>
      </form>
    </>`;
}
