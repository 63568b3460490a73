"""A canary sent to every endpoint appears in no log line or metric, and no secret appears in an error."""

from tests.functions.page import Page

CANARY = "canary-7f3a"


def test_nothing_that_a_caller_sends_or_gets_is_logged(api, caller, output, aws_answers):
    created = api.create(
        name=f"name {CANARY}",
        config={"welcomeMessage": CANARY, CANARY: [CANARY]},
        flowIds=[f"flow_{CANARY}"],
        allowedOrigins=[f"https://{CANARY}.example.com"],
    )
    path = "/v1/client-tokens/" + created["clientToken"]["id"]
    regenerated = api.post(f"{path}/regenerate", {"gracePeriodSeconds": 60}).json["token"]
    answers = [
        api.get("/v1/client-tokens"),
        api.get(f"/v1/client-tokens?limit={CANARY}"),
        api.get(path),
        api.get(f"{path}/token"),
        api.get(f"{path}/conversations?flow_id={CANARY}"),
        api.get(f"/v1/client-tokens/{CANARY}"),
        api.put(path, {"config": {CANARY: CANARY}}),
        api.put(path, {CANARY: CANARY, "name": [CANARY], "allowedOrigins": [CANARY], "rateLimitPerHour": CANARY}),
        api.put(path, f"not json {CANARY}"),
        api.post(f"{path}/regenerate", {CANARY: 1}),
        caller(scopes=()).get(path),
        api.get(path, Authorization=f"Bearer {CANARY}"),
        api.get(path, Authorization=f"Bearer ctk_{CANARY}"),
    ]
    for operation in ("BatchGetItem", "PutItem", "TransactWriteItems", "GenerateMac"):
        with aws_answers(operation, "ValidationException", 400, message=CANARY):
            answers += [
                api.get(f"{path}/token"),
                api.put(path, {"name": CANARY}),
                api.post("/v1/client-tokens", {"name": CANARY, "allowedOrigins": ["*"]}),
            ]
    api.delete(path)
    logged = output()
    assert logged.count('"answered"') >= len(answers)
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 403, 404, 503}
    secrets = [created["token"], created["token"].rpartition(".")[2], regenerated, api.credential]
    assert [secret for secret in [CANARY, *secrets] if secret in logged] == []
    _assert_errors_hold_none_of(secrets, answers)


def test_nothing_that_a_visitor_sends_or_gets_is_logged(app, api, page, create, register, output, aws_answers):
    # The origin of a page that was refused is logged on purpose; anything else in that header is not.
    token = create(allowedOrigins=["https://app.example.com", "https://shop.example.com"], rateLimitPerMinute=9)
    here = Page(app, "https://shop.example.com")
    session = here.open(token.value)
    beside = {"inputs": {CANARY: CANARY}, "metadata": {"a": [CANARY]}, "context": {"b": CANARY}}
    part = {"type": "file", "data": CANARY, "filename": CANARY, "mimeType": CANARY}

    def send():
        said = f"I am {CANARY}"
        return [
            here.init(token.value),
            here.init(f"{token.value[:-1]}{CANARY}", sessionId=CANARY, flowId=CANARY),
            here.init(token.value, flowId=CANARY),
            here.say(session, said, message_id=CANARY, assistantMessageId=f"{CANARY}-2", **beside),
            here.say(session, said),
            here.say(session, [{"type": "text", "text": said}, part]),
            here.say(session, said * 5000),
            here.say(f"{session[:-1]}{CANARY}", said),
            here.post("chat", f"not json {CANARY}"),
            here.post("feedback", {"sessionId": session, "token": token.value, CANARY: CANARY, "type": CANARY}),
            here.rate(session, token.value, messageId=CANARY, comment=CANARY, metadata={CANARY: CANARY}),
            here.rate(CANARY, token.value),
            Page(app, "https://evil.example").init(token.value),
            Page(app, f"https://evil.example/{CANARY}").init(token.value),
            Page(app, said).say(session, said),
            Page(app, token.value).say(session, said),
        ]

    answers = send()
    register(
        "flow_echo", "aws_lambda", function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:assistant-{CANARY}"
    )
    answers += send()
    for operation in ("BatchGetItem", "UpdateItem", "TransactWriteItems", "PutItem", "GetItem", "Query"):
        with aws_answers(operation, "ValidationException", 400, message=CANARY):
            answers += send()
    logged = output()
    assert logged.count('"answered"') >= len(answers)
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 403, 404, 429, 502, 503}
    secrets = [token.value, token.value.rpartition(".")[2], session, session.rpartition("_")[2]]
    assert [secret for secret in [CANARY, *secrets] if secret in logged] == []
    _assert_errors_hold_none_of(secrets, answers)


def _assert_errors_hold_none_of(secrets, answers):
    """An error may repeat what the caller sent, but no secret, and no text from AWS."""
    errors = [answer for answer in answers if answer.status_code >= 400]
    assert [secret for answer in errors for secret in secrets if secret in answer.text] == []
    assert [answer.text for answer in errors if answer.status_code >= 500 and CANARY in answer.text] == []
