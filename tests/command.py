"""The command `client-tokens` as pip makes it from pyproject.toml, for this Python and without an installation."""

import sys
import tomllib

from infra.local.template import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_MODULE, _, _FUNCTION = _PROJECT["scripts"]["client-tokens"].partition(":")
CLIENT_TOKENS = [sys.executable, "-c", f"import sys; from {_MODULE} import {_FUNCTION}; sys.exit({_FUNCTION}())"]
