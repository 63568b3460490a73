"""A deployment in this process that `client-tokens doctor` examines, and whose parts a test can break."""

import contextlib
import json
import os
import socket
from dataclasses import replace
from unittest import mock

import boto3
import pytest

from infra.local import http_server, openapi
from infra.local.api import Api
from shared import signer
from shared.store import targets
from tests.aws.in_memory import FUNCTIONS_VARIABLES, STACK, TEMPLATE
from tests.aws.network import NETWORK
from tests.functions import invocations

TENANT = "client-tokens-doctor"
NAMES = [
    "table", "signing key", "authorizer accepts", "authorizer refuses", "client token", "foreign origin",
    "forged token", "session", "conversation", "stored conversation", "deleted token",
]  # fmt: skip


class Functions:
    """Runs the functions, with variables that the command does not have.

    `instead["Chat"]`: a function that answers an event instead, given what answers usually.
    """

    def __init__(self):
        self.instead = {}
        self.events = []

    def invoke(self, name, event):
        self.events.append(event)
        with mock.patch.dict(os.environ, FUNCTIONS_VARIABLES):
            if name in self.instead:
                return self.instead[name](event, lambda event: invocations.invoke(name, event))
            return invocations.invoke(name, event)

    def stream(self, name, event):
        self.events.append(event)
        with mock.patch.dict(os.environ, FUNCTIONS_VARIABLES):
            if name in self.instead:
                yield from self.instead[name](event, lambda event: invocations.stream(name, event))
            else:
                yield from invocations.stream(name, event)


class World:
    """A deployment whose parts a test breaks, until the end of the test."""

    def __init__(self, functions, url, run):
        self.functions, self.until_the_end = functions, contextlib.ExitStack()
        self.url, self._run = url, run
        self.outputs = {name: STACK.outputs[name] for name in ("TableName", "SigningKeyArn")}

    def hook(self, before=None, after=None):
        self.until_the_end.enter_context(NETWORK.hooked(before, after))

    def replace(self, name, answer):
        self.functions.instead[name] = answer

    def examine(self, *words):
        """The outcome, and with --json the result of each check by name."""
        cloudformation = boto3.client("cloudformation")
        template = {
            "Parameters": {
                name: {"Type": "String", "Default": "1"} for name in ("AuditRetentionDays", "ConversationRetentionDays")
            },
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in (self.outputs | {"ApiUrl": self.url}).items()},
        }
        cloudformation.create_stack(StackName="examined", TemplateBody=json.dumps(template))
        try:
            outcome = self._run("doctor", "--stack", "examined", *words)
            # The functions log in this process.
            said = [line for line in outcome.out.splitlines() if not line.startswith('{"')]
            return replace(outcome, out="\n".join(said))
        finally:
            cloudformation.delete_stack(StackName="examined")


@pytest.fixture(scope="module")
def served():
    """The functions, and the URL of their API."""
    functions = Functions()
    listener = socket.create_server(("127.0.0.1", 0))
    app = Api(openapi.read_routes(TEMPLATE), functions.invoke, functions.stream, log=lambda _: None)
    server = http_server.serve(listener, app, lambda _: None)
    yield functions, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.shutdown()
    server.server_close()
    listener.close()


@pytest.fixture
def world(served, run):
    # Before the command points AWS's clients of this process elsewhere.
    signer._kms()
    targets.list_by_tenant("warm")
    functions, url = served
    functions.instead.clear()
    functions.events.clear()
    made = World(functions, url, run)
    with made.until_the_end:
        yield made


def stored():
    """Key -> item, of the whole table."""
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=STACK.outputs["TableName"])
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def left_by(before):
    """What is new and does not expire by itself, but for the tenant's name and its count of tokens."""
    new = {key: item for key, item in stored().items() if key not in before and "expires_at" not in item}
    count = new.pop((f"TOKENS#{TENANT}", "COUNT"), {"tokens": {"N": "0"}})
    assert count["tokens"] == {"N": "0"}
    return {key for key in new if key[1] != TENANT and not key[0].startswith("TENANTS#")}


def failed(outcome):
    checks = json.loads(outcome.out)["checks"]
    assert [one["name"] for one in checks] == NAMES
    assert all(one["advice"] for one in checks if one["status"] == "failed")
    return {one["name"] for one in checks if one["status"] == "failed"}


def unavailable(event, answer):
    return {"statusCode": 503, "headers": {}, "body": '{"code": "unavailable"}'}
