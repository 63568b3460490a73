"""The metrics that the template's alarms and dashboard use, in one form to compare with emitted ones."""

import copy
import json
import re
from dataclasses import dataclass

from infra.local import template as sam
from infra.local.subscription import FilterPattern

OURS = "ClientTokens/<AWS::StackName>"


@dataclass(frozen=True)
class Metric:
    """`dimensions`: name -> value; a reference to Chat is `<Chat>`."""

    where: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def text(written):
    """With `<Chat>` instead of a reference."""
    match written:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::Sub": template}:
            return re.sub(r"\$\{([^!}][^}]*)\}", r"<\1>", template).replace("${!", "${")
    return written


def nested(template):
    """The nested stack, with the parent's expressions and parameters instead of its own parameters."""
    stack = template["Resources"]["Watching"]
    child = sam.nested(stack)
    given = {name: stack["Properties"]["Parameters"][name] for name in child["Parameters"]}
    body = {name: part for name, part in child.items() if name != "Parameters"}
    return copy.deepcopy(_filled_in(body, given)) | {"Parameters": template["Parameters"]}


def _filled_in(written, given):
    match written:
        case {"Ref": name} if name in given:
            return given[name]
        case {"Fn::Sub": str(body)}:
            return {"Fn::Sub": re.sub(r"\$\{(\w+)\}", lambda found: _in_text(found, given), body)}
        case dict():
            return {key: _filled_in(value, given) for key, value in written.items()}
        case list():
            return [_filled_in(value, given) for value in written]
    return written


def _in_text(found, given):
    return f"${{{given[found[1]]['Ref']}}}" if found[1] in given else found[0]


def of_type(template, kind):
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def alarms(template):
    return of_type(template, "AWS::CloudWatch::Alarm")


def slug(alarm):
    return text(alarm["AlarmName"]).removeprefix("<AWS::StackName>-")


def function_names(template):
    """Logical id -> name."""
    return {name: text(one["FunctionName"]) for name, one in of_type(template, "AWS::Lambda::Function").items()}


def of_alarm(name, alarm):
    found = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one] or [alarm]
    for one in found:
        dimensions = {each["Name"]: text(each["Value"]) for each in one.get("Dimensions", ())}
        yield _metric(name, text(one["Namespace"]), one["MetricName"], dimensions)


def widgets(template):
    ((dashboard),) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return json.loads(text(dashboard["DashboardBody"]))["widgets"]


def of_widget(widget):
    """A search is a metric whose open dimensions have the value None."""
    title = widget["properties"]["title"]
    for row in widget["properties"].get("metrics", ()):
        *parts, last = row if isinstance(row[-1], dict) else [*row, {}]
        if parts:
            yield _metric(title, parts[0], parts[1], dict(zip(parts[2::2], parts[3::2], strict=True)))
        elif found := re.match(r"SEARCH\('\{([^}]*)\} (.*)', '", last["expression"]):
            namespace, *dimensions = found[1].replace('"', "").split(",")
            fixed = dict(re.findall(r'(?<!NOT )\b(\w+)="([^"]*)"', found[2]))
            name = fixed.pop("MetricName")
            yield _metric(title, namespace, name, dict.fromkeys(dimensions) | fixed)


def _metric(where, namespace, name, dimensions):
    return Metric(where, namespace, name, tuple(sorted(dimensions.items())))


def all_metrics(template):
    for name, alarm in alarms(template).items():
        yield from of_alarm(name, alarm)
    for widget in widgets(template):
        yield from of_widget(widget)


def filters(template):
    """Each metric that is counted from logs, with its log group and pattern. A dimension's value is a field's path."""
    for name, one in of_type(template, "AWS::Logs::MetricFilter").items():
        (made,) = one["MetricTransformations"]
        dimensions = {each["Key"]: each["Value"] for each in made.get("Dimensions", ())}
        metric = _metric(name, text(made["MetricNamespace"]), made["MetricName"], dimensions)
        yield metric, one["LogGroupName"]["Ref"], one["FilterPattern"]


def matches(pattern, line):
    """Matches `{ $.field = "value" }` as CloudWatch does. Other patterns are an error."""
    return FilterPattern.parse(pattern).matches(line)


def fields(pattern, line):
    """Matches `[a = "A", b, ...]` with a line as CloudWatch does: name -> word, or None without a match."""
    *wanted, last = pattern.removeprefix("[").removesuffix("]").split(", ")
    assert last == "..."
    words = line.split()
    if len(words) < len(wanted):
        return None
    found = {}
    for one, word in zip(wanted, words, strict=False):
        name, _, value = one.partition(" = ")
        if value and value != f'"{word}"':
            return None
        found[name] = word
    return found
