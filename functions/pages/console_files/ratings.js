// How visitors rated conversations: the figures, and each rating with its comment.

import { html } from "./elements.js";
import { ask } from "./api.js";
import { Ago, many, number } from "./format.js";
import { ListFoot } from "./list_foot.js";
import { Panel } from "./panel.js";
import { Problem } from "./problem.js";
import { linkTo } from "./router.js";
import { useAnswer } from "./use_answer.js";
import { usePages } from "./use_pages.js";

const RATINGS_AT_ONCE = 10;
const RATING_WORDS = { upvote: ["good", "thumbs up"], downvote: ["bad", "thumbs down"], copy: ["quiet", "copied"] };

export function Ratings() {
  const asked = useAnswer((signal) => ask("GET", "/v1/feedback/stats", { signal }), []);
  return html`<${Panel} title="Ratings" asked=${asked}>${({ stats }) => html`
    <dl class="figures">${figuresOf(stats).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${stats.total > 0 && html`<${RatingList} />`}`}</>`;
}

function figuresOf({ upvotes, downvotes, csat, nps }) {
  return [
    ["Thumbs up", number(upvotes)],
    ["Thumbs down", number(downvotes)],
    [`Satisfaction, out of 5 (${many(csat.count, "rating")})`, csat.count ? number(csat.average) : "–"],
    [`Net promoter score (${many(nps.count, "rating")})`, nps.count ? number(nps.score) : "–"],
  ];
}

function RatingList() {
  const pages = usePages(async (query) => {
    const { body } = await ask("GET", "/v1/feedback", { query });
    return { entries: body.feedback, pagination: body.pagination };
  }, RATINGS_AT_ONCE);
  return html`
    <ul class="ratings">${pages.entries.map((one) => html`
      <li key=${one.id}><${Rating} one=${one} /> <a href=${linkTo("conversations", one.recordId)}>Read the conversation</a> <${Ago} at=${one.createdAt} /></li>`)}
    </ul>
    <${Problem} problem=${pages.problem} retry=${() => pages.more()} />
    <${ListFoot} pages=${pages} words=${`The newest ${number(pages.entries.length)}`} />`;
}

/** One rating of a visitor, with the comment. */
export function Rating({ one }) {
  const [kind, words] = RATING_WORDS[one.feedbackType] ?? ["quiet", `${one.feedbackType} ${one.rating}`];
  return html`<span class=${`badge ${kind}`}>${words}</span> ${one.comment && html`<q dir="auto">${one.comment}</q>`}`;
}
