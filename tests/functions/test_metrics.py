"""The metrics that functions emit are those that alarms and dashboard use: emitted here, compared with the template."""

import json
import re

import pytest

from infra.local import cloud
from tests import watched
from tests.aws.in_memory import STACK, TEMPLATE

WATCHING = watched.nested(TEMPLATE)
CREATE = {"name": "n", "allowedOrigins": ["*"]}
OURS = watched.OURS.replace("<AWS::StackName>", cloud.STACK_NAME)
FILTERS = list(watched.filters(WATCHING))
# From lines of functions. Lambda and API Gateway write the lines of the others.
OF_FUNCTIONS = [one for one in FILTERS if one[0].dimensions]


def emitted(output):
    """(namespace, name) -> the sets of dimensions of metrics in the log."""
    found = {}
    for line in output().splitlines():
        written = json.loads(line)
        for one in written.get("_aws", {}).get("CloudWatchMetrics", ()):
            (names,) = one["Dimensions"]
            for metric in one["Metrics"]:
                dimensions = {name: written[name] for name in names}
                assert written[metric["Name"]] == [1], "each counts one event"
                found.setdefault((one["Namespace"], metric["Name"]), []).append(dimensions)
    return found


def counted(output):
    """Name -> the sets of dimensions of metrics that CloudWatch counts from what functions log."""
    found = {}
    for metric, group, pattern in OF_FUNCTIONS:
        assert group == "FunctionLogs"
        lines = [json.loads(line) for line in output().splitlines() if watched.matches(pattern, line)]
        found[metric.name] = [
            {name: line[path.removeprefix("$.")] for name, path in metric.dimensions} for line in lines
        ]
    return found


def fits(metric, dimensions):
    """A search does not fix all values."""
    wanted = dict(metric.dimensions)
    return wanted.keys() == dimensions.keys() and all(
        value in {None, dimensions[name]} for name, value in wanted.items()
    )


def test_every_metric_on_the_dashboard_is_emitted(api, page, create, register, output, aws_answers, interrupted):
    for environment in ("live", "test"):
        spent = page.open(create(environment=environment, dailyBudget=0.1).value)
        register("flow_echo", call_price="0.1")
        assert [page.say(spent).status_code for _ in range(2)] == [200, 429]
        token = create(environment=environment)
        session = page.open(token.value)
        assert page.say(session).status_code == 200
    assert page.open(token.value, sessionId=session) == session
    assert page.say("cs_unknown").status_code == 401
    interrupted(lambda: page.say(session))
    with aws_answers("UpdateItem", "ThrottlingException"):
        assert page.say(session).status_code == 503
    with aws_answers("GenerateMac", "ThrottlingException"):
        assert api.post("/v1/client-tokens", CREATE).status_code == 503
    found = {name: dimensions for (namespace, name), dimensions in emitted(output).items() if namespace == OURS}
    found |= counted(output)
    of_aws = {metric.name for metric, *_ in FILTERS if not metric.dimensions}
    looked_at = [
        metric
        for metric in watched.all_metrics(WATCHING)
        if metric.namespace == watched.OURS and metric.name not in of_aws
    ]
    assert {metric.name for metric in looked_at} >= {
        "RequestsRefused",
        "AnswersInterrupted",
        "BudgetsExhausted",
        "BudgetsNearlySpent",
        "Faults",
        "LimiterFailedClosed",
        "MessagesAnswered",
        "SessionsOpened",
        "SigningFailures",
    }
    for metric in looked_at:
        assert any(fits(metric, one) for one in found[metric.name]), metric
    # A resumed session is not counted as opened.
    assert [one["environment"] for one in found["SessionsOpened"]] == ["live"] * 2 + ["test"] * 2
    assert [one["environment"] for one in found["MessagesAnswered"]] == ["live"] * 2 + ["test"] * 3


def test_repeated_answer_is_not_counted(page, create, output):
    session = page.open(create(environment="test").value)
    for _ in range(2):
        assert page.say(session, message_id="usr_a").status_code == 200
    assert counted(output)["MessagesAnswered"] == [{"environment": "test"}]


