"""All reasons for which AWS would reject a request and moto would not."""

import json
from urllib.parse import urlsplit

from tests.aws import expressions, models, signatures


def check(service, region, url, headers, body):
    """Why AWS would reject the request, or None. `service`, `region`: of the endpoint that it reaches."""
    return (
        signatures.check(service, region, url, headers, body)
        or models.check(service, urlsplit(url).path, headers, body)
        or (expressions.check(json.loads(body)) if service == "dynamodb" else None)
    )
