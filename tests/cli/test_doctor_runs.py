"""A run of `client-tokens doctor`: what it says, what it creates, and that it leaves nothing behind."""

import contextlib
import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from infra.cli.doctor_client import Api as Client
from infra.cli.doctor_client import NoAnswer
from shared.rules.target import Target
from shared.store import api_keys, client_tokens, targets
from shared.targets import aws_lambda
from tests.aws.event_stream import function_answer
from tests.aws.network import Answer, refusal
from tests.cli.examined import NAMES, TENANT, failed, left_by, stored, unavailable

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:assistant"


def test_deployment_that_works_passes_and_nothing_is_left(world):
    before, of_tenant = stored(), owned()
    outcome = world.examine()
    assert (outcome.status, outcome.err) == (0, ""), outcome.out
    lines = outcome.out.splitlines()
    assert [line[:9].strip() for line in lines[:-1]] == ["ok"] * len(NAMES)
    assert lines[-1] == "Everything is well."
    assert left_by(before) == set()
    assert owned() == of_tenant


def owned():
    """The current keys, targets, and tokens of doctor's tenant. Runs of other tests may have left some."""
    keys = api_keys.list_by_tenant(TENANT, at=datetime.now(UTC))
    tokens = client_tokens.list_by_tenant(TENANT)
    return [one.id for one in (*keys, *targets.list_by_tenant(TENANT), *tokens)]


def test_json_says_what_was_found_without_a_secret(world):
    outcome = world.examine("--json")
    report = json.loads(outcome.out)
    assert (outcome.status, report["isWell"], report["left"]) == (0, True, [])
    assert [(one["name"], one["status"], one["advice"]) for one in report["checks"]] == [
        (name, "passed", "") for name in NAMES
    ]
    events = world.functions.events
    bodies = [event["body"] for event in events if event.get("path") == "/v1/client/init"]
    secrets = {json.loads(body)["token"] for body in bodies}
    secrets |= {event["authorizationToken"].split()[1] for event in events if "authorizationToken" in event}
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in outcome.out + outcome.err] == []


def _assistant(world, answer):
    """A target of another tenant, which is a function."""
    tenant = f"doctor-{uuid4()}"
    settings = {"function_arn": FUNCTION}
    target = Target(id="flow_tea", tenant=tenant, kind="aws_lambda", settings=settings, created_at=datetime.now(UTC))
    targets.register(target)
    aws_lambda._client()
    world.hook(lambda request: answer if request.service == "lambda" else None)
    return tenant


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, function_answer({"text": "Tea."})), set()),
        (refusal("ServiceException", status=500), {"conversation"}),
    ],
)
def test_registered_target_answers_if_it_is_named(world, answer, expected):
    tenant = _assistant(world, answer)
    before = stored()
    outcome = world.examine("--json", "--tenant", tenant, "--target", "flow_tea")
    assert (outcome.status, failed(outcome)) == (bool(expected), expected)
    assert [one.id for one in targets.list_by_tenant(tenant)] == ["flow_tea"]
    assert list(client_tokens.list_by_tenant(tenant)) == []
    assert {key for key in left_by(before) if key != (f"TOKENS#{tenant}", "COUNT")} == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tenant", "acme"), "--tenant and --target belong together"),
        (("--target", "flow_tea"), "--tenant and --target belong together"),
        (("--tenant", "doctor-none", "--target", "flow_tea"), "Tenant doctor-none has no target flow_tea."),
    ],
)
def test_target_that_is_not_there_is_an_error_before_anything_is_created(world, words, said):
    before = stored()
    outcome = world.examine(*words)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith(f"Error: {said}")
    assert stored() == before


def test_lost_answer_to_the_creation_leaves_no_token(world):
    def lose(event, answer):
        answer(event)
        raise RuntimeError

    before = stored()
    world.replace("CreateClientToken", lose)
    assert failed(world.examine("--json")) == {"client token"}
    assert left_by(before) == set()


def test_run_of_an_operator_whose_clock_is_ahead_leaves_no_token(world):
    """The API says when a token was created."""

    def create(event, answer):
        context = event["requestContext"]
        earlier = context["requestTimeEpoch"] - 50_000
        return answer({**event, "requestContext": {**context, "requestTimeEpoch": earlier}})

    before = stored()
    world.replace("CreateClientToken", create)
    world.replace("DeleteClientToken", unavailable)
    assert failed(world.examine("--json")) == {"deleted token"}
    assert left_by(before) == set()


def test_interrupted_run_deletes_what_it_created(world):
    before, interrupted = stored(), []

    def interrupt(request):
        """In the middle: the key and the target are there."""
        if "IndexName" in request.parameters and not interrupted:
            interrupted.append(request)
            raise KeyboardInterrupt

    world.hook(interrupt)
    assert world.examine().status == 130
    assert interrupted
    assert left_by(before) == set()


def test_what_cannot_be_deleted_is_named(world):
    """The key then expires by itself."""
    denied = refusal("AccessDeniedException", "not allowed")

    def deny(request):
        actions = request.parameters.get("TransactItems", ())
        return denied if any("Delete" in one for one in actions) and _is_of_operator() else None

    world.replace("DeleteClientToken", unavailable)
    world.hook(deny)
    outcome = world.examine("--json")
    report = json.loads(outcome.out)
    assert (outcome.status, report["isWell"]) == (1, False)
    assert [one.split(" may be left")[0].split()[0] for one in report["left"]] == ["A", "Target", "API"]
    assert all("AWS refused" in one for one in report["left"])
    assert outcome.err.splitlines() == report["left"]
    (key,) = api_keys.list_by_tenant(TENANT, at=datetime.now(UTC))
    assert key.expires_at - key.created_at <= timedelta(minutes=15)


def _is_of_operator():
    return threading.current_thread() is threading.main_thread()


def test_slow_api_does_not_hold_the_run():
    """Each packet comes in time, and the answer never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def trickle():
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                        while not ended.wait(0.05):
                            connection.sendall(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        api = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", time.monotonic() + 0.3)
        with pytest.raises(NoAnswer, match=r"in time|time left"):
            api.ask("GET", "/v1/client-tokens", headers={})
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
