"""The command `client-tokens` as pip would create it from pyproject.toml, without an installation."""

import sys
import tomllib

from infra.local.template import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_MODULE, _, _FUNCTION = _PROJECT["scripts"]["client-tokens"].partition(":")
CLIENT_TOKENS = [sys.executable, "-c", f"import sys; from {_MODULE} import {_FUNCTION}; sys.exit({_FUNCTION}())"]
