// What visitors wrote with the tenant's tokens: conversations by token and visitor, and what visitors rated.

import { html, useEffect, useState } from "./elements.js";
import { ask } from "./api.js";
import { Ago, many } from "./format.js";
import { ListFoot } from "./list_foot.js";
import { Problem } from "./problem.js";
import { Ratings } from "./ratings.js";
import { linkTo } from "./router.js";
import { Screen } from "./screen.js";
import { useAnswer } from "./use_answer.js";
import { usePages } from "./use_pages.js";

const CONVERSATIONS_AT_ONCE = 25;
// A page of the API may be empty although more follow.
const EMPTY_PAGES_MAX = 10;
const TOKENS_TO_CHOOSE = 200;

export function Conversations({ query }) {
  const chosen = { token: query.get("token") ?? "", visitor: query.get("visitor") ?? "" };
  const loadTokens = (signal) => ask("GET", "/v1/client-tokens", { query: { limit: TOKENS_TO_CHOOSE }, signal });
  const tokens = useAnswer(loadTokens, []).answer?.body.clientTokens ?? [];
  const names = new Map(tokens.map((token) => [token.id, token.name]));
  return html`
    <${Screen} title="Conversations" lead="What visitors wrote, and how they rated it. Each reading leaves an audit record.">
      <section class="panel" aria-label="Conversations">
        <${Filters} chosen=${chosen} names=${names} />
        <${ConversationList} key=${JSON.stringify(chosen)} chosen=${chosen} names=${names} />
      </section>
      <${Ratings} />
    </>`;
}

function Filters({ chosen, names }) {
  const [visitor, setVisitor] = useState(chosen.visitor);
  useEffect(() => setVisitor(chosen.visitor), [chosen.visitor]);
  const choices = new Map(chosen.token ? [[chosen.token, chosen.token], ...names] : names);
  return html`
    <form class="columns" autocomplete="off" onSubmit=${(event) => {
      event.preventDefault();
      choose({ ...chosen, visitor: visitor.trim() });
    }}>
      <label>Token<select value=${chosen.token} onChange=${(event) => choose({ token: event.target.value, visitor: visitor.trim() })}>
        <option value="">all tokens</option>
        ${[...choices].map(([id, name]) => html`<option value=${id}>${name}</option>`)}
      </select></label>
      <label>Visitor<input type="text" placeholder="cvis_..." value=${visitor} onInput=${(event) => setVisitor(event.target.value)} /></label>
      <div class="end"><button type="submit" class="secondary">Show</button></div>
    </form>`;
}

/** In the address, so that a list can be shared and bookmarked. */
function choose(chosen) {
  const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value));
  globalThis.location.hash = `${linkTo("conversations")}?${query}`;
}

function ConversationList({ chosen, names }) {
  const pages = usePages(async ({ limit, cursor }) => {
    const query = { client_token_id: chosen.token, ownerId: chosen.visitor, limit, cursor };
    let body;
    for (let page = 0; page < EMPTY_PAGES_MAX; page += 1) {
      ({ body } = await ask("GET", "/v1/conversations", { query }));
      if (body.conversations.length || !body.pagination.hasMore) break;
      query.cursor = body.pagination.nextCursor;
    }
    return { entries: body.conversations, pagination: body.pagination };
  }, CONVERSATIONS_AT_ONCE);
  const { entries } = pages;
  return html`
    <div aria-busy=${pages.isLoading ? "true" : "false"}>
      <${Problem} problem=${pages.problem} retry=${pages.problem?.scope ? undefined : () => pages.more()} />
      ${entries.length > 0 && html`
        <table class="stacked">
          <thead><tr><th scope="col">Conversation</th><th scope="col">Token</th><th scope="col">Page</th>
            <th scope="col">Messages</th><th scope="col">Last message</th></tr></thead>
          <tbody>${entries.map((one) => html`<${ConversationRow} key=${one.id} one=${one} names=${names} />`)}</tbody>
        </table>`}
      <${ListFoot} pages=${pages} words=${many(entries.length, "conversation")} />
    </div>`;
}

function ConversationRow({ one, names }) {
  return html`
    <tr>
      <th scope="row"><a href=${linkTo("conversations", one.id)}><bdi>${one.title}</bdi></a>
        ${one.ownerId && html`<small class="quiet">returning visitor <code>${one.ownerId}</code></small>`}</th>
      <td data-label="Token"><a href=${linkTo("tokens", one.clientTokenId)}><bdi>${names.get(one.clientTokenId) ?? one.clientTokenId}</bdi></a></td>
      <td data-label="Page"><code>${one.origin || "none"}</code></td>
      <td data-label="Messages">${one.messageCount}</td>
      <td data-label="Last message"><${Ago} at=${one.updatedAt} /></td>
    </tr>`;
}
