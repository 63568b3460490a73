"""A client token that sets everything, and what it is made of."""

from datetime import UTC, datetime, timedelta

from shared.rules import token_value
from shared.rules.client_token import ClientToken
from shared.rules.token_settings import TokenSettings

ORIGIN = "https://app.example.com"
AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)
VALUE = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1"
SETTINGS = TokenSettings(
    name="Shop",
    allowed_origins=(ORIGIN, "*"),
    flow_ids=("flow_1", "flow_2"),
    agent_ids=("agent_1",),
    default_flow_id="flow_1",
    target_version_id="agentver_1",
    rate_limit_per_minute=1,
    rate_limit_per_hour=2,
    max_messages_per_session=3,
    session_idle_timeout_minutes=4,
    daily_budget=0.5,
    visitor_history=False,
    config={"theme": {"mode": "dark"}, "snake_case": 1},
    is_active=False,
    expires_at=datetime(2027, 1, 31, tzinfo=UTC),
    observe_until=AT + timedelta(days=14),
)


def token(settings=SETTINGS, previous_values=()):
    claims = token_value.claims(issuer="i", subject="ct_1", environment="test", at=AT, random_bytes=bytes)
    return ClientToken(
        id="ct_1",
        tenant="tenant-1",
        environment="test",
        product_surface_id="surface_1",
        settings=settings,
        issued_value=token_value.issued_value(VALUE, claims, KEY_ARN),
        previous_values=previous_values,
        created_at=AT,
        updated_at=AT + timedelta(minutes=1),
    )
