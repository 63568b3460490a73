"""The messages of the FastAPI application."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


Identifier = Annotated[str, Field(min_length=1, max_length=128)]


class TokenSettings(Model):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    allowed_origins: Annotated[list[str], Field(min_length=1, max_length=100)]
    flow_ids: Annotated[list[Identifier], Field(max_length=100)] = []
    agent_ids: Annotated[list[Identifier], Field(max_length=100)] = []
    default_flow_id: Identifier | None = None
    environment: Literal["live", "test"] = "live"
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    rate_limit_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_messages_per_session: Annotated[int, Field(ge=1, le=1000)] = 100
    session_idle_timeout_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    config: dict[str, Any] = {}


class Token(TokenSettings):
    id: str
    is_active: bool = True
    token_prefix: str
    token_hint: str
    conversation_count: int = 0
    created_at: datetime
    updated_at: datetime


class TokenFound(Model):
    client_token: Token


class TokenCreated(TokenFound):
    token: str


class Init(Model):
    token: str
    flow_id: str | None = None


class SessionOpened(Model):
    session_id: str
    expires_at: datetime
    conversation_id: str
    config: dict[str, Any]


class Message(Model):
    id: str
    role: str
    content: str


class Chat(Model):
    session_id: str
    messages: Annotated[list[Message], Field(min_length=1)]
    assistant_message_id: str
