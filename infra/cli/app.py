"""All commands, by noun."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from infra.cli import audit, conversations, doctor, feedback, keys, targets, tenants, tokens, visitors
from infra.cli.command import NAME, examples, group

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"

app = group(
    NAME,
    "Manage what the API does not: API keys and targets, revoking tenants, and exporting conversations.",
    examples(
        "export CLIENT_TOKENS_STACK=client-tokens",
        "client-tokens keys create --tenant acme --name CI",
        "client-tokens targets register --tenant acme flow_support --kind echo",
    )
    + "\n\nExit status: 0 for success, 1 for failure, 2 for a command that is not valid.",
    add_completion=True,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - the form of Typer's callbacks
    if asked:
        typer.echo(f"{NAME} {_version()}")
        raise typer.Exit


def _version() -> str:
    """In a checkout, the source decides: the metadata of an editable install is as old as the installation."""
    if not _PROJECT.is_file():
        return importlib.metadata.version(NAME)
    version: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return version


@app.callback()
def _options(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del show_version


for noun in (keys, targets, tokens, tenants, conversations, feedback, visitors):
    app.add_typer(noun.app)
app.command(epilog=audit.EPILOG)(audit.audit)
app.command(epilog=doctor.EPILOG)(doctor.doctor)
