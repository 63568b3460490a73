"""One run of `doctor`: what it knows so far, and the results of its checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployment import Deployment
from infra.cli.doctor_client import Answer, Api, NoAnswer
from infra.cli.doctor_trial import Trial
from infra.cli.errors import sentence
from shared.aws.client import AwsError
from shared.errors import ApiError

ORIGIN = "https://doctor.example"
_CHAT_TIMEOUT = 29
# For everything but the answer of a target.
_TOTAL_SECONDS = 120
Status = Literal["passed", "failed", "skipped"]


class Failed(Exception):  # noqa: N818 - a result
    """The check has failed. The message says what was found."""


@dataclass(frozen=True, slots=True)
class Result:
    """`advice`: what to do about it, empty unless it has failed."""

    name: str
    status: Status
    found: str
    advice: str = ""


@dataclass(slots=True)
class Examination:
    """One run. `value`: of the client token, once there is one; `session_id`: likewise."""

    deployment: Deployment
    trial: Trial
    api: Api
    value: str = field(default="", repr=False)
    token_id: str = ""
    session_id: str = ""

    @classmethod
    def of(cls, deployment: Deployment, trial: Trial) -> Examination:
        seconds = _TOTAL_SECONDS + answer_seconds(deployment)
        return cls(deployment, trial, Api(deployment.url, time.monotonic() + seconds))

    def as_owner(self) -> dict[str, str]:
        return bearer(self.trial.key_value)

    def init(self, value: str, origin: str = ORIGIN) -> Answer:
        """A page that opens a session."""
        return self.api.ask("POST", "/v1/client/init", {"token": value}, headers={"Origin": origin})


@dataclass(frozen=True, slots=True)
class Check:
    """`run` returns what it has found, or raises one of _FAILURES. `needs`: checks that must not have failed."""

    name: str
    run: Callable[[Examination], str]
    advice: str
    needs: tuple[str, ...] = ()


_ANOTHER_FORM = (LookupError, TypeError, ValueError, RecursionError)
_FAILURES = (Failed, NoAnswer, ApiError, AwsError, BotoCoreError, ClientError, *_ANOTHER_FORM)


def _found(error: Exception) -> str:
    match error:
        case Failed() | NoAnswer():
            return str(error)
        case ApiError() | AwsError() | BotoCoreError() | ClientError():
            return sentence(error)
    return "The answer does not have the expected form."


def results(examination: Examination, checks: Sequence[Check]) -> Iterator[Result]:
    """Of each check, as it ends. A check is skipped if one has failed that it needs."""
    failed: set[str] = set()
    for check in checks:
        if missing := [name for name in check.needs if name in failed]:
            failed.add(check.name)
            yield Result(check.name, "skipped", f"It needs: {', '.join(missing)}.")
            continue
        try:
            yield Result(check.name, "passed", check.run(examination))
        except _FAILURES as error:
            failed.add(check.name)
            yield Result(check.name, "failed", _found(error), check.advice)


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def answer_seconds(deployment: Deployment) -> int:
    # A stack that was deployed before the parameter existed does not have it.
    return int(deployment.parameters.get("ChatTimeout", _CHAT_TIMEOUT))
