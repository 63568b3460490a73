// Two people have changed a token: shows both changes, to choose between field by field.

import { html, useState } from "./elements.js";
import { Problem } from "./problem.js";
import { FIELDS, isSame, shownOf } from "./token_fields.js";

/** `begun`: the token that both started from. `shown`: this person's form. `save`: takes the changes to make to theirs. */
export function Conflict({ begun, theirs, shown, problem, isBusy, save, discard }) {
  const before = shownOf(begun);
  const other = shownOf(theirs);
  const fields = FIELDS.filter(({ name }) => !isSame(shown[name], before[name]) || !isSame(other[name], before[name]));
  const isMine = ({ name }) => !isSame(shown[name], before[name]);
  const [chosen, choose] = useState(() => Object.fromEntries(fields.map((field) => [field.name, isMine(field) ? "yours" : "theirs"])));

  function submit(event) {
    event.preventDefault();
    if (isBusy) return;
    const yours = fields.filter((field) => chosen[field.name] === "yours" && !isSame(shown[field.name], other[field.name]));
    if (yours.length) save(Object.fromEntries(yours.map((field) => [field.name, field.as.write(shown[field.name])])));
    else discard();
  }

  return html`
    <section class="panel conflict" aria-labelledby="conflict-heading">
      <div class="panel-title"><h2 id="conflict-heading">This token has changed since you opened it</h2></div>
      <p>Nothing is saved yet. For each setting that differs, choose the value to keep.</p>
      <form onSubmit=${submit}>
        <table class="stacked">
          <thead><tr><th scope="col">Setting</th><th scope="col">When you began</th><th scope="col">Theirs</th><th scope="col">Yours</th></tr></thead>
          <tbody>${fields.map((field) => html`<${Difference} key=${field.name} field=${field} before=${before[field.name]} theirs=${other[field.name]}
            yours=${shown[field.name]} chosen=${chosen[field.name]} choose=${(which) => choose((all) => ({ ...all, [field.name]: which }))} />`)}</tbody>
        </table>
        <${Problem} problem=${problem} />
        <div class="actions">
          <button type="submit" aria-busy=${isBusy ? "true" : undefined}>Save these choices</button>
          <button type="button" class="secondary" onClick=${discard}>Discard my changes</button>
        </div>
      </form>
    </section>`;
}

function Difference({ field, before, theirs, yours, chosen, choose }) {
  const option = (which, value, words) => html`
    <label class="choice"><input type="radio" name=${`keep-${field.name}`} checked=${chosen === which} onChange=${() => choose(which)}
      aria-label=${`Keep ${words} ${field.label}`} /><span class="value">${display(value)}</span></label>`;
  return html`
    <tr>
      <th scope="row">${field.label}</th>
      <td data-label="When you began"><span class="value">${display(before)}</span></td>
      <td data-label="Theirs">${option("theirs", theirs, "their")}</td>
      <td data-label="Yours">${option("yours", yours, "your")}</td>
    </tr>`;
}

function display(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
  return value === "" ? "empty" : value;
}
