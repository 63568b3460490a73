"""The authorizer of the management plane: bearer credential -> tenant and scopes."""

from __future__ import annotations

from datetime import datetime

from shared import credentials
from shared.gateway.authorizer import lambda_authorizer
from shared.rules.principal import Principal
from shared.store import api_keys


@lambda_authorizer
def handler(bearer: str, at: datetime) -> Principal:
    return credentials.authenticate(bearer, find_api_key=api_keys.find, at=at)
