// One conversation: what the visitor wrote, what was answered, how it was rated, and what failed at the time.

import { html, useState } from "./elements.js";
import { ask, pathOf } from "./api.js";
import { Dialog } from "./dialog.js";
import { Ago, many, moment } from "./format.js";
import { say } from "./live.js";
import { Panel } from "./panel.js";
import { Problem } from "./problem.js";
import { Rating } from "./ratings.js";
import { goFrom, linkTo } from "./router.js";
import { Screen } from "./screen.js";
import { useAnswer } from "./use_answer.js";

const TURNS_AT_ONCE = 100;
const HOUR_MILLISECONDS = 3_600_000;
// The longest span of hours that the API sums.
const SPAN_MILLISECONDS = 167 * HOUR_MILLISECONDS;

export function ConversationScreen({ id }) {
  const path = pathOf`/v1/conversations/${id}`;
  const asked = useAnswer((signal) => ask("GET", path, { query: { messageLimit: TURNS_AT_ONCE }, signal }), [id]);
  const [isDeleting, setDeleting] = useState(false);
  if (!asked.answer) {
    return html`<${Screen} key="wait" title=${asked.problem ? "Conversation" : "Loading"}><${Problem} problem=${asked.problem}
      retry=${asked.problem?.scope ? undefined : asked.reload} /></>`;
  }
  const found = asked.answer.body;
  const remove = html`<button type="button" class="danger" onClick=${() => setDeleting(true)}>Delete</button>`;
  return html`
    <${Screen} key=${id} title=${found.title} lead=${html`<code>${found.id}</code>`} actions=${remove}>
      <${Facts} found=${found} />
      <${Transcript} path=${path} found=${found} />
      <${TargetErrors} found=${found} />
      ${isDeleting && html`<${ConversationDeletion} path=${path} close=${() => setDeleting(false)} />`}
    </>`;
}

function Facts({ found }) {
  const facts = [
    ["Token", html`<a href=${linkTo("tokens", found.clientTokenId)}>${found.clientTokenId}</a>`],
    ["Page", found.origin || "none"],
    ["Flow or agent", found.flowId],
    ["Visitor", found.ownerId ? html`<a href=${`${linkTo("conversations")}?visitor=${encodeURIComponent(found.ownerId)}`}>${found.ownerId}</a>` : "not known"],
    ["Started", moment(found.createdAt)],
    ["Last message", html`<${Ago} at=${found.updatedAt} />`],
  ];
  const rated = found.feedback.filter((one) => !one.messageId);
  return html`
    <section class="panel" aria-label="About the conversation">
      <dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      ${rated.length > 0 && html`<ul class="ratings" aria-label="Ratings">${rated.map((one) => html`<li key=${one.id}><${Rating} one=${one} /></li>`)}</ul>`}
    </section>`;
}

/** What failed for the token's visitors in the hours of the conversation: a failure names no conversation. */
function TargetErrors({ found }) {
  const until = Date.parse(found.updatedAt) + HOUR_MILLISECONDS;
  const since = Math.max(Date.parse(found.createdAt), until - SPAN_MILLISECONDS);
  const query = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  const load = (signal) => ask("GET", pathOf`/v1/client-tokens/${found.clientTokenId}/usage`, { query, signal });
  const asked = useAnswer(load, [found.id]);
  return html`<${Panel} title="What failed for the token in these hours" asked=${asked}>${({ usage: { failed } }) => failed.length === 0
    ? html`<p class="quiet">Nothing failed.</p>`
    : html`<ul>${failed.map((one) => html`<li><code>${one.code}</code>: ${many(one.count, "request")}</li>`)}</ul>`}</>`;
}

function Transcript({ path, found }) {
  const [earlier, setEarlier] = useState({ messages: [], cursor: found.nextMessageCursor });
  const [problem, setProblem] = useState(null);
  const messages = [...earlier.messages, ...found.messages];
  const ratings = groupedByMessage(found.feedback);

  async function more() {
    try {
      const { body } = await ask("GET", path, { query: { messageLimit: TURNS_AT_ONCE, messageCursor: earlier.cursor } });
      setEarlier({ messages: [...body.messages, ...earlier.messages], cursor: body.nextMessageCursor });
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  }

  return html`
    <section class="panel" aria-labelledby="transcript-heading">
      <div class="panel-title"><h2 id="transcript-heading">Transcript</h2>
        <span class="quiet">${earlier.cursor ? "The newest " : ""}${many(messages.length, "message")}</span></div>
      <${Problem} problem=${problem} />
      ${earlier.cursor && html`<button type="button" class="small secondary" onClick=${more}>Show earlier messages</button>`}
      <ol class="chat">${messages.map((message, index) => html`
        <${TranscriptMessage} key=${`${message.role} ${message.id}`} message=${message} ratings=${ratings.get(message.id) ?? []}
          isUnanswered=${message.role === "user" && messages[index + 1]?.role !== "assistant"} />`)}
      </ol>
    </section>`;
}

function TranscriptMessage({ message, ratings, isUnanswered }) {
  return html`
    <li class=${message.role === "user" ? "from-visitor" : undefined}>
      <span class="quiet">${message.role === "user" ? "Visitor" : "Answer"} <${Ago} at=${message.createdAt} /></span>
      <p dir="auto">${message.content}</p>
      ${message.displayContent !== undefined && html`<p class="displayed"><span class="quiet">The page displayed</span> <bdi>${message.displayContent}</bdi></p>`}
      ${message.suggestions && html`<p class="quiet">Suggested: ${message.suggestions.map((one) => one.label).join(", ")}</p>`}
      ${ratings.length > 0 && html`<div>${ratings.map((one) => html`<${Rating} key=${one.id} one=${one} />`)}</div>`}
    </li>
    ${isUnanswered && html`<li class="unanswered"><p class="warn">No answer is stored: it failed, or is still being generated.</p></li>`}`;
}

function groupedByMessage(feedback) {
  const groups = new Map();
  for (const one of feedback) groups.set(one.messageId, [...(groups.get(one.messageId) ?? []), one]);
  return groups;
}

function ConversationDeletion({ path, close }) {
  const [problem, setProblem] = useState(null);

  async function remove() {
    const { hash } = globalThis.location;
    try {
      const { body } = await ask("DELETE", path);
      say(body.message);
      goFrom(hash, "conversations");
    } catch (error) {
      setProblem(error);
    }
  }

  return html`
    <${Dialog} title="Delete this conversation" close=${close}>
      <p>Its messages and ratings will be gone for good, for the visitor, too.</p>
      <${Problem} problem=${problem} />
      <div class="actions">
        <button type="button" class="danger" onClick=${remove}>Delete for good</button>
        <button type="button" class="secondary" onClick=${close}>Cancel</button>
      </div>
    </>`;
}
