"""A developer's own handler as a Lambda function of the local stack, so that it can answer as a target."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.local import access, code
from infra.local.api import InvocationFailed
from infra.local.call import ACCOUNT
from infra.local.cloud import Function
from infra.local.functions import Functions, Log

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# Longer than chat waits, which is up to five minutes.
_TIMEOUT = 310


class NotAHandler(Exception):  # noqa: N818 - an answer to the developer
    """TARGET names no file with a handler; the message says what is missing."""


class OwnHandler:
    """`file`: a module with a function `handler(event, context)`. It runs with the developer's environment, and so with
    the API keys and AWS credentials in it.
    """

    def __init__(self, file: Path, environment: Mapping[str, str], log: Log) -> None:
        """Raises NotAHandler. `environment`: as it was before the local stack took AWS's variables out of it."""
        _require_handler(file)
        self.file = file.resolve()
        self.arn = f"arn:aws:lambda:{access.REGION}:{ACCOUNT}:function:{file.stem}"
        self._name = file.stem
        libraries = [Path(one) for one in environment.get("PYTHONPATH", "").split(os.pathsep) if one]
        # What Lambda itself sets is not the developer's.
        kept = {
            name: value for name, value in environment.items() if not name.startswith(("AWS_LAMBDA_", "PYTHONPATH"))
        }
        function = Function(
            name=file.stem,
            arn=self.arn,
            handler=f"{file.stem}.handler",
            timeout=_TIMEOUT,
            memory=512,
            environment=kept,
        )
        self._functions = Functions({self._name: function}, code.own(self.file.parent, libraries), None, log)
        try:
            self._functions.version()
        except InvocationFailed as error:
            raise NotAHandler(f"TARGET={file}: {error}") from None

    def stream(self, event: dict[str, Any]) -> Iterator[bytes]:
        """The parts of the answer as they come. Take them all. Raises InvocationFailed."""
        return self._functions.stream(self._name, event)

    def stop(self) -> None:
        self._functions.stop()


def _require_handler(file: Path) -> None:
    if not file.is_file():
        raise NotAHandler(f"TARGET={file}: there is no such file.")
    if file.suffix != ".py" or not _NAME.fullmatch(file.stem):
        raise NotAHandler(
            f"TARGET={file} must be a Python file whose name is letters, digits, and _, such as handler.py."
        )
    try:
        names = compile(file.read_bytes(), str(file), "exec").co_names
    except (SyntaxError, ValueError) as error:
        raise NotAHandler(f"TARGET={file} cannot be compiled: {error}") from None
    if "handler" not in names:
        raise NotAHandler(f"TARGET={file} has no function handler(event, context).")
