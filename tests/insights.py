"""A small CloudWatch Logs Insights: which lines a query's filters keep, and which fields it shows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"[^"]*"|/[^/]*/|@?\w+|[<>=!]+|[()\[\],]')
_KEYWORDS = {"and", "in", "ispresent", "like", "not", "or"}
_FUNCTIONS = {"bin", "count", "pct", "sum"}
# Compares as unequal to everything, and as neither more nor less.
_MISSING = float("nan")


@dataclass(frozen=True)
class Query:
    """`fields`: those that it filters by or shows. An unknown word in a query is an error."""

    text: str
    filters: tuple[str, ...]
    fields: frozenset[str]

    def keeps(self, line):
        return all(_holds(one, line) for one in self.filters)


def parse(text):
    filters, fields, made = [], set(), set()
    for command in re.split(r"\s*\|\s*", text.strip()):
        verb, _, rest = command.partition(" ")
        made |= set(re.findall(r" as (\w+)", rest))
        plain = re.sub(r'"[^"]*"|/[^/]*/|\b\d\w*| as \w+', "", rest)
        names = set(re.findall(r"@?\w+", plain)) - _KEYWORDS - _FUNCTIONS
        match verb:
            case "filter":
                filters.append(rest)
            case "fields":
                pass
            case "stats":
                names -= {"by"}
            case "sort":
                names -= {"asc", "desc"} | made
            case "limit":
                continue
            case _:
                raise NotImplementedError(command)
        fields |= {name for name in names if not name.startswith("@")}
    return Query(text, tuple(filters), frozenset(fields))


def _holds(condition, line):
    """Whether a filter keeps a line. The filter is translated to Python."""
    written = []
    for token in _TOKEN.findall(condition):
        if token.startswith("/"):
            field = written.pop()
            written.append(f"bool(re.search({token[1:-1]!r}, str({field})))")
        elif token == "=":
            written.append("==")
        elif token[0].isalpha() and token not in _KEYWORDS:
            written.append(f"line.get({token!r}, missing)")
        elif token != "like":
            written.append(token)
    names = {"line": line, "missing": _MISSING, "re": re, "ispresent": lambda value: value is not _MISSING}
    return eval(" ".join(written), names)  # noqa: S307 - of a query in our own manual
