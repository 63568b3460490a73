"""The request to explain whether a client token admits a visitor, and the response. Runtype has no such operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self, TypedDict

from pydantic import AfterValidator, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from shared.errors import Detail, InvalidRequest
from shared.rules import client_token, explanation
from shared.rules.client_token import ClientToken
from shared.rules.explanation import ExplainedCheck, Question, WantedTarget
from shared.rules.visitor import ORIGIN_LENGTH_MAX, Visitor, normal_address
from shared.wire.request_model import RequestModel
from shared.wire.token_settings import Id, UpdateClientToken

# The longest text of an IPv6 address.
_ADDRESS_MAX = 45


def _address(value: str) -> str:
    try:
        return normal_address(value)
    except ValueError:
        raise PydanticCustomError("wrong_value", "must be an IPv4 or IPv6 address") from None


Address = Annotated[str, Field(min_length=1, max_length=_ADDRESS_MAX), AfterValidator(_address)]
# The default of optional fields. They are read only if they were given.
_NOT_GIVEN: Any = None


class ExplainClientToken(RequestModel):
    """A visitor, and the flow or agent that they want. `origin`: null for a request without an Origin header."""

    origin: Annotated[str, Field(min_length=1, max_length=ORIGIN_LENGTH_MAX)] | None
    address: Address | None = _NOT_GIVEN
    flow_id: Id | None = _NOT_GIVEN
    agent_id: Id | None = _NOT_GIVEN

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Raises InvalidRequest if both a flow and an agent are named."""
        body = super().parse(values)
        if body.flow_id is not None and body.agent_id is not None:
            raise InvalidRequest.from_details(
                Detail.for_field("agent_id", "cannot be combined with flowId", "exclusive")
            )
        return body

    def visitor(self, at: datetime) -> Visitor:
        """With an empty address if the request names none."""
        return Visitor(self.origin, self.address or "", at)

    def wanted(self) -> WantedTarget | None:
        """None for the token's default."""
        if self.agent_id is not None:
            return WantedTarget(self.agent_id, is_agent=True)
        return None if self.flow_id is None else WantedTarget(self.flow_id)


class Explained(TypedDict):
    """What admission asks, and what decides it."""

    question: Question
    passes: bool | None
    code: str | None
    rule: str
    nearest: str | None
    fix: str | None
    update: dict[str, Any] | None


class ClientTokenExplained(TypedDict):
    """Whether the client token admits the visitor to a session and a first message."""

    accepted: bool
    questions: list[Explained]


def explained(token: ClientToken, checks: Sequence[ExplainedCheck], *, at: datetime) -> ClientTokenExplained:
    return {"accepted": explanation.is_accepted(checks), "questions": [_explained(token, one, at) for one in checks]}


def _explained(token: ClientToken, check: ExplainedCheck, at: datetime) -> Explained:
    fix = check.fix
    return {
        "question": check.question,
        "passes": check.passes,
        "code": check.code,
        "rule": check.rule,
        "nearest": check.nearest,
        "fix": fix.text if fix else None,
        "update": _update(token, fix.changes, at) if fix and fix.changes else None,
    }


def _update(token: ClientToken, changes: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    """The body that makes these changes. None if the token cannot be updated like that, as with too many origins."""
    body = {to_camel(name): list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
    try:
        client_token.update(token, UpdateClientToken.parse(body).changed_fields(), at=at)
    except InvalidRequest:
        return None
    return body
