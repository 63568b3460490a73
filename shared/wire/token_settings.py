"""The settings of a client token on the wire, and the requests that set them."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from shared.rules import client_token, daily_budget, identifier, origin, token_settings, visitor
from shared.rules.client_token import TokenDraft
from shared.rules.token_settings import Environment, OriginEnforcement, TokenSettings
from shared.wire.request_model import Integer, RequestModel, Timestamp, nested_at_most

# The end of observing is computed, so no request sets it.
_SETTINGS = {field.name for field in fields(TokenSettings)} | {"origin_enforcement"}
CONFIG_BYTES_MAX = 16 * 1024
CONFIG_DEPTH_MAX = 16


def _as_tuple(value: Any) -> Any:
    """Lists become tuples, because a record is immutable."""
    return tuple(value) if isinstance(value, list) else value


def _without_repeats(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries))


def _label(value: str) -> str:
    if not identifier.is_label(value):
        raise PydanticCustomError("wrong_value", "must not contain spaces or control characters")
    return value


def _origin(entry: str) -> str:
    try:
        return origin.normalize(entry)
    except ValueError as error:
        raise PydanticCustomError("invalid_origin", "{reason}", {"reason": str(error)}) from None


def _config(config: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode()) > CONFIG_BYTES_MAX:
        raise PydanticCustomError("out_of_range", f"must be at most {CONFIG_BYTES_MAX // 1024} KB as JSON")
    return config


def _dollars(value: float) -> float:
    if daily_budget.from_microdollars(daily_budget.to_microdollars(value)) != value:
        raise PydanticCustomError("out_of_range", "must have at most six decimals")
    return value


def _immutable(_: Any) -> Any:
    raise PydanticCustomError("immutable", "cannot be changed once the token exists")


Id = Annotated[
    str,
    Field(min_length=1, max_length=identifier.LABEL_MAX, json_schema_extra={"pattern": identifier.LABEL_PATTERN}),
    AfterValidator(_label),
]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_as_tuple), Field(max_length=100), AfterValidator(_without_repeats)]
Origin = Annotated[
    str, Field(json_schema_extra={"minLength": 1, "maxLength": visitor.ORIGIN_LENGTH_MAX}), AfterValidator(_origin)
]
Origins = Annotated[
    tuple[Origin, ...],
    BeforeValidator(_as_tuple),
    Field(min_length=1, max_length=100),
    AfterValidator(_without_repeats),
]
Immutable = Annotated[SkipJsonSchema[Any], BeforeValidator(_immutable)]


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    # Some generators anchor a pattern at the start of the text, others search for it.
    Field(json_schema_extra={"pattern": r"^\s*\S"}),
]
Dollars = Annotated[float, Field(ge=0.01, le=100_000), AfterValidator(_dollars)]
Config = Annotated[dict[str, Any], nested_at_most(CONFIG_DEPTH_MAX), AfterValidator(_config)]

# The default of optional fields. It is never used, because only given fields are read.
_NOT_GIVEN: Any = None


class _Settable(RequestModel):
    """What both create and update may set."""

    name: Name = _NOT_GIVEN
    allowed_origins: Origins = _NOT_GIVEN
    origin_enforcement: OriginEnforcement = _NOT_GIVEN
    flow_ids: Ids = _NOT_GIVEN
    agent_ids: Ids = _NOT_GIVEN
    default_flow_id: Id | None = _NOT_GIVEN
    pin_to_version: Id = _NOT_GIVEN
    target_alias: Id | None = _NOT_GIVEN
    target_version_id: Id | None = _NOT_GIVEN
    rate_limit_per_minute: Annotated[Integer, Field(ge=1, le=1000)] = _NOT_GIVEN
    rate_limit_per_hour: Annotated[Integer, Field(ge=1, le=10_000)] = _NOT_GIVEN
    max_messages_per_session: Annotated[Integer, Field(ge=1, le=1000)] = _NOT_GIVEN
    session_idle_timeout_minutes: Annotated[Integer, Field(ge=1, le=1440)] = _NOT_GIVEN
    daily_budget: Dollars | None = _NOT_GIVEN
    visitor_history: bool = _NOT_GIVEN
    config: Config = _NOT_GIVEN
    expires_at: Timestamp | None = _NOT_GIVEN

    def target_ids(self) -> tuple[str, ...]:
        """The flows and agents that the request names."""
        return (self.flow_ids or ()) + (self.agent_ids or ())

    def changed_fields(self) -> dict[str, Any]:
        """Field name -> value, of each setting in the request."""
        return {name: getattr(self, name) for name in self.model_fields_set if name in _SETTINGS}


class CreateClientToken(_Settable):
    """Fields that are absent or null take the API's default."""

    name: Name
    allowed_origins: Origins
    environment: Environment = "live"
    product_surface_id: Id | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, values: dict[str, Any]) -> dict[str, Any]:
        # An unknown field stays, so that it is reported.
        known = {field.alias for field in cls.model_fields.values()}
        return {name: value for name, value in values.items() if value is not None or name not in known}

    def settings(self, *, at: datetime) -> TokenSettings:
        defaults = TokenSettings(name=self.name, allowed_origins=self.allowed_origins)
        return token_settings.with_changes(defaults, self.changed_fields(), at=at)

    def draft(self, tenant: str, *, at: datetime) -> TokenDraft:
        """Raises InvalidRequest, with every reason, if the settings are inconsistent."""
        return client_token.draft(tenant, self.environment, self.settings(at=at), self.product_surface_id, at=at)


class UpdateClientToken(_Settable):
    """Absent fields keep their values; null clears fields that may be empty."""

    is_active: bool = _NOT_GIVEN
    environment: Immutable = None
    product_surface_id: Immutable = None
