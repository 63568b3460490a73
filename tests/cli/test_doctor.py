"""`client-tokens doctor` fails when any one part of a deployment is broken."""

import json
import socket
from uuid import uuid4

import boto3
import pytest

from shared.rules.principal import SCOPES
from shared.store import table
from tests.aws.network import Answer, refusal
from tests.cli.examined import failed, left_by, stored, unavailable


def _table_is_missing(world):
    world.outputs["TableName"] = "nothing"
    table.name.cache_clear()
    world.until_the_end.callback(table.name.cache_clear)


def _table_cannot_be_read(world):
    denied = refusal("AccessDeniedException")
    world.hook(lambda request: denied if request.operation == "GetItem" else None)


def _table_loses_writes(world):
    def forget(request):
        is_key = request.operation == "GetItem" and request.parameters["Key"]["pk"]["S"].startswith("APIKEY#")
        return Answer(200, {}) if is_key else None

    world.hook(forget)


def _signing_key_is_disabled(world):
    kms, key = boto3.client("kms"), world.outputs["SigningKeyArn"].rpartition("/")[2]
    kms.disable_key(KeyId=key)
    world.until_the_end.callback(kms.enable_key, KeyId=key)


def _signing_key_is_of_another_kind(world):
    world.outputs["SigningKeyArn"] = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]


def _signing_key_is_unknown(world):
    world.outputs["SigningKeyArn"] = world.outputs["SigningKeyArn"].rpartition("/")[0] + f"/{uuid4()}"


def _api_may_not_sign(world):
    denied = refusal("AccessDeniedException")
    world.hook(lambda request: denied if request.operation == "GenerateMac" else None)


def _authorizer_accepts_everybody(world):
    def accept(event, answer):
        made = answer(event)
        statement = made["policyDocument"]["Statement"][0]
        if statement["Effect"] == "Deny":
            statement["Effect"] = "Allow"
            made["context"] = {"tenant": "nobody", "scopes": " ".join(SCOPES), "expiresAt": "never"}
        return made

    world.replace("Authorize", accept)


def _authorizer_accepts_nobody(world):
    world.replace("Authorize", lambda event, answer: answer(event | {"authorizationToken": "Bearer nobody"}))


def _api_is_closed(world):
    with socket.create_server(("127.0.0.1", 0)) as free:
        world.url = f"http://127.0.0.1:{free.getsockname()[1]}"


def _gate_admits_any_origin(world):
    def admit(event, answer):
        single, multiple = event["headers"], event["multiValueHeaders"]
        (name,) = [name for name in single if name.lower() == "origin"]
        allowed = "https://doctor.example"
        headers = {"headers": single | {name: allowed}, "multiValueHeaders": multiple | {name: [allowed]}}
        return answer(event | headers)

    world.replace("InitSession", admit)


def _gate_admits_forged_tokens(world):
    good = []

    def admit(event, answer):
        body = json.loads(event["body"])
        good.append(body["token"])
        return answer(event | {"body": json.dumps({"token": good[0]})})

    world.replace("InitSession", admit)


def _gate_admits_deleted_tokens(world):
    opened, deleted = [], []

    def delete(event, answer):
        deleted.append(event)
        return answer(event)

    def admit(event, answer):
        made = answer(event)
        if made["statusCode"] == 200:
            opened.append(made)
        return opened[0] if deleted else made

    world.replace("DeleteClientToken", delete)
    world.replace("InitSession", admit)


def _sessions_fail(world):
    failing = {"statusCode": 500, "headers": {}, "body": "{}"}
    world.replace("InitSession", lambda event, answer: failing if _is_allowed(answer(event)) else answer(event))


def _is_allowed(made):
    return made["statusCode"] == 200


def _session_has_another_form(world):
    strange = {"statusCode": 200, "headers": {}, "body": '["sessionId"]'}
    world.replace("InitSession", lambda event, answer: strange if _is_allowed(made := answer(event)) else made)


def _session_is_nested_deeply(world):
    strange = {"statusCode": 200, "headers": {}, "body": "[" * 100_000}
    world.replace("InitSession", lambda event, answer: strange if _is_allowed(made := answer(event)) else made)


def _chat_fails(world):
    def fail(event, answer):
        raise RuntimeError

    world.replace("Chat", fail)


def _answer_breaks_off(world):
    def break_off(event, answer):
        yield from list(answer(event))[:-1]

    world.replace("Chat", break_off)


def _answer_is_another(world):
    def answer_otherwise(event, answer):
        for part in answer(event):
            yield part.replace(b"anybody", b"no body")

    world.replace("Chat", answer_otherwise)


def _conversations_are_not_listed(world):
    empty = {"statusCode": 200, "headers": {}, "body": '{"conversations": []}'}
    world.replace("ListClientTokenConversations", lambda event, answer: empty)


def _tokens_cannot_be_deleted(world):
    world.replace("DeleteClientToken", unavailable)


@pytest.mark.parametrize(
    ("break_part", "expected"),
    [
        (_table_is_missing, {"table"}),
        (_table_cannot_be_read, {"table"}),
        (_table_loses_writes, {"table"}),
        (_signing_key_is_disabled, {"signing key"}),
        (_signing_key_is_of_another_kind, {"signing key"}),
        (_signing_key_is_unknown, {"signing key"}),
        (_api_may_not_sign, {"client token"}),
        (_authorizer_accepts_everybody, {"authorizer refuses"}),
        (_authorizer_accepts_nobody, {"authorizer accepts"}),
        (_api_is_closed, {"authorizer accepts", "authorizer refuses"}),
        (_gate_admits_any_origin, {"foreign origin"}),
        (_gate_admits_forged_tokens, {"forged token"}),
        (_gate_admits_deleted_tokens, {"deleted token"}),
        (_sessions_fail, {"session"}),
        (_session_has_another_form, {"session"}),
        (_session_is_nested_deeply, {"session"}),
        (_chat_fails, {"conversation"}),
        (_answer_breaks_off, {"conversation"}),
        (_answer_is_another, {"conversation"}),
        (_conversations_are_not_listed, {"stored conversation"}),
        (_tokens_cannot_be_deleted, {"deleted token"}),
    ],
)
def test_broken_part_fails_its_check_and_nothing_is_left(world, break_part, expected):
    before = stored()
    break_part(world)
    outcome = world.examine("--json")
    assert outcome.status == 1
    assert failed(outcome) == expected
    if break_part is not _table_is_missing:
        assert json.loads(outcome.out)["left"] == []
        assert left_by(before) == set()
