"""Alarms fire when operators expect it: each is evaluated with samples as AWS would measure them."""

import itertools
import re

import pytest

from infra.local import openapi
from infra.local import template as sam
from infra.local.routes import Function
from tests import insights, watched
from tests.cloudwatch import evaluate, is_ringing
from tests.watched import OURS

# In minutes. Only the samples of a case exist.
NOW = 1000
STAGE = {"ApiName": "<AWS::StackName>", "Stage": "<StageName>"}
REVEAL = STAGE | {"Method": "GET", "Resource": "/v1/client-tokens/{id}/token"}
MANAGEMENT = [
    "authorize", "console-page", "create-client-token", "delete-client-token", "get-client-token",
    "get-client-token-value", "list-client-tokens", "list-client-token-conversations", "regenerate-client-token",
    "update-client-token",
]  # fmt: skip
BROWSER = ["chat", "resume-execution", "init-session", "leave-feedback"]
HISTORY = [
    "cancel-execution", "delete-visitor-conversation", "delete-visitor-conversations", "get-visitor-conversation",
    "list-visitor-conversations", "reset-visitor", "update-display-projections",
]  # fmt: skip
CONVERSATIONS = [
    "delete-conversation", "delete-feedback", "get-conversation", "get-feedback", "get-feedback-statistics",
    "list-conversations", "list-feedback",
]  # fmt: skip
TALLIES = [
    "check-client-token", "explain-client-token", "get-client-token-usage", "list-audit-records",
    "list-client-token-refusals", "list-targets", "tally",
]  # fmt: skip
INDEXES = [{"TableName": "<Table>", "GlobalSecondaryIndexName": name} for name in ("listing", "visitors")]


def metric(namespace, name, **dimensions):
    return namespace, name, tuple(sorted(dimensions.items()))


def of_function(name, function):
    return metric("AWS/Lambda", name, FunctionName=f"<AWS::StackName>-{function}")


ERRORS = metric("AWS/ApiGateway", "5XXError", **STAGE)
REQUESTS = metric("AWS/ApiGateway", "Count", **STAGE)
REVEALS = metric("AWS/ApiGateway", "Count", **REVEAL)
REVEALS_REFUSED = metric("AWS/ApiGateway", "4XXError", **REVEAL)
REVEALS_FAILED = metric("AWS/ApiGateway", "5XXError", **REVEAL)


def ago(minutes, values):
    """Samples of one minute, which lies `minutes` back."""
    return {NOW - minutes: values}


def each_period(count, values):
    """The same samples in each of the last `count` periods of five minutes."""
    return {NOW - 5 * (number + 1): values for number in range(count)}


def errors(failed, requests):
    return {ERRORS: ago(3, [1] * failed + [0] * (requests - failed)), REQUESTS: ago(3, [1] * requests)}


def reveals(asked, refused=0, failed=0, *, minutes=30):
    counted = {REVEALS: asked, REVEALS_REFUSED: refused, REVEALS_FAILED: failed}
    return {one: ago(minutes, [1] * count + [0] * (asked - count)) for one, count in counted.items()}


def split_between(one, other, values, others):
    return {one: ago(3, values), other: ago(3, others)}


THROTTLES = [
    metric("AWS/DynamoDB", name, **dimensions)
    for name in ("ReadThrottleEvents", "WriteThrottleEvents")
    for dimensions in ({"TableName": "<Table>"}, *INDEXES)
]
TABLE_CALLS = ["BatchGetItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"]
TABLE_ERRORS = [metric("AWS/DynamoDB", "SystemErrors", TableName="<Table>", Operation=call) for call in TABLE_CALLS]


def _slow(alarm, functions, milliseconds):
    for function in functions:
        duration = of_function("Duration", function)
        yield alarm, {duration: each_period(3, [milliseconds])}, True
        yield alarm, {duration: each_period(2, [9000])}, False
        yield alarm, {duration: each_period(4, [milliseconds - 1])}, False
        yield alarm, {duration: each_period(4, [9000] + [10] * 999)}, False


