// What a client token is at the moment, in badges. Words and colors say the same.

import { html } from "./elements.js";
import { ago, moment } from "./format.js";

/** [kind, word, explanation] for each: kinds are good, warn, bad. */
function statuses(token, now) {
  const found = [];
  const isExpired = token.expiresAt && new Date(token.expiresAt) <= now;
  if (!token.isActive) found.push(["bad", "disabled", "Its sessions have ended, and new ones are refused."]);
  if (isExpired) found.push(["bad", "expired", `It expired ${ago(token.expiresAt)}.`]);
  if (!found.length) found.push(["good", "active", "Pages on its origins can use it."]);
  if (token.originEnforcement === "observe") {
    found.push(["warn", "observing", `Origins that are not allowed are admitted and listed until ${moment(token.observeUntil)}.`]);
  }
  if (token.previousValueLastUsedAt) {
    found.push(["warn", "previous value in use", `A value that you replaced was used ${ago(token.previousValueLastUsedAt)}.`]);
  }
  return found;
}

export function TokenStatus({ token }) {
  return html`<span class="badges">${statuses(token, new Date()).map(([kind, word, explanation]) => html`
    <span class=${`badge ${kind}`} title=${explanation}>${word}</span>`)}</span>`;
}
