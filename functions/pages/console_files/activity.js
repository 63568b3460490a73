// What happens with a token: its usage, what was refused, and what would happen to a visitor.

import { html } from "./elements.js";
import { Explain } from "./explain.js";
import { Refusals } from "./refusals.js";
import { Usage } from "./usage.js";

export function Activity({ asked }) {
  const { clientToken: token } = asked.answer.body;
  return html`
    <${Usage} token=${token} />
    <${Refusals} asked=${asked} />
    <${Explain} asked=${asked} />`;
}
