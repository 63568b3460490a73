"""Our signatures match those of AWS's own library for any request."""

from datetime import UTC, datetime
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from shared.aws.signature import Credentials, Scope, signed

AT = datetime(2027, 1, 31, 12, 0, 0, tzinfo=UTC)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
values = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=40)
# Paths as sent: encoded once.
paths = st.text("abcZ09-_.~%:3A", max_size=30).map(lambda text: f"/model/x{text}y/converse")


@given(
    path=st.just("/") | paths,
    body=st.binary(max_size=100),
    target=values,
    token=st.just("") | printable,
    secret=printable,
    service=st.sampled_from(["dynamodb", "kms", "lambda", "bedrock"]),
)
@example("/", b"", "  many   spaces\t and\r\nX-Injected: lines ", "token", "secret", "kms")
def test_signature_matches_botocore(path, body, target, token, secret, service):
    headers = {"Host": "service.us-east-1.amazonaws.com", "X-Amz-Target": target}
    credentials = Credentials("AKIDEXAMPLE", secret, token)
    ours = signed(headers, path, body, credentials=credentials, scope=Scope("us-east-1", service), at=AT)

    request = AWSRequest("POST", f"https://service.us-east-1.amazonaws.com{path}", headers, body)
    theirs = auth.SigV4Auth(BotocoreCredentials("AKIDEXAMPLE", secret, token or None), service, "us-east-1")
    with mock.patch.object(auth, "get_current_datetime", return_value=AT.replace(tzinfo=None)):
        theirs.add_auth(request)
    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours.get("X-Amz-Security-Token", "") == request.headers.get("X-Amz-Security-Token", "")
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]


@given(target=values, token=values)
def test_no_header_value_spans_lines(target, token):
    credentials = Credentials("AKIDEXAMPLE", "secret", token)
    sent = signed({"X-Amz-Target": target}, "/", b"", credentials=credentials, scope=Scope("us-east-1", "kms"), at=AT)
    assert [value for value in sent.values() if {"\r", "\n"} & set(value)] == []
