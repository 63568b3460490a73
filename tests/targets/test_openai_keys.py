"""The API key of an endpoint that speaks chat completions: read from Secrets Manager, and from nowhere else."""

import json
from types import SimpleNamespace

import pytest

from shared.aws import secret
from shared.aws.json_client import JsonClient
from shared.errors import TargetFailed
from tests.aws import models
from tests.aws.test_client import close
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture
from tests.targets.chat_completions import settings as settings  # noqa: PLC0414 - a fixture

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:openai-AbCdEf"


@pytest.fixture
def secrets_manager(aws, monkeypatch):
    """Secrets Manager on loopback. `secrets_manager.holds(...)`: one value after the other."""
    client = JsonClient("secretsmanager", "secretsmanager", "1.1")
    monkeypatch.setattr(secret, "_client", lambda: client)
    monkeypatch.setattr(secret, "_kept", {})
    aws.holds = lambda *values: aws.answers.extend((200, {"ARN": ARN, "SecretString": value}) for value in values)
    yield aws
    close(client)


def test_key_is_read_once_and_sent_as_a_bearer_token(answer, endpoint, settings, secrets_manager):
    secrets_manager.holds("sk-first\n")
    for _ in range(3):
        answer("openai", {**settings, "secret_arn": ARN})
    assert [asked.headers["Authorization"] for asked in endpoint.asked] == ["Bearer sk-first"] * 3
    ((_, headers, body, _),) = secrets_manager.asked
    assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert json.loads(body) == {"SecretId": ARN}
    assert models.check("secretsmanager", "/", headers, body) is None


def test_key_is_kept_for_five_minutes(answer, endpoint, settings, secrets_manager, monkeypatch):
    secrets_manager.holds("sk-first", "sk-second")
    for minutes in (0, 4.9, 5):
        later = SimpleNamespace(monotonic=lambda minutes=minutes: 60 * minutes)
        monkeypatch.setattr(secret, "time", later)
        answer("openai", {**settings, "secret_arn": ARN})
    sent = [asked.headers["Authorization"] for asked in endpoint.asked]
    assert sent == ["Bearer sk-first", "Bearer sk-first", "Bearer sk-second"]


def test_rotated_key_is_read_again_within_the_same_message(answer, endpoint, settings, secrets_manager):
    secrets_manager.holds("sk-first", "sk-second")
    endpoint.keys = {"sk-first"}
    answer("openai", {**settings, "secret_arn": ARN})
    endpoint.keys = {"sk-second"}
    assert answer("openai", {**settings, "secret_arn": ARN}) == "Yes, we do."
    assert len(secrets_manager.asked) == 2


def test_wrong_key_costs_one_call_to_secrets_manager_per_message(answer, endpoint, settings, secrets_manager):
    endpoint.keys = set()
    secrets_manager.holds(*["sk-wrong"] * 3)
    for _ in range(3):
        with pytest.raises(TargetFailed) as failed:
            answer("openai", {**settings, "secret_arn": ARN})
        assert failed.value.__cause__.code == "401 invalid_api_key"
    assert len(secrets_manager.asked) == 3


@pytest.mark.parametrize(
    "answered", [(400, {"__type": "ResourceNotFoundException"}), (200, {"SecretBinary": "c2s="}), (200, {})]
)
def test_secret_that_cannot_be_read_is_a_failure(answer, endpoint, settings, secrets_manager, answered):
    """Nothing was asked, so it costs nothing."""
    secrets_manager.answers = [answered]
    with pytest.raises(TargetFailed) as failed:
        answer("openai", {**settings, "secret_arn": ARN})
    assert failed.value.__cause__.operation == "GetSecretValue"
    assert failed.value.is_free
    assert endpoint.asked == []


@pytest.mark.parametrize("key", ["", "sk-\r\nX-Evil: 1", "sk-é", "two words", '{"key": "sk-secret"}', "a" * 4097])
def test_malformed_key_is_neither_sent_nor_quoted(answer, endpoint, settings, secrets_manager, key):
    secrets_manager.holds(key)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", {**settings, "secret_arn": ARN})
    assert failed.value.__cause__.code == "malformed_key"
    assert failed.value.is_free
    assert endpoint.asked == []
