"""Explains whether a client token admits a visitor: the command `tokens explain`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.cli import parsers
from infra.cli.command import examples, on_deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import say, show
from infra.cli.token_usage import TokenId
from shared.errors import InvalidRequest
from shared.rules.explanation import WantedTarget
from shared.rules.visitor import Visitor
from shared.store import client_tokens
from shared.wire import explanation as responses

EXPLAIN = examples(
    "client-tokens tokens explain --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw --origin https://app.example.com",
    "client-tokens tokens explain --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw --address 203.0.113.7 --json",
)
_PASSES = {True: "yes", False: "no", None: "-"}


@on_deployment
def explain(
    *,
    tenant: Tenant,
    token_id: TokenId,
    origin: Annotated[
        str | None,
        typer.Option(
            parser=parsers.origin_header,
            metavar="ORIGIN",
            help="The Origin header of the page. Without it: a request that has none.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(parser=parsers.address, metavar="IP", help="The visitor's address, to ask about rates."),
    ] = None,
    flow: Annotated[
        str | None,
        typer.Option(
            parser=parsers.target_id, metavar="FLOW_ID", help="The flow that the page names, if not the default."
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(parser=parsers.target_id, metavar="AGENT_ID", help="The agent that the page names instead."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain whether a client token admits a visitor.

    Goes through what admission checks before a session and a first message, in order: what decides each question, and
    how to fix what fails. Nothing is counted or changed.
    """
    # It logs, and its logger loads botocore, which help does not wait for.
    from shared.admission import explanation  # noqa: PLC0415

    if flow and agent:
        raise InvalidRequest("Name a flow or an agent, not both.")
    at = datetime.now(UTC)
    token = client_tokens.get_record(tenant, token_id)
    wanted = WantedTarget(agent, is_agent=True) if agent else WantedTarget(flow) if flow else None
    checks = explanation.explain(token, Visitor(origin, address or "", at), wanted)
    answer = responses.explained(token, checks, at=at)
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    show(
        answer["questions"],
        dict,
        {
            "QUESTION": lambda one: one["question"],
            "PASSES": lambda one: _PASSES[one["passes"]],
            "RULE": lambda one: one["rule"],
            "NEAREST": lambda one: one["nearest"] or "-",
            "FIX": lambda one: one["fix"] or "-",
        },
        as_json=False,
        if_none="",
    )
    say("The visitor is admitted." if answer["accepted"] else "The visitor is refused.")
