// The first screen: the tenant's client tokens, newest first, page by page.

import { html, useEffect, useState } from "./elements.js";
import { ask } from "./api.js";
import { Ago, many, number } from "./format.js";
import { ListFoot } from "./list_foot.js";
import { Problem } from "./problem.js";
import { RecentUsage } from "./recent_usage.js";
import { linkTo } from "./router.js";
import { Screen } from "./screen.js";
import { TokenStatus } from "./token_status.js";
import { usePages } from "./use_pages.js";

const SHOWN_AT_ONCE = 25;
// A search reads all pages, large ones, because the API finds a token only by its id.
const SEARCHED_AT_ONCE = 200;

async function tokenPage(query) {
  const { body } = await ask("GET", "/v1/client-tokens", { query });
  return { entries: body.clientTokens, pagination: body.pagination };
}

export function Tokens() {
  const pages = usePages(tokenPage, SHOWN_AT_ONCE);
  const [search, setSearch] = useState("");
  const { entries, hasMore, isLoading, problem, more } = pages;
  const isSearching = search.trim() !== "";
  useEffect(() => {
    if (isSearching && hasMore && !isLoading && !problem) more(SEARCHED_AT_ONCE);
  }, [isSearching, entries, isLoading]);

  const found = isSearching ? entries.filter((token) => isFound(token, search)) : entries;
  return html`
    <${Screen} title="Tokens" lead="Each is a credential for your pages. Open one to see its usage and what was refused."
      actions=${html`<a role="button" href=${linkTo("tokens", "new")}>New token</a>`}>
      <section class="panel" aria-label="Tokens" aria-busy=${isLoading ? "true" : "false"}>
        <input type="search" class="search" aria-label="Search by name, id, or origin" placeholder="Search by name, id, or origin"
          value=${search} onInput=${(event) => setSearch(event.target.value)} />
        <${Problem} problem=${problem} retry=${problem?.scope ? undefined : () => more()} />
        ${found.length > 0 && html`<${TokenTable} tokens=${found} />`}
        <${ListFoot} pages=${pages} words=${summary(pages, found, isSearching)} canGrow=${!isSearching} />
      </section>
    </>`;
}

function isFound(token, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [token.name, token.id, token.tokenHint, token.environment, ...token.allowedOrigins, ...token.flowIds, ...token.agentIds]
    .join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function summary({ entries, hasMore }, found, isSearching) {
  if (isSearching) return `${many(found.length, "token")} found`;
  if (!entries.length && !hasMore) return "You have no tokens yet. Create the first one.";
  return hasMore ? `The newest ${number(entries.length)}` : many(entries.length, "token");
}

function TokenTable({ tokens }) {
  return html`
    <table>
      <thead><tr>
        <th scope="col">Name</th><th scope="col">Status</th><th scope="col">Messages in 24 hours</th>
        <th scope="col" class="wide">Conversations</th><th scope="col" class="wide">Last used</th>
      </tr></thead>
      <tbody>${tokens.map((token) => html`<${TokenRow} key=${token.id} token=${token} />`)}</tbody>
    </table>`;
}

function TokenRow({ token }) {
  return html`
    <tr>
      <th scope="row">
        <a href=${linkTo("tokens", token.id)}><bdi>${token.name}</bdi></a>
        <small class="quiet">${token.environment}, ends in ${token.tokenHint}</small>
      </th>
      <td><${TokenStatus} token=${token} /></td>
      <td><${RecentUsage} id=${token.id} /></td>
      <td class="wide">${number(token.conversationCount)}</td>
      <td class="wide">${token.lastUsedAt ? html`<${Ago} at=${token.lastUsedAt} />` : "never"}</td>
    </tr>`;
}
