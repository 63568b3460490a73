"""The tests' local stack rejects requests that AWS would reject."""

import json
from datetime import UTC, datetime

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local import access
from shared.aws.signature import Credentials, Scope, signed
from tests.local_stack import REJECTED
from tests.verified_stack import Verified

HOST = "127.0.0.1:4566"
BODY = json.dumps({"TableName": "t", "Key": {"pk": {"S": "a"}}}).encode()
CREDENTIALS = Credentials(
    *(access.CREDENTIALS[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
)


@pytest.mark.parametrize(
    ("service", "body", "agent", "status"),
    [
        pytest.param("dynamodb", BODY, "client-tokens", 200, id="signed"),
        pytest.param("kms", BODY, "client-tokens", 400, id="signed for another service"),
        pytest.param("dynamodb", b"{}", "client-tokens", 400, id="another body"),
        pytest.param("dynamodb", b"{}", "Boto3/1.44.5", 200, id="another client"),
    ],
)
def test_request_that_aws_would_reject_is_rejected_and_reported(capsys, service, body, agent, status):
    headers = {
        "Host": HOST,
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
    }
    sent = signed(
        headers, "/", BODY, credentials=CREDENTIALS, scope=Scope(access.REGION, service), at=datetime.now(UTC)
    )
    client = Client(Verified(Response("passed"), "127.0.0.1"))
    answer = client.post("/", data=body, headers=sent | {"User-Agent": agent})
    assert answer.status_code == status
    assert (REJECTED in capsys.readouterr().out) is (status == 400)
