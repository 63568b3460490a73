"""docs/cli.md: the help of every command of `client-tokens`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from infra.cli.app import app
from infra.cli.command import NAME

_INTRODUCTION = """\
# Command line

`client-tokens` manages what the API does not: API keys and targets, revoking tenants, and exporting
conversations. `make docs` generates this page from the command line's own help.

`make install` installs it as `.venv/bin/client-tokens`. To call it by its name, put it on your
`PATH`. Name the stack and the tenant once, in the environment:

```sh
export PATH="$PWD/.venv/bin:$PATH"
export CLIENT_TOKENS_STACK=client-tokens CLIENT_TOKENS_TENANT=acme
```

`client-tokens --install-completion` completes commands and options in your shell.

Standard output has only the result: a value, a table with one line per entry, or JSON (`--json`).
Everything else goes to standard error. Commands that revoke, remove, replace, or delete something
show it and ask first. Scripts pass `--yes`; `--dry-run` only shows what would change.
[Operate](operate.md#what-operators-may-do) lists the permissions that your IAM identity needs.

It connects to DynamoDB directly, without the proxy in `HTTPS_PROXY`, and `AWS_CA_BUNDLE` does not
apply there: name another certificate authority in `SSL_CERT_FILE`. Where only a proxy leads to AWS,
use AWS CloudShell.
"""
_WIDTH = 80


def render() -> str:
    """The whole page."""
    sections = [_section(path, help_text) for path, help_text in _commands(get_command(app), [NAME], None)]
    return "\n".join([_INTRODUCTION, *sections])


def _commands(command: Any, path: list[str], parent: Any) -> Iterator[tuple[list[str], str]]:
    """Each command with its help, a group before the commands below it."""
    # A width of its own, so that the page does not depend on the terminal.
    context = command.context_class(
        command, info_name=path[-1], parent=parent, terminal_width=_WIDTH, **command.context_settings
    )
    yield path, command.get_help(context)
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(below, [*path, name], context)


def _section(path: list[str], help_text: str) -> str:
    level = "##" if len(path) <= len((NAME, "noun")) else "###"
    # Typer ends some lines with spaces.
    text = re.sub(r" +$", "", help_text, flags=re.MULTILINE).strip()
    return f"{level} `{' '.join(path)}`\n\n```text\n{text}\n```\n"
