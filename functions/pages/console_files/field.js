// One field of a form: its label, its control, its help, and what is wrong with it.

import { html, useId } from "./elements.js";

/** `set`: takes the new text. `field`: one of FIELDS. */
export function Field({ field, value, set, reason }) {
  const id = useId();
  const described = [field.help && `${id}-help`, reason && `${id}-reason`].filter(Boolean).join(" ");
  const common = { id, name: field.name, "aria-describedby": described || undefined, "aria-invalid": reason ? "true" : undefined };
  const help = html`
    ${field.help && html`<small id=${`${id}-help`}>${field.help}</small>`}
    ${reason && html`<small id=${`${id}-reason`} class="reason">${field.label} ${reason}.</small>`}`;
  if (field.kind === "flag") {
    return html`
      <div class="field"><label for=${id}><input type="checkbox" role="switch" ...${common} checked=${value}
        onChange=${(event) => set(event.target.checked)} /> ${field.label}</label>${help}</div>`;
  }
  return html`<div class="field"><label for=${id}>${field.label}</label><${Control} field=${field} common=${common} value=${value} set=${set} />${help}</div>`;
}

function Control({ field, common, value, set }) {
  const change = (event) => set(event.target.value);
  switch (field.kind) {
    case "choice":
      return html`<select ...${common} value=${value} onChange=${change}>
        ${field.choices.map(([choice, words]) => html`<option value=${choice}>${words}</option>`)}</select>`;
    case "lines":
    case "json":
      return html`<textarea ...${common} rows=${Math.min(12, Math.max(2, value.split("\n").length + 1))} spellcheck="false"
        value=${value} onInput=${change}></textarea>`;
    case "number":
      return html`<input type="number" inputmode="decimal" step=${field.step ?? "1"} placeholder=${field.empty ?? "default"} ...${common} value=${value} onInput=${change} />`;
    case "time":
      return html`<input type="datetime-local" ...${common} value=${value} onInput=${change} />`;
    default:
      return html`<input type="text" autocomplete="off" ...${common} value=${value} onInput=${change} />`;
  }
}
