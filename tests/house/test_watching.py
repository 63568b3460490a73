"""Alarms and dashboard look at metrics that exist, tell whom they should, and are explained."""

import re

import pytest

from infra.local import template as sam
from tests import watched
from tests.house.code import ROOT
from tests.watched import OURS

# Namespace -> metrics, and the sets of dimensions under which AWS publishes them, as its documentation has it.
PUBLISHED = {
    "AWS/ApiGateway": (
        {"4XXError", "5XXError", "Count", "Latency"},
        [{"ApiName", "Stage"}, {"ApiName", "Method", "Resource", "Stage"}],
    ),
    "AWS/Lambda": ({"Duration", "Errors", "Invocations", "Throttles"}, [{"FunctionName"}]),
    "AWS/DynamoDB": (
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
        [{"TableName"}, {"GlobalSecondaryIndexName", "TableName"}],
    ),
    "AWS/Logs": ({"IncomingBytes"}, [{"LogGroupName"}]),
}
# The only one that is published by operation.
BY_OPERATION = ("AWS/DynamoDB", "SystemErrors", {"Operation", "TableName"})
ASKED_FOR = {
    "authorizer-errors", "limiter-failed-closed", "reveals", "server-errors", "signing-failures", "slow-browser",
    "slow-chat", "slow-management", "stage-throttled", "table-errors", "table-throttles", "throttled-browser",
    "throttled-management",
}  # fmt: skip
MANUAL = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def alarms(template):
    return watched.alarms(template)


@pytest.fixture(scope="module")
def metrics(template):
    return list(watched.all_metrics(template))


@pytest.fixture(scope="module")
def known(template):
    """Dimension -> the values that mean something of ours."""
    (api,) = watched.of_type(template, "AWS::ApiGateway::RestApi").values()
    (stage,) = watched.of_type(template, "AWS::ApiGateway::Stage").values()
    (table,) = watched.of_type(template, "AWS::DynamoDB::Table").values()
    # What every operation asks of AWS, as it was recorded.
    calls = (ROOT / "infra/scale/calls.json").read_text(encoding="utf-8")
    return {
        "ApiName": {watched.text(api["Name"])},
        "Stage": {watched.text(stage["StageName"])},
        "Resource": set(api["Body"]["paths"]),
        "Method": {method.upper() for path in api["Body"]["paths"].values() for method in path},
        "FunctionName": {f"<{name}>" for name in watched.of_type(template, "AWS::Lambda::Function")},
        "TableName": {"<Table>"},
        "GlobalSecondaryIndexName": {index["IndexName"] for index in table["GlobalSecondaryIndexes"]},
        "Operation": set(re.findall(r'"(\w+Items?|Query)"', calls)),
        "LogGroupName": {f"<{name}>" for name in watched.of_type(template, "AWS::Logs::LogGroup")},
    }


def test_every_alarm_that_operators_rely_on_is_there(alarms):
    assert {watched.slug(alarm) for alarm in alarms.values()} == ASKED_FOR


def test_what_aws_publishes_is_looked_up_as_aws_publishes_it(metrics, known):
    for metric in metrics:
        if metric.namespace != OURS:
            names, sets = PUBLISHED[metric.namespace]
            dimensions = {name for name, _ in metric.dimensions}
            assert (metric.name in names and dimensions in sets) or (
                (metric.namespace, metric.name, dimensions) == BY_OPERATION
            ), metric
            strange = [(name, value) for name, value in metric.dimensions if value and value not in known[name]]
            assert strange == [], metric


def test_an_alarm_over_every_function_or_every_call_leaves_none_out(alarms, functions, known):
    def over(names, dimension):
        found = [dict(one.dimensions)[dimension] for name in names for one in watched.of_alarm(name, alarms[name])]
        assert len(found) == len(set(found))
        return set(found)

    for names in (
        ("SlowManagementAlarm", "SlowBrowserAlarm", "SlowChatAlarm"),
        ("ThrottledManagementAlarm", "ThrottledBrowserAlarm"),
    ):
        assert over(names, "FunctionName") == {f"<{name}>" for name in functions}
    assert over(["TableErrorsAlarm"], "Operation") == known["Operation"]


