// The requests that a token refused, by reason and origin, with a button where one change fixes it.

import { html } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Ago, number } from "./format.js";
import { Panel } from "./panel.js";
import { linkTo } from "./router.js";
import { FixButton } from "./token_update.js";
import { useAnswer } from "./use_answer.js";

const WEEK = 167 * 3_600_000;
// Strangers can make up thousands of origins. The API names the most frequent first.
const SHOWN_MAX = 100;
// What the tally counts together, and what names no origin that could be allowed.
const OTHERS = new Set(["malformed", "null", "other"]);
// The setting behind a code.
const FIELD_OF_CODE = {
  budget_exhausted: "dailyBudget",
  message_limit_reached: "maxMessagesPerSession",
  no_target: "flowIds",
  rate_limited: "rateLimitPerMinute",
  target_not_allowed: "flowIds",
  token_expired: "expiresAt",
  visitor_history_disabled: "visitorHistory",
};

export function Refusals({ asked }) {
  const { clientToken: token } = asked.answer.body;
  const load = (signal) => ask("GET", pathOf`/v1/client-tokens/${token.id}/refusals`,
    { query: { since: new Date(Date.now() - WEEK).toISOString() }, signal });
  const found = useAnswer(load, [token.id]);
  const again = html`<button type="button" class="small secondary" onClick=${found.reload}>Refresh</button>`;
  return html`<${Panel} title="Refused in the last 7 days" actions=${again} asked=${found}>${({ refusals }) => refusals.length === 0
    ? html`<p class="quiet">Nothing was refused.</p>`
    : html`
      <p class="quiet">Other people's sites show up here, too. Allow only origins that are yours.</p>
      <table class="stacked">
        <thead><tr><th scope="col">Reason</th><th scope="col">Origin</th><th scope="col">Times</th><th scope="col">Last</th><th scope="col">Fix</th></tr></thead>
        <tbody>${refusals.slice(0, SHOWN_MAX).map((refusal) => html`<${RefusalRow} key=${`${refusal.code} ${refusal.origin} ${refusal.isObserved}`}
          refusal=${refusal} token=${token} asked=${asked} />`)}</tbody>
      </table>
      ${refusals.length > SHOWN_MAX && html`<p class="quiet">The ${SHOWN_MAX} most frequent of ${number(refusals.length)}.</p>`}`}</>`;
}

function RefusalRow({ refusal, token, asked }) {
  return html`
    <tr>
      <th scope="row">${refusal.code.replaceAll("_", " ")}
        ${refusal.isObserved && html` <span class="badge warn" title="It was admitted, because the token only observes origins.">only observed</span>`}
        <small class="quiet">request <code>${refusal.requestId}</code></small></th>
      <td data-label="Origin"><code>${refusal.origin ?? "none"}</code></td>
      <td data-label="Times">${number(refusal.count)}</td>
      <td data-label="Last"><${Ago} at=${refusal.lastAt} /></td>
      <td data-label="Fix"><${Fix} refusal=${refusal} token=${token} asked=${asked} /></td>
    </tr>`;
}

function Fix({ refusal: { code, origin }, token, asked }) {
  if (code === "origin_not_allowed" && origin && !OTHERS.has(origin)) {
    if (token.allowedOrigins.includes(origin)) return html`<span class="good">now allowed</span>`;
    return html`<${FixButton} asked=${asked} look="secondary" words="Allow this origin" done=${`${origin} is allowed now. Its next request gets through.`}
      changes=${{ allowedOrigins: [...token.allowedOrigins, origin] }} />`;
  }
  if (code === "token_inactive") {
    if (token.isActive) return html`<span class="good">now enabled</span>`;
    return html`<${FixButton} asked=${asked} look="secondary" words="Enable the token" done="The token is enabled." changes=${{ isActive: true }} />`;
  }
  const field = FIELD_OF_CODE[code];
  return field ? html`<a href=${`${linkTo("tokens", token.id, "settings")}?field=${field}`}>Change the setting</a>` : html`<span class="quiet">–</span>`;
}
