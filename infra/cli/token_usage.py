"""How client tokens are used: the commands `tokens usage`, `refusals`, and `top`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from infra.cli import parsers
from infra.cli.command import examples, on_deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import show, with_progress
from shared.rules import tally_report
from shared.rules.client_token import ClientToken
from shared.rules.tally import Tally
from shared.rules.tally_report import Period, Report
from shared.store import client_tokens, daily_budgets, tallies, tenants
from shared.wire import usage as wire

USAGE = examples(
    "client-tokens tokens usage --tenant acme ct_01kav7t0d3p9s8x2m4n6q8r0vw",
    "client-tokens tokens usage --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw --days --json",
)
REFUSALS = examples(
    "client-tokens tokens refusals --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw",
    "client-tokens tokens refusals --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw --since 2027-01-31 --json",
)
TOP = examples(
    "client-tokens tokens top",
    "client-tokens tokens top --refused",
    "client-tokens tokens top --tenant acme --hours 24 --json",
)
_HOURS_MAX = 168
TokenId = Annotated[
    str,
    typer.Argument(
        parser=parsers.token_id, metavar="TOKEN_ID", help="The client token's id, as `tokens list` shows it."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=parsers.moment, metavar="TIME", help="From this hour on: a day, or a time with an offset."),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=parsers.moment, metavar="TIME", help="Before this hour: a day, or a time with an offset."),
]


@on_deployment
def usage(
    *,
    tenant: Tenant,
    token_id: TokenId,
    days: Annotated[bool, typer.Option("--days", help="Count by day, for the last 30, instead of by hour.")] = False,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show what visitors did with a client token.

    For each hour of the last 24, or each of the last 30 days, in UTC. Hours without a request are left out of
    the table. The figures are some seconds late.
    """
    at = datetime.now(UTC)
    token = client_tokens.get_record(tenant, token_id)
    period: Period = "day" if days else "hour"
    span = tally_report.span(period, since, until, at)
    report = tally_report.report(span, tallies.hours(token.id, span.since, span.until, at=at))
    if as_json:
        held = None if token.settings.daily_budget is None else daily_budgets.find(token.id, at)
        print(json.dumps(wire.usage(token, report, held)["usage"], indent=2))
        return
    show(
        [part for part in wire.usage(token, report, None)["usage"]["parts"] if sum(_numbers(part))],
        dict,
        {
            "START": lambda part: part["start"],
            "SESSIONS": lambda part: str(part["sessions"]),
            "MESSAGES": lambda part: str(part["messages"]),
            "REFUSED": lambda part: str(part["refused"]),
            "FAILED": lambda part: str(part["failed"]),
            "COST": lambda part: f"${part['cost']:.2f}",
        },
        as_json=False,
        if_none=f"Nobody used {token_id} in this time.",
    )


@on_deployment
def refusals(
    *, tenant: Tenant, token_id: TokenId, since: Since = None, until: Until = None, as_json: Json = False
) -> None:
    """Show which pages were refused, and why.

    Of the last 24 hours, the most frequent refusal first.
    """
    at = datetime.now(UTC)
    token = client_tokens.get_record(tenant, token_id)
    span = tally_report.span("hour", since, until, at)
    groups = tally_report.refusals(tallies.hours(token.id, span.since, span.until, at=at))
    show(
        wire.refusals(span, groups)["refusals"],
        dict,
        {
            "COUNT": lambda one: str(one["count"]),
            "CODE": lambda one: one["code"],
            "ORIGIN": lambda one: one["origin"] or "-",
            "ADMITTED": lambda one: "yes" if one["isObserved"] else "no",
            "FIRST": lambda one: one["firstAt"],
            "LAST": lambda one: one["lastAt"],
            "REQUEST ID OF THE LAST": lambda one: one["requestId"],
        },
        as_json=as_json,
        if_none=f"Nobody was refused with {token_id} in this time.",
    )


@on_deployment
def top(
    *,
    tenant: Annotated[
        str | None, typer.Option(parser=parsers.tenant, metavar="TENANT", help="Only of this tenant.")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=_HOURS_MAX, help="How many hours to look back.")] = 1,
    refused: Annotated[bool, typer.Option("--refused", help="Show the most refused first.")] = False,
    as_json: Json = False,
) -> None:
    """Show the busiest client tokens.

    Of all tenants, with each token's messages, refusals, and failures. By default, since the start of the last hour.
    """
    at = datetime.now(UTC)
    names = [tenant] if tenant else [name for name, _ in tenants.list_all()]
    tokens = (token for name in names for token in client_tokens.list_by_tenant(name))
    found = sorted(
        with_progress(_used(tokens, hours, at), "Reading tallies"),
        key=lambda one: (_refused(one) if refused else 0, _requests(one)),
        reverse=True,
    )
    show(
        found,
        _use,
        {
            "CLIENT TOKEN": lambda one: one[0].id,
            "TENANT": lambda one: one[0].tenant,
            "NAME": lambda one: one[0].settings.name,
            "MESSAGES": lambda one: str(one[1].total.messages),
            "REFUSED": lambda one: str(_refused(one)),
            "FAILED": lambda one: str(sum(one[1].total.failed.values())),
            "MOSTLY": lambda one: _most(one[1].total) or "-",
        },
        as_json=as_json,
        if_none="Nobody used a client token in this time.",
    )


def _used(tokens: Iterator[ClientToken], hours: int, at: datetime) -> Iterator[tuple[ClientToken, Report]]:
    for token in tokens:
        span = tally_report.span("hour", at - timedelta(hours=hours), None, at)
        report = tally_report.report(span, tallies.hours(token.id, span.since, span.until, at=at))
        if _requests((token, report)):
            yield token, report


def _requests(used: tuple[ClientToken, Report]) -> int:
    total = used[1].total
    answered = total.sessions + total.messages + total.repeated + total.paused
    return answered + _refused(used) + sum(total.failed.values())


def _refused(used: tuple[ClientToken, Report]) -> int:
    return sum(used[1].total.refused.values())


def _most(total: Tally) -> str | None:
    """The most frequent error code."""
    errors = {**total.refused, **total.failed}
    return max(errors, key=lambda code: errors[code], default=None)


def _use(used: tuple[ClientToken, Report]) -> dict[str, Any]:
    token, report = used
    counts = wire.usage(token, report, None)["usage"]["total"]
    return {"id": token.id, "tenant": token.tenant, "name": token.settings.name, **counts}


def _numbers(part: wire.PartOfUsage) -> list[int]:
    return [number for number in part.values() if isinstance(number, int)]
