"""What the template's alarms and dashboard look at, in one form: the test that emits metrics compares with it."""

import json
import re
from dataclasses import dataclass

OURS = "ClientTokens/<AWS::StackName>"


@dataclass(frozen=True)
class Metric:
    """`dimensions`: name -> value; a reference to Chat is `<Chat>`."""

    where: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def text(written):
    """With `<Chat>` in the place of a reference."""
    match written:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::Sub": template}:
            return re.sub(r"\$\{([^!}][^}]*)\}", r"<\1>", template).replace("${!", "${")
    return written


def of_type(template, kind):
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def alarms(template):
    return of_type(template, "AWS::CloudWatch::Alarm")


def slug(alarm):
    return text(alarm["AlarmName"]).removeprefix("<AWS::StackName>-")


def of_alarm(name, alarm):
    found = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one] or [alarm]
    for one in found:
        dimensions = {each["Name"]: text(each["Value"]) for each in one.get("Dimensions", ())}
        yield _metric(name, text(one["Namespace"]), one["MetricName"], dimensions)


def widgets(template):
    ((dashboard),) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return json.loads(text(dashboard["DashboardBody"]))["widgets"]


def of_widget(widget):
    """A search is a metric with the dimensions that it fixes; those that it leaves open have the value None."""
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
    """Each metric that is counted in the logs, its log group and its pattern."""
    for name, one in of_type(template, "AWS::Logs::MetricFilter").items():
        (made,) = one["MetricTransformations"]
        metric = _metric(name, text(made["MetricNamespace"]), made["MetricName"], {})
        yield metric, one["LogGroupName"]["Ref"], one["FilterPattern"]


def matches(pattern, line):
    """As CloudWatch matches `{ $.field = "value" }`; another form is an error here."""
    field, value = re.fullmatch(r'\{ \$\.(\w+) = "(\w+)" \}', pattern).groups()
    return json.loads(line).get(field) == value
