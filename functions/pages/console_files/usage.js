// How much a token is used: messages, refusals, and dollars over time, with its limits and its budget as lines.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { TimeChart } from "./chart.js";
import { dollars, duration, number } from "./format.js";
import { Panel } from "./panel.js";
import { useAnswer } from "./use_answer.js";

const PERIODS = [["hour", "Hours"], ["day", "Days"]];
const HOUR = 3_600_000;

/** From the start of yesterday in UTC on, so that the budget's days are whole; or for the last 30 days. */
function since(period) {
  if (period === "day") return undefined;
  return new Date(Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 24 * HOUR).toISOString();
}

export function Usage({ token }) {
  const [period, setPeriod] = useState("hour");
  const load = (signal) => ask("GET", pathOf`/v1/client-tokens/${token.id}/usage`, { query: { period, since: since(period) }, signal });
  const asked = useAnswer(load, [token.id, period]);
  const choice = html`
    <div class="segments" role="group" aria-label="Period">${PERIODS.map(([name, words]) => html`
      <button type="button" class="small secondary" aria-pressed=${name === period ? "true" : "false"} onClick=${() => setPeriod(name)}>${words}</button>`)}
    </div>`;
  return html`<${Panel} title="Usage" actions=${choice} asked=${asked}>${({ usage }) => html`
    <${Figures} usage=${usage} />
    ${usage.failed.length > 0 && html`<p class="bad failures">Failed: ${usage.failed.map(({ code, count }) =>
      `${code.replaceAll("_", " ")} (${number(count)})`).join(", ")}</p>`}
    <${Charts} usage=${usage} token=${token} />`}</>`;
}

function Figures({ usage }) {
  const { total, answerTimes, dailyBudget, spentToday } = usage;
  const figures = [
    ["Sessions", number(total.sessions)],
    ["Messages", number(total.messages)],
    ["Refused", number(total.refused)],
    ["Failed", number(total.failed)],
    ["95% answered within", answerTimes.p95 === null ? "–" : duration(answerTimes.p95)],
    dailyBudget === null ? ["Spent", dollars(total.cost)] : [`Spent today, of ${dollars(dailyBudget)}`, dollars(spentToday ?? 0)],
  ];
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Charts({ usage, token }) {
  const isDaily = usage.period === "day";
  const starts = usage.parts.map((part) => part.start);
  const common = { starts, isDaily };
  const hourly = isDaily ? undefined : { value: token.rateLimitPerHour, label: `limit of ${number(token.rateLimitPerHour)} per address` };
  const budget = usage.dailyBudget === null ? undefined : { value: usage.dailyBudget, label: `budget of ${dollars(usage.dailyBudget)} per day` };
  const costs = usage.parts.map((part) => part.cost);
  return html`
    <div class="charts">
      <${TimeChart} ...${common} isWhole title="Messages" values=${usage.parts.map((part) => part.messages)} show=${number} limit=${hourly} />
      <${TimeChart} ...${common} isWhole title="Refused" values=${usage.parts.map((part) => part.refused)} show=${number} tone="--bad" />
      <${TimeChart} ...${common} title=${isDaily ? "Spent per day" : "Spent since midnight UTC"} values=${isDaily ? costs : summedByDay(starts, costs)}
        show=${dollars} limit=${budget} tone="--good" />
    </div>`;
}

/** Running sums that start again with each day in UTC, as the budget does. */
function summedByDay(starts, values) {
  let sum = 0;
  return values.map((value, index) => {
    sum = starts[index].slice(11, 13) === "00" ? value : sum + value;
    return sum;
  });
}
