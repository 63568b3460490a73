"""All eight methods of the SDK's generated client work, and it raises its own typed errors."""

import pytest
from runtype._generated.errors import BadRequestError, ForbiddenError, NotFoundError, UnauthorizedError

SEED = {"name": "Web Client Token", "allowed_origins": ["https://app.example.com"]}
UNKNOWN = "ct_00000000000000000000000000"


@pytest.fixture
def created(sdk):
    return sdk.create_client_token(**SEED)


def test_create_returns_the_documented_defaults(created):
    token = created.client_token
    assert created.token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")
    assert token.token_value == created.token
    assert (token.environment, token.pin_to_version, token.config, token.is_active) == ("live", "latest", {}, True)
    assert (token.rate_limit_per_minute, token.rate_limit_per_hour) == (10, 100)
    assert (token.max_messages_per_session, token.session_idle_timeout_minutes) == (100, 30)
    assert [warning.type for warning in created.warnings] == ["no_target"]


def test_create_accepts_every_argument(sdk):
    created = sdk.create_client_token(
        **SEED,
        flow_ids=["flow_demo"],
        agent_ids=[],
        default_flow_id="flow_demo",
        environment="test",
        pin_to_version="published",
        rate_limit_per_minute=20.0,
        rate_limit_per_hour=200.0,
        max_messages_per_session=50.0,
        session_idle_timeout_minutes=15.0,
        config={"welcomeMessage": "Hello", "theme": {"mode": "dark"}},
        product_surface_id="surface_1",
    )
    token = created.client_token
    assert (token.default_flow_id, token.environment, token.rate_limit_per_minute) == ("flow_demo", "test", 20)
    assert token.config == {"welcomeMessage": "Hello", "theme": {"mode": "dark"}}


def test_get_returns_the_token_and_its_value(sdk, created):
    assert sdk.get_client_token(created.client_token.id).client_token.name == SEED["name"]
    assert sdk.get_client_token_value(created.client_token.id).token == created.token


def test_list_works_with_and_without_pages(sdk, created):
    whole = sdk.list_client_tokens()
    assert whole.pagination is None
    assert whole.client_tokens[0].id == created.client_token.id
    page = sdk.list_client_tokens(limit="1", offset="0")
    assert [token.id for token in page.client_tokens] == [created.client_token.id]
    assert (page.pagination.limit, page.pagination.offset, page.pagination.has_more) == (1, 0, True)


def test_update_changes_only_the_given_fields(sdk, created):
    answer = sdk.update_client_token(
        created.client_token.id, name="Renamed", rate_limit_per_minute=7.0, is_active=False
    )
    assert (answer.client_token.name, answer.client_token.rate_limit_per_minute) == ("Renamed", 7)
    assert answer.client_token.is_active is False
    assert answer.client_token.allowed_origins == SEED["allowed_origins"]


def test_regenerate_returns_a_new_value(sdk, created):
    answer = sdk.regenerate_client_token(created.client_token.id)
    assert answer.token != created.token
    assert answer.message
    assert sdk.get_client_token_value(created.client_token.id).token == answer.token


def test_conversations_are_listed_in_pages(sdk, created):
    answer = sdk.list_conversations_for_client_token(
        created.client_token.id, limit="5", offset="0", flow_id="flow_demo"
    )
    assert answer.conversations == []
    assert (answer.pagination.limit, answer.pagination.has_more) == (5, False)


def test_delete_removes_the_token(sdk, created):
    assert sdk.delete_client_token(created.client_token.id).success is True
    with pytest.raises(NotFoundError):
        sdk.get_client_token(created.client_token.id)


def test_400_raises_bad_request_error(sdk, created):
    with pytest.raises(BadRequestError) as refused:
        sdk.create_client_token(name="x", allowed_origins=["https://app.example.com/path"])
    assert refused.value.body["details"][0]["path"] == "allowedOrigins[0]"
    with pytest.raises(BadRequestError):
        sdk.update_client_token(created.client_token.id, rate_limit_per_minute=10.5)
    with pytest.raises(BadRequestError):
        sdk.list_client_tokens(limit="0")


def test_401_raises_unauthorized_error(sdk_for):
    for credential in ("garbled", "ctk_" + "0" * 38):
        with pytest.raises(UnauthorizedError) as refused:
            sdk_for(credential).list_client_tokens()
        assert refused.value.body["code"] == "unauthenticated"


def test_403_raises_forbidden_error(sdk_for, operate, created):
    reader = sdk_for(operate("keys", "create", "--tenant", "demo", "--name", "reader", "--scopes", "tokens:read"))
    assert reader.get_client_token(created.client_token.id)
    for refused in (
        lambda: reader.create_client_token(**SEED),
        lambda: reader.delete_client_token(created.client_token.id),
        lambda: reader.get_client_token_value(created.client_token.id),
    ):
        with pytest.raises(ForbiddenError):
            refused()


def test_404_raises_not_found_error(sdk, sdk_for, operate, created):
    with pytest.raises(NotFoundError):
        sdk.update_client_token(UNKNOWN, name="x")
    with pytest.raises(NotFoundError):
        sdk.create_client_token(**SEED, flow_ids=["flow_nobody_registered"])
    stranger = sdk_for(operate("keys", "create", "--tenant", "stranger", "--name", "other"))
    with pytest.raises(NotFoundError):
        stranger.get_client_token(created.client_token.id)
