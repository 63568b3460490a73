"""A canary put through every endpoint appears in no log line and no metric."""

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
    for operation in ("BatchGetItem", "PutItem", "GenerateMac"):
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
    secrets = [CANARY, created["token"], created["token"].rpartition(".")[2], regenerated, api.credential]
    assert [secret for secret in secrets if secret in logged] == []
