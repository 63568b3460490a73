// The usage of the last day of each listed token. It costs a request per token, and a tenant's lists are limited: so only
// rows on the screen ask, a few at once, and answers are kept for a minute.

import { html, useEffect, useRef, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Sparkline } from "./chart.js";
import { compact, many } from "./format.js";

const AT_ONCE = 3;
const KEPT_MILLISECONDS = 60_000;
const kept = new Map();
const waiting = [];
let running = 0;

export function forgetUsage() {
  kept.clear();
  waiting.length = 0;
}

function usageOf(id) {
  const known = kept.get(id);
  if (known && Date.now() - known.at < KEPT_MILLISECONDS) return known.answer;
  const answer = new Promise((resolve, reject) => waiting.push({ id, resolve, reject }));
  answer.catch(() => kept.delete(id));
  kept.set(id, { at: Date.now(), answer });
  askNext();
  return answer;
}

function askNext() {
  if (running >= AT_ONCE || !waiting.length) return;
  const { id, resolve, reject } = waiting.shift();
  running += 1;
  ask("GET", pathOf`/v1/client-tokens/${id}/usage`)
    .then(({ body }) => resolve(body.usage), reject)
    .finally(() => {
      running -= 1;
      askNext();
    });
}

export function RecentUsage({ id }) {
  const cell = useRef(null);
  const [usage, setUsage] = useState(null);
  useEffect(() => {
    let isThere = true;
    const seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      seen.disconnect();
      usageOf(id).then((found) => isThere && setUsage(found), () => isThere && setUsage(false));
    });
    seen.observe(cell.current);
    return () => {
      isThere = false;
      seen.disconnect();
    };
  }, [id]);
  return html`<div ref=${cell} class="recent">${usage === false ? "unknown" : usage && html`<${Messages} usage=${usage} />`}</div>`;
}

function Messages({ usage }) {
  const { messages, refused } = usage.total;
  return html`
    <span class="figure" title=${many(messages, "message")}>${compact(messages)}</span>
    ${refused > 0 && html`<span class="bad" title=${many(refused, "refused request")}>${compact(refused)} refused</span>`}
    ${messages > 0 && html`<${Sparkline} values=${usage.parts.map((part) => part.messages)} />`}`;
}