def refused(output):
    """The counts of the metric RequestsRefused, by operation and code."""
    return [(one["operation"], one["code"]) for one in emitted(output).get((OURS, "RequestsRefused"), ())]


def test_each_error_is_counted_once_and_successes_are_not(api, page, create, output):
    token = create()
    session = page.open(token.value)
    path = f"/v1/client-tokens/{token.id}"
    assert page.say(session).status_code == 200
    assert page.rate(session, token.value).status_code == 200
    for answer in (api.get("/v1/client-tokens"), api.get(path), api.put(path, {"name": "n"}), api.get(f"{path}/token")):
        assert answer.status_code == 200
    assert refused(output) == []
    assert api.get("/v1/client-tokens/ct_unknown").status_code == 404
    assert refused(output) == [("get_client_token", "not_found")]
    assert api.post("/v1/client-tokens", {"name": ""}).status_code == 400
    assert page.init("garbage").status_code == 401
    assert page.say("cs_unknown").status_code == 401
    assert sorted(refused(output)) == [
        ("chat", "session_ended"),
        ("create_client_token", "invalid_request"),
        ("init_session", "invalid_token"),
    ]


def test_rejected_credential_is_counted_once_and_a_valid_one_is_not(app, api, output):
    assert api.get("/v1/client-tokens").status_code == 200
    assert refused(output) == []
    api.credential = "ctk_" + "0" * 38
    assert api.get("/v1/client-tokens").status_code == 401
    assert refused(output) == [("authorize", "unauthenticated")]


def test_metrics_of_log_lines_are_looked_at_with_their_dimensions():
    def shapes(metrics):
        return {(one.namespace, one.name, tuple(name for name, _ in one.dimensions)) for one in metrics}

    names = {metric.name for metric, *_ in FILTERS}
    looked_at = [metric for metric in watched.all_metrics(WATCHING) if metric.name in names]
    assert shapes(looked_at) == shapes(metric for metric, *_ in FILTERS)


def signing_failures(output):
    return len(emitted(output).get((OURS, "SigningFailures"), ()))


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "DisabledException"])
def test_refusal_of_kms_is_counted_once(api, output, aws_answers, code):
    with aws_answers("GenerateMac", code):
        assert api.post("/v1/client-tokens", CREATE).status_code == 503
    assert signing_failures(output) == 1


def test_unreachable_kms_is_counted_once(api, output, aws_unreachable):
    with aws_unreachable("GenerateMac"):
        assert api.post("/v1/client-tokens", CREATE).status_code == 503
    assert signing_failures(output) == 1


def test_reveal_that_kms_refuses_is_counted(api, output, aws_answers):
    path = f"/v1/client-tokens/{api.create()['clientToken']['id']}"
    with aws_answers("GenerateMac", "AccessDeniedException"):
        assert api.get(f"{path}/token").status_code == 503
    assert signing_failures(output) == 1


def test_failure_of_the_table_and_a_retired_key_are_not_counted(api, output, aws_answers):
    path = f"/v1/client-tokens/{api.create()['clientToken']['id']}"
    with aws_answers("TransactWriteItems", "ThrottlingException"):
        assert api.post("/v1/client-tokens", CREATE).status_code == 503
    with aws_answers("GenerateMac", "DisabledException"):
        assert api.get(f"{path}/token").json["code"] == "value_unavailable"
    assert signing_failures(output) == 0


def test_throttled_request_is_counted_from_the_access_log():
    (pattern,) = (pattern for _, group, pattern in FILTERS if group == "AccessLogs")
    written = TEMPLATE["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    refusals = TEMPLATE["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]

    def line(kind):
        return re.sub(r"\$context\.[\w.]+", lambda name: kind if "responseType" in name[0] else "0", written)

    assert [kind for kind in [*refusals, "-"] if watched.matches(pattern, line(kind))] == ["THROTTLED"]


def test_deployments_in_one_account_have_separate_metrics():
    assert {function.environment["POWERTOOLS_METRICS_NAMESPACE"] for function in STACK.functions.values()} == {OURS}
