"""Options and arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli import parsers

Tenant = Annotated[
    str,
    typer.Option(
        parser=parsers.tenant,
        envvar="CLIENT_TOKENS_TENANT",
        metavar="TENANT",
        help="The tenant: any name you choose, or a Clerk organization's id.",
    ),
]
TargetId = Annotated[
    str,
    typer.Argument(parser=parsers.target_id, metavar="ID", help="The id of the flow or agent, as tokens name it."),
]
TokenId = Annotated[
    str | None,
    typer.Option(parser=parsers.token_id, metavar="TOKEN_ID", help="Only of this client token."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation: for scripts, which have no terminal.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