def test_the_alarm_on_reveals_looks_at_the_route_that_reveals(functions, alarms):
    route = functions["GetClientTokenValue"]["Description"]
    for metric in watched.of_alarm("RevealsAlarm", alarms["RevealsAlarm"]):
        seen = dict(metric.dimensions)
        assert f"{seen['Method']} {seen['Resource']}" == route


def test_silence_is_no_alarm(alarms):
    """Every metric here is made by requests: without any there is none."""
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}


def test_alarms_tell_the_topic_where_there_is_one_and_when_it_is_over(source, alarms):
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in alarms.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (told, told), name
    for topic, has in (("", False), ("arn:aws:sns:us-east-1:123456789012:pager", True)):
        assert sam.holds(sam.translate(source, {"AlarmTopicArn": topic}), "HasAlarmTopic") is has


def test_cloudwatch_takes_the_expressions(alarms):
    """At most ten metrics an alarm, and one series to watch, made of all of them."""
    for name, alarm in alarms.items():
        if queries := alarm.get("Metrics"):
            metrics = {one["Id"] for one in queries if "MetricStat" in one}
            (watching,) = (one for one in queries if "Expression" in one)
            assert len(metrics) <= 10, name
            assert all(one["ReturnData"] is False for one in queries if "MetricStat" in one), name
            if "METRICS()" not in watching["Expression"]:
                assert set(re.findall(r"[a-z]\w*", watching["Expression"])) == metrics, name
            # What FILL takes for 0 may only be late: then the period before is looked at once more.
            if "FILL" in watching["Expression"]:
                assert alarm["EvaluationPeriods"] > alarm["DatapointsToAlarm"], name


class TestDashboard:
    def test_shows_every_alarm(self, template, alarms):
        shown = [one for widget in watched.widgets(template) for one in widget["properties"].get("alarms", ())]
        assert sorted(shown) == sorted(f"<{name}.Arn>" for name in alarms)

    def test_lies_on_the_grid_and_nothing_overlaps(self, template):
        taken = set()
        for one in watched.widgets(template):
            columns, rows = range(one["x"], one["x"] + one["width"]), range(one["y"], one["y"] + one["height"])
            cells = {(x, y) for x in columns for y in rows}
            assert not cells & taken, one["properties"]["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells

    def test_tells_requests_latency_refusals_sessions_messages_and_costs(self, metrics):
        seen = {(one.namespace, one.name) for one in metrics}
        assert {("AWS/ApiGateway", "Count"), ("AWS/ApiGateway", "Latency"), (OURS, "Refused")} <= seen
        for name in ("SessionsOpened", "MessagesAnswered"):
            environments = {dict(one.dimensions)["environment"] for one in metrics if one.name == name}
            assert environments == {"live", "test"}

    def test_knows_what_a_function_costs(self, template, functions):
        (cost,) = (one for one in watched.widgets(template) if "GB-seconds" in one["properties"]["title"])
        (expression,) = (row[0]["expression"] for row in cost["properties"]["metrics"] if len(row) == 1)
        (memory,) = {one["MemorySize"] for one in functions.values()}
        divisor = int(re.fullmatch(r"SUM\(METRICS\(\)\) / (\d+)", expression)[1])
        assert divisor == 1000 * 1024 / memory
        counted = {value for one in watched.of_widget(cost) for _, value in one.dimensions}
        assert counted == {f"<{name}>" for name in functions}


class TestManual:
    def test_has_a_section_for_each_alarm_with_what_to_look_at_and_what_to_do(self, alarms):
        sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", MANUAL, re.DOTALL | re.MULTILINE))
        assert sections.keys() == {watched.slug(alarm) for alarm in alarms.values()}
        for name, section in sections.items():
            assert {"**Means.**", "**Look.**", "**Do.**"} <= set(re.findall(r"\*\*\w+\.\*\*", section)), name
            assert "```" in section, name

    def test_is_where_an_alarm_sends_its_reader(self, alarms):
        for alarm in alarms.values():
            assert alarm["AlarmDescription"].split()[-1] == f"docs/operate.md#{watched.slug(alarm)}"

    def test_names_parameters_that_there_are(self, source):
        deployed = " ".join(re.findall(r"--parameter-overrides (.*)", MANUAL))
        named = re.findall(r"`([A-Z][A-Za-z]+)=[^`]*`", MANUAL) + re.findall(r"\b([A-Z][A-Za-z]+)=", deployed)
        assert len(named) > 5
        assert set(named) <= source["Parameters"].keys()
