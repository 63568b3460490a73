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

const SCOPE_HELP = "Ask an operator for a key that has it (client-tokens keys create --scopes).";

function sentence(problem) {
  if (problem.scope) return `Your API key lacks the scope ${problem.scope}.`;
  // A visitor's 401 is about a client token or a session.
  if (problem.code === "unauthenticated") return "The API key is invalid, has expired, or was revoked.";
  return problem.message;
}
