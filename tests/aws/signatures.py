"""Verifies the signature of each request as AWS would, with botocore's signer. moto verifies none.

What AWS rejects: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

import hmac
import re
from datetime import UTC, datetime, timedelta

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local import access
from tests.aws import models
from tests.aws.rejected import Rejected

# Access key id -> its credentials. Tests add their own.
CALLERS = {
    access.CREDENTIALS["AWS_ACCESS_KEY_ID"]: Credentials(
        *(access.CREDENTIALS[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    )
}
# The HTTP library adds these below the signature; Authorization holds it.
ADDED = {"accept-encoding", "authorization", "content-length"}
CLOCK_SKEW_MAX = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>[0-9]{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def check(service, region, url, headers, body):
    """Why AWS would reject the signature, or None. `service`, `region`: of the endpoint that the request reaches."""
    sent = {name.lower(): value for name, value in headers.items()}
    found = _AUTHORIZATION.fullmatch(sent.get("authorization", ""))
    if found is None:
        return Rejected("IncompleteSignatureException", "the Authorization header is missing or incomplete")
    scope, expected = (found["service"], found["region"]), (models.of_service(service).signing_name, region)
    if scope != expected:
        return Rejected("InvalidSignatureException", f"the credential is scoped to {scope}, and not to {expected}")
    caller = CALLERS.get(found["key"])
    if caller is None or sent.get("x-amz-security-token") != caller.token:
        return Rejected("UnrecognizedClientException", "the security token is not valid")
    return _wrong_headers(found, sent) or _wrong_signature(found, caller, url, headers, body)


def _wrong_headers(found, sent):
    signed = found["headers"].split(";")
    needed = {"host"} | {name for name in sent if name == "content-type" or name.startswith("x-amz-")}
    if missing := needed - set(signed):
        return Rejected("InvalidSignatureException", f"not signed: {', '.join(sorted(missing))}")
    if unstable := set(signed) & set(SIGNED_HEADERS_BLACKLIST):
        return Rejected("InvalidSignatureException", f"a proxy may change: {', '.join(sorted(unstable))}")
    try:
        sent_at = datetime.strptime(sent["x-amz-date"], SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return Rejected("IncompleteSignatureException", "X-Amz-Date is missing or malformed")
    if abs(datetime.now(UTC) - sent_at) > CLOCK_SKEW_MAX or found["day"] != sent["x-amz-date"][:8]:
        return Rejected("InvalidSignatureException", f"signed at {sent_at}, which is not now")
    return None


def _wrong_signature(found, caller, url, headers, body):
    request = AWSRequest("POST", url, {name: headers[name] for name in headers if name.lower() not in ADDED}, body)
    request.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(caller, found["service"], found["region"])
    if found["headers"] != signer.signed_headers(signer.headers_to_sign(request)):
        return Rejected("InvalidSignatureException", f"botocore does not sign {found['headers']}")
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(expected, found["signature"]):
        return Rejected("InvalidSignatureException", "the signature does not fit the request")
    return None
