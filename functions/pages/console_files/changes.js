// Who changed a token, when, and what: its audit records, newest first.

import { html } from "./elements.js";
import { ask } from "./api.js";
import { Ago, many } from "./format.js";
import { ListFoot } from "./list_foot.js";
import { Problem } from "./problem.js";
import { FIELDS } from "./token_fields.js";
import { usePages } from "./use_pages.js";

const RECORDS_AT_ONCE = 25;

export function Changes({ id }) {
  async function recordPage(query) {
    const { body } = await ask("GET", "/v1/audit", { query: { token: id, ...query } });
    return { entries: body.records, pagination: body.pagination };
  }

  const pages = usePages(recordPage, RECORDS_AT_ONCE);
  const { entries, isLoading, problem, more } = pages;
  return html`
    <section class="panel" aria-labelledby="changes-heading" aria-busy=${isLoading ? "true" : "false"}>
      <div class="panel-title"><h2 id="changes-heading">Changes</h2></div>
      <${Problem} problem=${problem} retry=${problem?.scope ? undefined : () => more()} />
      ${entries.length > 0 && html`
        <table class="stacked">
          <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th></tr></thead>
          <tbody>${entries.map((record) => html`<${ChangeRow} key=${record.requestId + record.action} record=${record} />`)}</tbody>
        </table>`}
      <${ListFoot} pages=${pages} words=${many(entries.length, "record")} />
    </section>`;
}

function ChangeRow({ record }) {
  return html`
    <tr>
      <th scope="row"><${Ago} at=${record.at} /></th>
      <td data-label="Who"><code>${record.actor}</code>${record.address && html` <small class="quiet">from ${record.address}</small>`}</td>
      <td data-label="What"><strong>${record.action.replaceAll("_", " ")}</strong>
        ${Object.entries(record.changes ?? {}).map(([name, change]) => html`<div key=${name}>${labelOf(name)}: ${changeText(change)}</div>`)}</td>
    </tr>`;
}

// What the form does not show, and records name.
const OTHER_LABELS = { isActive: "Enabled", previousValuesExpireAt: "Previous values expire" };

const labelOf = (name) => FIELDS.find((field) => field.name === name)?.label ?? OTHER_LABELS[name] ?? name;

/** Before and after, what a list lost and gained, or only that it changed. */
function changeText(change) {
  if (change === null) return "changed";
  if (Array.isArray(change)) return change[0] === null ? valueText(change[1]) : `${valueText(change[0])} → ${valueText(change[1])}`;
  if (change.reordered) return "reordered";
  const parts = [["added", change.added, change.moreAdded], ["removed", change.removed, change.moreRemoved]];
  return parts.filter(([, values, more]) => values?.length || more).map(([word, values = [], more]) =>
    `${word} ${values.join(", ")}${more ? ` and ${more} more` : ""}`).join("; ");
}

function valueText(value) {
  if (value === null || value === "") return "none";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (Array.isArray(value)) return value.join(", ") || "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
