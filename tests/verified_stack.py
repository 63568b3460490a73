"""`python -m tests.verified_stack`: the local stack, with an AWS that verifies requests like the test network."""

import io
import json
import sys

from werkzeug.datastructures import EnvironHeaders
from werkzeug.wrappers import Response

from infra.local import __main__ as local
from infra.local import access, cloud, seed, template
from infra.local.loopback_only import LoopbackOnly
from tests.aws import verification
from tests.local_stack import REJECTED

_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}


class Verified(LoopbackOnly):
    """moto, as strict as AWS for requests of our own client."""

    def __call__(self, environ, start_response):
        headers = EnvironHeaders(environ)
        service = _SERVICES.get(headers.get("X-Amz-Target", "").partition(".")[0])
        # boto3, which creates the stack, needs no verification.
        if service and headers.get("User-Agent") == "client-tokens":
            body = environ["wsgi.input"].read(int(headers["Content-Length"]))
            environ["wsgi.input"] = io.BytesIO(body)
            url = f"http://{headers['Host']}{environ['PATH_INFO']}"
            if rejected := verification.check(service, access.REGION, url, dict(headers), body):
                sys.stdout.write(f"{REJECTED} {headers['X-Amz-Target']}: {rejected.code}: {rejected.message}\n")
                sys.stdout.flush()
                refusal = Response(json.dumps({"__type": rejected.code, "message": rejected.message}), 400)
                return refusal(environ, start_response)
        return super().__call__(environ, start_response)


def _with_an_issuer_on_this_machine(source):
    """The stand-in for Clerk has no certificate, so its address may be http."""
    issuer = source["Parameters"]["ClerkIssuer"]
    issuer["AllowedPattern"] = f"{issuer['AllowedPattern']}|^http://127[.]0[.]0[.]1:[0-9]+$"
    return source


if __name__ == "__main__":
    cloud.LoopbackOnly = Verified
    # Tests and programs send many messages.
    seed.ECHO = {}
    read = template.read
    # With a path, it is the nested stack's template.
    template.read = lambda *path: read(*path) if path else _with_an_issuer_on_this_machine(read())
    local.main()