def _cases():
    """Alarm, samples, and whether it fires."""
    yield "ApiServerErrors", errors(5, 100), True
    yield "ApiServerErrors", errors(4, 4), False
    yield "ApiServerErrors", errors(5, 500), False
    yield "ApiServerErrors", errors(6, 500), True
    yield "ApiServerErrors", errors(0, 1000), False
    yield "ApiServerErrors", {ERRORS: ago(8, [1] * 100), REQUESTS: ago(8, [1] * 100)}, False
    yield from _slow("ManagementSlow", MANAGEMENT, 2000)
    yield from _slow("BrowserSlow", BROWSER[2:], 2000)
    yield from _slow("HistorySlow", HISTORY, 2000)
    yield from _slow("ConversationsSlow", CONVERSATIONS, 5000)
    yield from _slow("TalliesSlow", TALLIES, 5000)
    for function in BROWSER[:2]:
        duration = of_function("Duration", function)
        # 70% of 29 s.
        yield "ChatSlow", {duration: each_period(3, [20_300])}, True
        yield "ChatSlow", {duration: each_period(2, [24_000])}, False
        yield "ChatSlow", {duration: each_period(4, [20_299])}, False
    throttled = {
        "ManagementThrottled": MANAGEMENT,
        "ConversationsThrottled": CONVERSATIONS,
        "BrowserThrottled": BROWSER,
        "HistoryThrottled": HISTORY,
        "TalliesThrottled": TALLIES,
    }
    for alarm, functions in throttled.items():
        for function in functions:
            throttles = of_function("Throttles", function)
            yield alarm, {throttles: ago(3, [1] * 5)}, True
            yield alarm, {throttles: ago(3, [1] * 4)}, False
            # One sample arrives a period late; the alarm evaluates that period again.
            yield alarm, {throttles: ago(8, [5])}, True
            yield alarm, {throttles: ago(13, [5])}, False
        for first, second in itertools.pairwise(of_function("Throttles", function) for function in functions[:2]):
            yield alarm, split_between(first, second, [3], [2]), True
    for throttles in THROTTLES:
        yield "TableThrottled", {throttles: ago(3, [10])}, True
        yield "TableThrottled", {throttles: ago(3, [9])}, False
        yield "TableThrottled", {throttles: ago(8, [10])}, True
    yield "TableThrottled", split_between(THROTTLES[0], THROTTLES[3], [5], [5]), True
    for failed in TABLE_ERRORS:
        yield "TableSystemErrors", {failed: ago(3, [1] * 5)}, True
        yield "TableSystemErrors", {failed: ago(3, [1] * 4)}, False
    yield "TableSystemErrors", split_between(TABLE_ERRORS[0], TABLE_ERRORS[-1], [2], [3]), True
    for alarm, counted, least in (
        ("ApiThrottled", metric(OURS, "Throttled"), 50),
        ("AuthorizerFailing", of_function("Errors", "authorize"), 3),
        ("TalliesFailing", of_function("Errors", "tally"), 3),
        ("BudgetNearlySpent", metric(OURS, "BudgetsNearlySpent", environment="live", service="client-tokens"), 1),
        ("BudgetExhausted", metric(OURS, "BudgetsExhausted", environment="live", service="client-tokens"), 1),
        ("ChatInterrupted", metric(OURS, "AnswersInterrupted", service="client-tokens"), 5),
        ("RateLimitFailedClosed", metric(OURS, "LimiterFailedClosed", service="client-tokens"), 5),
        ("KmsSigningFailures", metric(OURS, "SigningFailures", service="client-tokens"), 3),
    ):
        yield alarm, {counted: ago(3, [1] * least)}, True
        yield alarm, {counted: ago(3, [1] * (least - 1))}, False
        yield alarm, {counted: ago(8, [1] * least)}, False
    yield "ValuesRevealed", reveals(101), True
    yield "ValuesRevealed", reveals(100), False
    yield "ValuesRevealed", reveals(150, refused=25, failed=25), False
    yield "ValuesRevealed", reveals(151, refused=25, failed=25), True
    yield "ValuesRevealed", reveals(101, minutes=61), False


