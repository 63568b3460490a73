"""Alarms and dashboard use metrics that exist, notify the topic, and are explained in the operations guide."""

import re

import pytest

from infra.local import template as sam
from tests import watched
from tests.house.code import ROOT
from tests.watched import OURS

# Namespace -> metrics, and the sets of dimensions under which AWS publishes them, by its documentation.
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
    "api-server-errors", "api-throttled", "authorizer-failing", "browser-slow", "browser-throttled",
    "budget-exhausted", "budget-nearly-spent", "chat-interrupted", "chat-slow",
    "conversations-slow", "conversations-throttled", "history-slow", "history-throttled",
    "kms-signing-failures", "management-slow", "management-throttled", "rate-limit-failed-closed",
    "table-system-errors", "table-throttled", "tallies-failing", "tallies-slow", "tallies-throttled", "values-revealed",
}  # fmt: skip
REPORT = (
    "REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 91 MB\t"
)
MANUAL = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def alarms(watching):
    return watched.alarms(watching)


@pytest.fixture(scope="module")
def metrics(watching):
    return list(watched.all_metrics(watching))


@pytest.fixture(scope="module")
def known(template):
    """Dimension -> the values that name our resources."""
    (api,) = watched.of_type(template, "AWS::ApiGateway::RestApi").values()
    (stage,) = watched.of_type(template, "AWS::ApiGateway::Stage").values()
    (table,) = watched.of_type(template, "AWS::DynamoDB::Table").values()
    # The recorded AWS calls of every operation.
    calls = (ROOT / "infra/tools/scale/calls.json").read_text(encoding="utf-8")
    return {
        "ApiName": {watched.text(api["Name"])},
        "Stage": {watched.text(stage["StageName"])},
        "Resource": set(api["Body"]["paths"]),
        "Method": {method.upper() for path in api["Body"]["paths"].values() for method in path},
        "FunctionName": set(watched.function_names(template).values()),
        "TableName": {"<Table>"},
        "GlobalSecondaryIndexName": {index["IndexName"] for index in table["GlobalSecondaryIndexes"]},
        "Operation": set(re.findall(r'"(\w+Items?|Query)"', calls)),
        "LogGroupName": {f"<{name}>" for name in watched.of_type(template, "AWS::Logs::LogGroup")},
    }


def test_every_promised_alarm_exists(alarms):
    assert {watched.slug(alarm) for alarm in alarms.values()} == ASKED_FOR


def test_aws_metrics_use_the_dimensions_that_aws_publishes(metrics, known):
    for metric in metrics:
        if metric.namespace != OURS:
            names, sets = PUBLISHED[metric.namespace]
            dimensions = {name for name, _ in metric.dimensions}
            assert (metric.name in names and dimensions in sets) or (
                (metric.namespace, metric.name, dimensions) == BY_OPERATION
            ), metric
            strange = [(name, value) for name, value in metric.dimensions if value and value not in known[name]]
            assert strange == [], metric


def test_table_errors_alarm_watches_every_operation(alarms, known):
    found = [dict(one.dimensions)["Operation"] for one in watched.of_alarm("", alarms["TableSystemErrors"])]
    assert sorted(found) == sorted(known["Operation"])


def test_reveals_alarm_watches_the_reveal_route(functions, alarms):
    route = functions["GetClientTokenValue"]["Description"]
    for metric in watched.of_alarm("ValuesRevealed", alarms["ValuesRevealed"]):
        seen = dict(metric.dimensions)
        assert f"{seen['Method']} {seen['Resource']}" == route


def test_missing_data_is_not_breaching(alarms):
    """Every metric comes from requests: without requests there is no data."""
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}


def test_alarms_notify_the_topic_when_they_start_and_end(source, alarms):
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in alarms.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (told, told), name
    for topic, has in (("", False), ("arn:aws:sns:us-east-1:123456789012:pager", True)):
        child = watched.nested(sam.translate(source, {"AlarmTopicArn": topic}))
        assert sam.holds(child, "HasAlarmTopic") is has


def test_cloudwatch_accepts_the_expressions(alarms):
    """One evaluated series, computed from all metrics of the alarm."""
    for name, alarm in alarms.items():
        if queries := alarm.get("Metrics"):
            metrics = {one["Id"] for one in queries if "MetricStat" in one}
            (written,) = (watched.text(one["Expression"]) for one in queries if "Expression" in one)
            # A parameter in it becomes a number.
            expression = re.sub(r"<\w+>", "1", written)
            assert all(one["ReturnData"] is False for one in queries if "MetricStat" in one), name
            if "METRICS()" not in expression:
                assert set(re.findall(r"[a-z]\w*", expression)) == metrics, name
            # Data that FILL replaces with 0 may only be late, so the previous period is evaluated again.
            if "FILL" in expression:
                assert alarm["EvaluationPeriods"] > alarm["DatapointsToAlarm"], name


