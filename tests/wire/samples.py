"""Request bodies for client tokens, and the fields that they set."""

import json

import pytest

from shared.errors import InvalidRequest
from shared.wire.token_settings import CreateClientToken
from tests.rules.samples import ORIGIN

LEAST = {"name": "Shop", "allowedOrigins": [ORIGIN]}
LIMITS = {
    "rateLimitPerMinute": 1000,
    "rateLimitPerHour": 10_000,
    "maxMessagesPerSession": 1000,
    "sessionIdleTimeoutMinutes": 1440,
}
IDS = ["defaultFlowId", "targetAlias", "targetVersionId", "pinToVersion"]


def read(message, **body):
    return message.read(json.dumps((LEAST if message is CreateClientToken else {}) | body))


def to_camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def given_of(message, **body):
    """The one setting that the body has besides the required ones."""
    given = read(message, **body).changed_fields()
    [setting] = {name: value for name, value in given.items() if to_camel(name) in body}.values()
    return setting


def reasons(message, **body):
    """(path, code) of each mistake."""
    with pytest.raises(InvalidRequest) as caught:
        read(message, **body)
    return [(detail.path, detail.code) for detail in caught.value.details]