CASES = list(_cases())


@pytest.mark.parametrize(("alarm", "samples", "rings"), CASES)
def test_alarm_fires_exactly_as_its_description_states(watching, alarm, samples, rings):
    assert is_ringing(watching, alarm, samples, at=NOW) is rings


def test_every_alarm_has_a_test(watching):
    for expected in (True, False):
        assert {alarm for alarm, _, rings in CASES if rings is expected} == watched.alarms(watching).keys()


def test_no_alarm_fires_without_data(watching):
    assert [name for name in watched.alarms(watching) if is_ringing(watching, name, {}, at=NOW)] == []


def _queries(slug):
    """The queries in the section of an alarm that ask for requests of functions."""
    manual = (sam.ROOT / "docs/operate.md").read_text(encoding="utf-8")
    section = manual.partition(f"\n### {slug}\n")[2].partition("\n### ")[0]
    found = map(insights.parse, re.findall(r"```insights(?: access)?\n(.*?)```", section, re.DOTALL))
    return [one for one in found if re.search(r'"answered"|\broute\b', " ".join(one.filters))]


@pytest.mark.parametrize(
    ("slug", "functions"),
    [
        # The authorizer leaves no such line.
        ("management-slow", MANAGEMENT[1:]),
        ("conversations-slow", CONVERSATIONS),
        ("browser-slow", BROWSER[2:]),
        ("browser-throttled", BROWSER),
        ("history-slow", HISTORY),
        ("history-throttled", HISTORY),
        ("chat-slow", BROWSER[:2]),
    ],
)
def test_documented_query_finds_the_functions_of_its_alarm(source, watching, slug, functions):
    (alarm,) = [one for one in watched.alarms(watching).values() if watched.slug(one) == slug]
    metrics = {dict(one.dimensions)["FunctionName"] for one in watched.of_alarm(slug, alarm)}
    assert metrics - {"<AWS::StackName>-authorize"} == {f"<AWS::StackName>-{one}" for one in functions}
    template = sam.translate(source, {"Console": "on"})
    names = watched.function_names(template)
    lines = {
        names[route.target.name].removeprefix("<AWS::StackName>-"): {"route": path, "status": "500"}
        for path, methods in openapi.read_routes(template).paths.items()
        for route in methods.values()
        if isinstance(route.target, Function)
    }
    for name, line in lines.items():
        line |= {"message": "answered", "operation": name.replace("-", "_"), "tenant": "acme"}
    queries = _queries(slug)
    assert queries
    for query in queries:
        assert {name for name, line in lines.items() if query.keeps(line)} == set(functions), query.text


def test_reveals_alarm_follows_its_parameter(source):
    strict = watched.nested(sam.translate(source, {"RevealsPerHour": "10"}))
    assert is_ringing(strict, "ValuesRevealed", reveals(11), at=NOW)
    assert not is_ringing(strict, "ValuesRevealed", reveals(10), at=NOW)


def test_slow_chat_alarm_follows_its_parameter(source):
    patient = watched.nested(sam.translate(source, {"ChatTimeout": "300"}))
    slow = of_function("Duration", "chat")
    assert is_ringing(patient, "ChatSlow", {slow: each_period(3, [210_000])}, at=NOW)
    assert not is_ringing(patient, "ChatSlow", {slow: each_period(4, [209_000])}, at=NOW)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [None, None, 3]),
        ("a / b", [None, None, 0.5]),
        ("a / 0", [None, None, None]),
        ("SUM(METRICS())", [None, 1, 3]),
        ("MAX(METRICS())", [None, 1, 2]),
        ("SUM(FILL(METRICS(), 0))", [0, 1, 3]),
        ("IF(a >= 1, 100 * a, 0)", [None, 100, 100]),
        ("IF(a > 1, a, 7)", [None, 7, 7]),
    ],
)
def test_metric_math_is_evaluated_as_documented(expression, expected):
    assert evaluate(expression, {"a": [None, 1, 1], "b": [None, None, 2]}) == expected