class TestDashboard:
    def test_shows_every_alarm(self, watching, alarms):
        shown = [one for widget in watched.widgets(watching) for one in widget["properties"].get("alarms", ())]
        assert sorted(shown) == sorted(f"<{name}.Arn>" for name in alarms)

    def test_widgets_are_on_the_grid_without_overlap(self, watching):
        taken = set()
        for one in watched.widgets(watching):
            columns, rows = range(one["x"], one["x"] + one["width"]), range(one["y"], one["y"] + one["height"])
            cells = {(x, y) for x in columns for y in rows}
            assert not cells & taken, one["properties"]["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells

    def test_dashboard_shows_requests_latency_errors_and_costs(self, metrics):
        seen = {(one.namespace, one.name) for one in metrics}
        assert {("AWS/ApiGateway", "Count"), ("AWS/ApiGateway", "Latency"), (OURS, "RequestsRefused")} <= seen
        for name in ("SessionsOpened", "MessagesAnswered", "BudgetsNearlySpent", "BudgetsExhausted"):
            environments = {dict(one.dimensions)["environment"] for one in metrics if one.name == name}
            assert environments == {"live", "test"}

    def test_names_the_busiest_and_most_refused_client_tokens(self, watching):
        (table,) = (one["properties"] for one in watched.widgets(watching) if one["type"] == "log")
        source, _, query = table["query"].partition(" | ")
        assert (source, table["region"], table["view"]) == ("SOURCE '<FunctionLogs>'", "<AWS::Region>", "table")
        assert "count(*) as requests, count(code) as refused by tenant, token_id" in query

    def test_shows_the_cost_of_functions(self, watching, functions):
        (cost,) = (one for one in watched.widgets(watching) if "GB-seconds" in one["properties"]["title"])
        (expression,) = (row[0]["expression"] for row in cost["properties"]["metrics"] if len(row) == 1)
        (memory,) = {one["MemorySize"] for one in functions.values()}
        divisor = int(re.fullmatch(r"billed / (\d+)", expression)[1])
        assert divisor == 1000 * 1024 / memory
        (billed,) = watched.of_widget(cost)
        assert (billed.namespace, billed.name, billed.dimensions) == (OURS, "BilledDuration", ())

    def test_shows_every_function_that_signs(self, watching, functions):
        (cost,) = (one for one in watched.widgets(watching) if "KMS" in one["properties"]["title"])
        counted = {value for one in watched.of_widget(cost) for _, value in one.dimensions}
        signs = [one for one in functions.values() if "SIGNING_KEY_ARN" in one["Environment"]["Variables"]]
        assert counted == {watched.text(one["FunctionName"]) for one in signs}


class TestBilledDuration:
    @pytest.fixture
    def pattern(self, watching):
        _, group, pattern = next(one for one in watched.filters(watching) if one[0].name == "BilledDuration")
        assert group == "FunctionLogs"
        return pattern

    @pytest.mark.parametrize("more", ["", "Init Duration: 210.00 ms\t", "XRAY TraceId: 1-58\tSegmentId: 6f\t"])
    def test_is_read_from_each_lambda_report_line(self, watching, pattern, more):
        (made,) = watched.of_type(watching, "AWS::Logs::MetricFilter")["BilledDuration"]["MetricTransformations"]
        found = watched.fields(pattern, REPORT + more)
        assert found[made["MetricValue"].removeprefix("$")] == "13"

    @pytest.mark.parametrize(
        "line",
        [
            "START RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3 Version: 3",
            "RESTORE_REPORT Restore Duration: 300.00 ms",
            '{"message": "answered", "operation": "chat", "milliseconds": 13, "status": 200, "a": 1, "b": 2}',
        ],
    )
    def test_is_read_from_no_other_line(self, pattern, line):
        assert watched.fields(pattern, line) is None


class TestManual:
    def test_manual_has_a_runbook_for_each_alarm(self, alarms):
        sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", MANUAL, re.DOTALL | re.MULTILINE))
        assert sections.keys() == {watched.slug(alarm) for alarm in alarms.values()}
        for name, section in sections.items():
            parts = set(re.findall(r"\*\*(\w+)\.\*\*", section))
            assert parts >= {"Meaning", "Investigate", "Action"}, name
            assert "```" in section, name

    def test_alarm_links_to_its_runbook(self, alarms):
        for alarm in alarms.values():
            assert alarm["AlarmDescription"].split()[-1] == f"docs/operate.md#{watched.slug(alarm)}"

    def test_names_existing_parameters(self, source):
        deployed = " ".join(re.findall(r"--parameter-overrides (.*)", MANUAL))
        named = re.findall(r"`([A-Z][A-Za-z]+)=[^`]*`", MANUAL) + re.findall(r"\b([A-Z][A-Za-z]+)=", deployed)
        assert len(named) > 5
        assert set(named) <= source["Parameters"].keys()
