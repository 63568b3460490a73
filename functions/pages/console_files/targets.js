// The flows and agents that the tenant has registered, to pick from.

import { html } from "./elements.js";
import { ask } from "./api.js";
import { many, number } from "./format.js";
import { Problem } from "./problem.js";
import { useAnswer } from "./use_answer.js";

const PAGES_MAX = 10;

async function allTargets(signal) {
  const found = [];
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { body } = await ask("GET", "/v1/targets", { query: { limit: 200, cursor }, signal });
    found.push(...body.targets);
    cursor = body.pagination.nextCursor;
    if (!cursor) break;
  }
  return { body: { targets: found } };
}

export function useTargets() {
  return useAnswer(allTargets, []);
}

const listOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** Checkboxes for flows and agents. `shown`: of the form. Which list a new id joins, its prefix says. */
export function TargetPicker({ asked, shown, set, reason }) {
  const chosen = { flowIds: listOf(shown.flowIds), agentIds: listOf(shown.agentIds) };
  const registered = asked.answer?.body.targets ?? [];
  const all = new Set([...chosen.flowIds, ...chosen.agentIds]);
  const unregistered = [...all].filter((id) => !registered.some((target) => target.id === id));

  function toggle(id, isChosen) {
    if (!isChosen) {
      for (const name of ["flowIds", "agentIds"]) set(name, chosen[name].filter((one) => one !== id).join("\n"));
      return;
    }
    const name = id.startsWith("agent") ? "agentIds" : "flowIds";
    set(name, [...chosen[name], id].join("\n"));
  }

  const choice = (id, words, problem) => html`
    <label class="choice" key=${id}>
      <input type="checkbox" name="target" value=${id} checked=${all.has(id)} onChange=${(event) => toggle(id, event.target.checked)} />
      <span><strong>${id}</strong> <span class="quiet">${words}</span>${problem && html` <span class="bad">${problem}</span>`}</span>
    </label>`;
  return html`
    <fieldset class="field">
      <legend>Flows and agents that answer</legend>
      <${Problem} problem=${asked.problem} />
      ${registered.map((target) => choice(target.id, about(target), target.isAllowed ? "" : target.problem))}
      ${unregistered.map((id) => choice(id, "not registered"))}
      ${reason && html`<small class="reason">${reason}.</small>`}
    </fieldset>`;
}

function about({ kind, limits }) {
  return `${kind}, messages up to ${number(limits.maxMessageBytes)} bytes`
    + (limits.attachments ? ", files" : "") + (limits.maxTokens ? `, answers up to ${many(limits.maxTokens, "token")}` : "");
}
