"""What all commands share: the options that choose a deployment, and the form of their help."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from infra.cli import errors

NAME = "client-tokens"

_STACK = "CLIENT_TOKENS_STACK"
_OPTIONS = {
    "stack": Annotated[
        str,
        typer.Option(
            envvar=_STACK,
            metavar="NAME",
            show_default=False,
            help="The CloudFormation stack, as `sam deploy` named it.",
        ),
    ],
    "region": Annotated[
        str,
        typer.Option(
            metavar="REGION", show_default=False, help="Its AWS region; by default the environment's or the profile's."
        ),
    ],
    "profile": Annotated[
        str,
        typer.Option(
            metavar="PROFILE", show_default=False, help="The profile whose AWS credentials to use, if not the default."
        ),
    ],
    "local": Annotated[
        bool, typer.Option("--local", help="Use the stack that `make run` runs on this machine instead.")
    ],
}


def group(name: str, about: str, epilog: str, **options: Any) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(
        name=name,
        help=about,
        epilog=epilog,
        no_args_is_help=True,
        # Help and errors are plain text, for any terminal, file, and page.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **({"add_completion": False} | options),
    )


def examples(*commands: str) -> str:
    """The end of a help text. Line breaks stay as they are."""
    indented = "\n".join(f"  {command}" for command in commands).replace("\\\n", "\\\n    ")
    return f"\b\nExamples:\n{indented}"


def on_deployment(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose a deployment to a command, and point the store to that deployment.

    A command that needs more information takes it as `deployment`.
    """

    @functools.wraps(command)
    def run(context: typer.Context, **arguments: Any) -> None:
        where = {name: arguments.pop(name) for name in _OPTIONS}
        _require_one_place(context, where)
        with errors.reported():
            # Late, because AWS's client takes longer to load than help and usage errors should.
            from infra.cli import stack  # noqa: PLC0415

            if where["local"]:
                deployment = stack.choose_local()
            else:
                deployment = stack.choose(where["stack"], region=where["region"], profile=where["profile"])
            command(**arguments, **({"deployment": deployment} if takes_deployment else {}))

    own = list(inspect.signature(command, eval_str=True).parameters.values())
    takes_deployment = any(one.name == "deployment" for one in own)
    parameters = [
        _parameter("context", typer.Context),
        *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own if one.name != "deployment"),
        *(_parameter(name, option, default="" if name != "local" else False) for name, option in _OPTIONS.items()),
    ]
    # Typer reads the signature.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _require_one_place(context: typer.Context, where: dict[str, Any]) -> None:
    """Fails unless the command line or the environment says which deployment is meant."""
    if not (where["stack"] or where["local"]):
        context.fail(
            f"Missing option '--stack' (env var: '{_STACK}') or '--local'. Name a stack in AWS, or use --local for the "
            "stack that `make run` runs."
        )
    named = [
        f"--{name}"
        for name in _OPTIONS
        if name != "local"
        and (source := context.get_parameter_source(name)) is not None
        and source.name == "COMMANDLINE"
    ]
    if where["local"] and named:
        context.fail(f"--local cannot be combined with {named[0]}, which is for a stack in AWS. Leave out one of them.")
