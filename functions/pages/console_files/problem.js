// An error of the API, in its own words: what happened, what to do, and the request id for an operator.

import { html } from "./elements.js";

export function Problem({ problem, retry }) {
  if (!problem) return html`<div role="alert"></div>`;
  return html`
    <div role="alert">
      <div class="problem">
        <p><strong>${sentenceOf(problem)}</strong> ${helpOf(problem)}</p>
        ${problem.details?.length > 1 && html`<ul>${problem.details.map((one) => html`<li>${one.path}: ${one.message}</li>`)}</ul>`}
        ${retry && html`<button type="button" class="small secondary" onClick=${retry}>Try again</button>`}
        ${problem.requestId && html`<p class="quiet"><small>Request ${problem.requestId}</small></p>`}
      </div>
    </div>`;
}

const SCOPE_HELP = "Ask an operator for a key that has it (client-tokens keys create --scopes).";
// The API's own hints for these are about headers.
const HEADER = /\b(Authorization|If-Match)\b/;
const HELP = {
  precondition_failed: "Look at its current state, and try again.",
  unauthenticated: "Check that you have copied all of it, or sign in with another key.",
};

export function helpOf({ scope, code, hint }) {
  if (scope) return SCOPE_HELP;
  return [HEADER.test(hint) ? "" : hint, HELP[code]].filter(Boolean).join(" ");
}

export function sentenceOf(problem) {
  if (problem.scope) return `Your API key lacks the scope ${problem.scope}.`;
  // A visitor's 401 is about a client token or a session.
  if (problem.code === "unauthenticated") return "The API key is invalid, has expired, or was revoked.";
  return problem.message;
}
