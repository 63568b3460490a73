// One client token: what happens with it, its settings, and the history of its changes.

import { html } from "./elements.js";
import { Activity } from "./activity.js";
import { ask, pathOf } from "./api.js";
import { Changes } from "./changes.js";
import { DangerZone } from "./danger_zone.js";
import { Problem } from "./problem.js";
import { linkTo } from "./router.js";
import { Screen } from "./screen.js";
import { Settings } from "./settings.js";
import { TokenStatus } from "./token_status.js";
import { useAnswer } from "./use_answer.js";
import { ValuePanel } from "./value_panel.js";
import { Warnings } from "./warnings.js";

const TABS = [["activity", "Activity"], ["settings", "Settings"], ["embed", "Embed"], ["changes", "Changes"]];

export function TokenScreen({ id, tab, route }) {
  const asked = useAnswer((signal) => ask("GET", pathOf`/v1/client-tokens/${id}`, { signal }), [id]);
  if (!asked.answer) {
    return html`<${Screen} key="wait" title=${asked.problem ? "Token" : "Loading"}><${Problem} problem=${asked.problem} retry=${asked.reload} /></>`;
  }
  const { clientToken: token, warnings = [] } = asked.answer.body;
  return html`
    <${Screen} key=${id} title=${token.name} lead=${html`<code>${token.id}</code>`} actions=${html`<${TokenStatus} token=${token} />`}>
      <nav aria-label="Parts of the token" class="tabs"><ul>${TABS.map(([name, words]) => html`
        <li><a href=${linkTo("tokens", id, name)} aria-current=${name === tab ? "page" : undefined}>${words}</a></li>`)}</ul></nav>
      <${Warnings} warnings=${warnings} />
      <${Tab} name=${tab} token=${token} asked=${asked} route=${route} />
    </>`;
}

function Tab({ name, token, asked, route }) {
  if (name === "settings") {
    return html`
      <${Settings} asked=${asked} field=${route.query.get("field")} />
      <${DangerZone} asked=${asked} />`;
  }
  if (name === "embed") return html`<${ValuePanel} token=${token} />`;
  if (name === "changes") return html`<${Changes} id=${token.id} />`;
  return html`<${Activity} asked=${asked} />`;
}
