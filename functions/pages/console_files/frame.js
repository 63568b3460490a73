// What surrounds every screen: the navigation, and the way out.

import { html } from "./elements.js";
import { linkTo } from "./router.js";

const PLACES = [["tokens", "Tokens"], ["conversations", "Conversations"]];

export function Frame({ route, signOut, children }) {
  const here = route.path[0] ?? "tokens";
  return html`
    <header class="bar">
      <nav aria-label="Main">
        <ul>
          <li class="brand"><strong>Client tokens</strong></li>
          ${PLACES.map(([place, name]) => html`
            <li><a href=${linkTo(place)} aria-current=${place === here ? "page" : undefined}>${name}</a></li>`)}
        </ul>
        <ul><li><button type="button" class="plain" onClick=${signOut}>Sign out</button></li></ul>
      </nav>
    </header>
    ${children}`;
}
