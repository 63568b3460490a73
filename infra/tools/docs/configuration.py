"""docs/configuration.md: the parameters of template.yaml, in the groups and the order of the AWS console."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from infra.local import template

_INTRODUCTION = """\
# Configuration

Every parameter of a deployment. `make docs` generates this page from `template.yaml`.

Set parameters in `samconfig.toml`, in the `parameter_overrides` of your environment, or in a file
of your own ([Deploy](deploy.md#your-own-parameters)):

```toml
parameter_overrides = ["ConversationRetentionDays=30", 'ClerkIssuer="https://clerk.example.com"']
```

A parameter that you do not name keeps the value of the last deployment. To go back to a default,
write the default; an empty one is `'ClerkIssuer=""'`.
"""
_HEAD = """\
| parameter | default | values | what it does |
| --- | --- | --- | --- |"""
_RULES = """\
## Parameters that depend on each other

A deployment that breaks one of these rules fails before it changes anything.
"""
_ERROR_CODE = r"[a-z]+(?:_[a-z]+)+"


def render() -> str:
    """The whole page."""
    source = template.read()
    parameters, rules = source["Parameters"], source["Rules"].values()
    interface = source["Metadata"]["AWS::CloudFormation::Interface"]
    # Firewall and Tracing are also English words, so they are not marked as code.
    names = [name for name in [*parameters, *source["Outputs"]] if re.search("[a-z][A-Z]", name)]
    page = [_INTRODUCTION]
    for group in interface["ParameterGroups"]:
        rows = [_row(name, interface["ParameterLabels"][name], parameters[name], names) for name in group["Parameters"]]
        page += [f"## {group['Label']['default']}\n", _HEAD, *rows, ""]
    asserted = [_bullet(_prose(each["AssertDescription"], names)) for rule in rules for each in rule["Assertions"]]
    return "\n".join([*page, _RULES, *asserted, ""])


def _row(name: str, label: Mapping[str, str], parameter: Mapping[str, Any], names: list[str]) -> str:
    cells = (
        f"`{name}`<br>{_prose(label['default'], names)}",
        _value(parameter["Default"]),
        _values(parameter, names),
        _prose(parameter["Description"], names),
    )
    return f"| {' | '.join(cells)} |"


def _bullet(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _value(value: Any) -> str:
    return f"`{value}`" if str(value) else "empty"


def _values(parameter: Mapping[str, Any], names: list[str]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(map(_value, parameter["AllowedValues"]))
    return _prose(parameter["ConstraintDescription"].removeprefix("must be "), names)


def _prose(text: str, names: list[str]) -> str:
    """As a cell of a table: no character is markup, names and error codes are code, and other pages are links."""
    escaped = re.sub(r"[|*<>\\]", r"\\\g<0>", text.strip())
    linked = re.sub(r"docs/([\w-]+\.md)", r"[\1](\1)", escaped)
    return re.sub(rf"\b(?:{'|'.join(names)}|{_ERROR_CODE})\b", r"`\g<0>`", linked)
