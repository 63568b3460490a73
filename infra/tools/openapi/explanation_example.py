"""The example of an explanation."""

from __future__ import annotations

from infra.tools.openapi import examples
from shared.rules.explanation import ExplainedCheck, admit_origin
from shared.wire import explanation

ANSWER = explanation.explained(
    examples.TOKEN,
    [
        ExplainedCheck(question="token_active", passes=True, rule="The token is switched on."),
        ExplainedCheck(
            question="origin_allowed",
            passes=False,
            code="origin_not_allowed",
            rule="http://app.example.com is not among the token's allowed origins.",
            nearest=examples.ORIGIN,
            fix=admit_origin("http://app.example.com", examples.TOKEN.settings),
        ),
        ExplainedCheck(question="message_rate", passes=None, rule="Rates are per address, and none was given."),
    ],
    at=examples.LATER,
)
