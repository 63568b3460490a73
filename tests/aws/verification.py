"""Everything that AWS would refuse a request for, and moto would not."""

import json
from urllib.parse import urlsplit

from tests.aws import expressions, models, signatures


def check(service, region, url, headers, body):
    """Why AWS would refuse the request, or None. `service`, `region`: whose endpoint it reaches."""
    return (
        signatures.check(service, region, url, headers, body)
        or models.check(service, urlsplit(url).path, headers, body)
        or (expressions.check(json.loads(body)) if service == "dynamodb" else None)
    )
