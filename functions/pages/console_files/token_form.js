// The form of a token's settings, for new and for existing ones.

import { html } from "./elements.js";
import { Field } from "./field.js";
import { TargetPicker } from "./targets.js";
import { FIELDS, problemOf, reasonsByField } from "./token_fields.js";

/** `of`: "new" or "existing". `set`: takes a field's name and its new text. `targets`: from useTargets. */
export function TokenForm({ of, shown, set, problem, targets }) {
  const reasons = reasonsByField(problem);
  const fields = FIELDS.filter((field) => !field.of || field.of === of);
  const one = (field) => html`<${Field} key=${field.name} field=${field} value=${shown[field.name]} reason=${reasons[field.name]}
    set=${(text) => set(field.name, text)} />`;
  const some = (test) => fields.filter(test).map(one);
  const isTarget = (field) => field.isTarget;
  const isPlain = (field) => !field.isTarget && !field.isLimit;
  const split = fields.findIndex((field) => field.isTarget);

  function targetFields() {
    if (targets.isLoading) return html`<p class="quiet field" aria-busy="true">Loading flows and agents</p>`;
    // Without a list to pick from, ids are typed: those of a tenant that has registered none are plain labels.
    if (!targets.answer?.body.targets.length) return html`<div class="columns">${some(isTarget)}</div>`;
    return html`<${TargetPicker} asked=${targets} shown=${shown} set=${set} reason=${reasons.flowIds ?? reasons.agentIds} />`;
  }

  return html`
    ${fields.slice(0, split).map(one)}
    ${targetFields()}
    <details open=${of === "existing" || undefined}>
      <summary>Limits</summary>
      <div class="columns">${some((field) => field.isLimit)}</div>
    </details>
    <details>
      <summary>More</summary>
      ${fields.slice(split).filter(isPlain).map(one)}
    </details>`;
}

/** What an error of the API would be, or null: half a date or half a number reads as an empty field, which means no limit. */
export function unreadableOf(form) {
  const field = [...form.elements].find((element) => element.validity.badInput);
  return field ? problemOf(field.name, "is incomplete: complete it, or empty it") : null;
}

/** Puts the focus on the first field that an error is about. */
export function focusFirstReason(form) {
  const field = form.querySelector("[aria-invalid=true]");
  field?.closest("details")?.setAttribute("open", "");
  field?.focus();
}
