// An error of the API, in its own words: what happened, what to do, and the request id for an operator.

import { html } from "./elements.js";

export function Problem({ problem, retry }) {
  if (!problem) return html`<div role="alert"></div>`;
  return html`
    <div role="alert">
      <div class="problem">
        <p><strong>${sentence(problem)}</strong> ${problem.scope ? SCOPE_HELP : problem.hint}</p>
        ${problem.details.length > 1 && html`<ul>${problem.details.map((one) => html`<li>${one.path}: ${one.message}</li>`)}</ul>`}
        ${retry && html`<button type="button" class="small secondary" onClick=${retry}>Try again</button>`}
        ${problem.requestId && html`<p class="quiet"><small>Request ${problem.requestId}</small></p>`}
      </div>
    </div>`;
}

const SCOPE_HELP = "An operator creates a key with it: client-tokens keys create --scopes.";

function sentence(problem) {
  if (problem.scope) return `Your API key lacks the scope ${problem.scope}.`;
  if (problem.status === 401) return "The API key is not valid, or no longer.";
  return problem.message;
}
