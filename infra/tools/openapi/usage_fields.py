"""Descriptions of the fields of a client token's usage and refusals."""

from __future__ import annotations

_ANSWERED = "Messages that the target answered."
# A field's name, or Schema.field if the name means something else there.
MEANINGS = {
    "period": "How long a part is: hour or day, in UTC.",
    "since": "The start. It is rounded down to a whole hour or day in UTC.",
    "until": "The end, which is not included. It is rounded up to a whole hour or day in UTC.",
    "parts": "Each hour or day, the oldest first. Those without a request are included.",
    "start": "When the hour or day begins.",
    "sessions": "Sessions that were opened.",
    "Counts.messages": _ANSWERED,
    "PartOfUsage.messages": _ANSWERED,
    "repeated": "Messages that were sent again and answered from what was stored.",
    "paused": "How often an answer waited for a tool of the page.",
    "refused": "Requests that were refused: by origin, by a limit, or for what they said.",
    "failed": "Requests that the service or the target failed to answer, also in the middle of an answer.",
    "observed": "Requests that were admitted while the token observes, and would have been refused.",
    "inputTokens": "Tokens that models read, as targets report them.",
    "outputTokens": "Tokens that models wrote, as targets report them.",
    "cost": "Dollars, at the prices that are registered for the targets. Answers of targets without prices count as 0.",
    "Usage.refused": "The refused requests of the whole span by error code, the most frequent first.",
    "Usage.failed": "The failed requests of the whole span by error code, the most frequent first.",
    "Usage.observed": "The observed requests of the whole span by error code, the most frequent first.",
    "CodeCount.code": "The error code. `other` stands for codes that were too many to list.",
    "CodeCount.count": "How many requests had this code.",
    "TimesUpTo.count": "How many answers took this long.",
    "Refusal.count": "How many requests were refused so.",
    "p50": "Milliseconds that half of the answers do not exceed: a bound of the histogram. Null without answers.",
    "p95": "The same for 95% of the answers. The last bound also stands for longer ones.",
    "histogram": "How many answers took how long.",
    "TimesUpTo.milliseconds": "They took at most this, and longer than the bound before. Null: longer than the last.",
    "refusals": "The most frequent first.",
    "Refusal.code": "The error code.",
    "Refusal.origin": (
        "The page's origin. Null without one; `malformed` for a header that is no origin; `other` for origins that "
        "were too many to list."
    ),
    "isObserved": "Whether it was admitted because the token observes, and would have been refused.",
    "firstAt": "When it happened first.",
    "lastAt": "When it happened last.",
    "Refusal.requestId": "Identifies the last of these requests in the logs.",
    "Usage.dailyBudget": "Dollars that the token's targets may cost per day (UTC). Null: no limit.",
    "Usage.spentToday": "Dollars of dailyBudget that are spent or reserved today. Null without a budget.",
}
