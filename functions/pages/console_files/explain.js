// What would happen to a visitor of a site: each question that the service asks, and the first that says no.

import { html, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Problem } from "./problem.js";
import { FixButton } from "./token_update.js";

const SIGNS = new Map([[true, ["good", "yes"]], [false, ["bad", "no"]], [null, ["quiet", "not asked"]]]);

export function Explain({ asked }) {
  const { clientToken: token } = asked.answer.body;
  const [question, setQuestion] = useState({ origin: "", address: "", target: "" });
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  const latest = useRef(null);
  const set = (name) => (event) => setQuestion((before) => ({ ...before, [name]: event.target.value }));

  async function explain(event) {
    event?.preventDefault();
    const { origin, address, target } = question;
    const named = target && { [token.agentIds.includes(target) ? "agentId" : "flowId"]: target };
    const body = { origin: origin.trim() || null, ...(address.trim() && { address: address.trim() }), ...named };
    latest.current = body;
    // A late answer is not to an earlier question.
    const settle = (answer, error) => {
      if (latest.current !== body) return;
      setFound(answer);
      setProblem(error);
    };
    await ask("POST", pathOf`/v1/client-tokens/${token.id}/explain`, { body })
      .then((answer) => settle(answer, null), (error) => settle(null, error));
  }

  return html`
    <section class="panel" aria-labelledby="explain-heading">
      <div class="panel-title"><h2 id="explain-heading">Would a visitor get in?</h2></div>
      <form class="columns" onSubmit=${explain} autocomplete="off">
        <label>Origin of the page<input type="text" inputmode="url" placeholder="https://shop.example.com" value=${question.origin} onInput=${set("origin")} /></label>
        <label>Address of the visitor<input type="text" placeholder="any" value=${question.address} onInput=${set("address")} /></label>
        <label>Flow or agent<select value=${question.target} onChange=${set("target")}>
          <option value="">the default</option>
          ${[...token.flowIds, ...token.agentIds].map((id) => html`<option value=${id}>${id}</option>`)}
        </select></label>
        <div class="end"><button type="submit">Explain</button></div>
      </form>
      <${Problem} problem=${problem} />
      <div aria-live="polite">${found && html`<${Explanation} found=${found} asked=${asked} again=${explain} />`}</div>
    </section>`;
}

/** `found`: an answer of explain. `asked`: the token. An update is only for the token that the answer is about. */
export function Explanation({ found, asked, again }) {
  const { accepted, questions } = found.body;
  const explained = { ...asked, answer: { ...asked.answer, etag: found.etag } };
  return html`
    <p class=${accepted ? "good" : "bad"}><strong>${accepted ? "Yes, the visitor gets in." : "No, the visitor is refused."}</strong></p>
    <ol class="questions">${questions.map((one) => {
      const [kind, word] = SIGNS.get(one.passes);
      return html`
        <li key=${one.question}>
          <span class=${`answer ${kind}`}>${word}</span>
          <div>
            <strong>${one.question.replaceAll("_", " ")}</strong>
            <div>${one.rule}${one.nearest && html` <span class="quiet">Nearest: <code>${one.nearest}</code></span>`}</div>
            ${one.fix && html`<div class="fix">${one.fix}
              ${one.update && html`<${FixButton} asked=${explained} changes=${one.update} words="Do it" done="Done." whenDone=${again} />`}</div>`}
          </div>
        </li>`;
    })}</ol>`;
}
