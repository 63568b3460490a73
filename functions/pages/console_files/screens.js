// Which screen an address shows.

import { html } from "./elements.js";
import { ConversationScreen } from "./conversation.js";
import { Conversations } from "./conversations.js";
import { NewToken } from "./new_token.js";
import { Screen } from "./screen.js";
import { TokenScreen } from "./token_screen.js";
import { Tokens } from "./tokens.js";

export function CurrentScreen({ route }) {
  const [first = "tokens", second, third] = route.path;
  if (first === "tokens" && second === "new") return html`<${NewToken} />`;
  if (first === "tokens" && second) return html`<${TokenScreen} id=${second} tab=${third ?? "activity"} route=${route} />`;
  if (first === "tokens") return html`<${Tokens} />`;
  if (first === "conversations" && second) return html`<${ConversationScreen} id=${second} />`;
  if (first === "conversations") return html`<${Conversations} query=${route.query} />`;
  return html`<${Screen} title="There is no such page"><p>The address names no page of the console. <a href="#/tokens">Go to your tokens.</a></p></>`;
}
