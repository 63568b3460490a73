"""Revoking a tenant's access and deleting a conversation on the command line."""

import json
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import uuid4

import boto3
import pytest

from infra.cli import output
from infra.local.access import REGION
from shared import signer
from shared.errors import NotFound
from shared.rules import identifier, turn
from shared.rules.answer import Ending
from shared.rules.audit import AuditContext
from shared.rules.client_token import ClientToken
from shared.rules.feedback import Feedback
from shared.rules.price import PICODOLLARS
from shared.rules.session import mint
from shared.rules.target_request import Message
from shared.rules.token_settings import TokenSettings
from shared.store import (
    api_keys,
    client_tokens,
    conversation_list,
    daily_budgets,
    feedback,
    sessions,
    table,
    token_creation,
    token_writes,
    turns,
)
from shared.store.token_writes import PendingWrite
from tests.aws.in_memory import STACK
from tests.aws.network import refusal
from tests.functions.stored import left

# The caller's ARN in moto.
WHO = "arn:aws:sts::123456789012:user/moto"
AT = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)


def context(tenant):
    return AuditContext(tenant=tenant, actor="key_1", address="192.0.2.1", request_id=str(uuid4()), at=AT)


def make_token(tenant, name="Web", environment="live", daily_budget=None):
    token_id = identifier.new("ct", AT, token_bytes)
    _, issued_value = signer.issue(token_id, environment, at=AT, random_bytes=token_bytes)
    token = ClientToken(
        id=token_id,
        tenant=tenant,
        environment=environment,
        product_surface_id=None,
        settings=TokenSettings(name=name, allowed_origins=("*",), daily_budget=daily_budget),
        issued_value=issued_value,
        created_at=AT,
        updated_at=AT,
    )
    token_creation.create(PendingWrite(token, None), context(tenant))
    return token


def is_active(token):
    return client_tokens.get(token.tenant, token.id)[0].settings.is_active


def everything():
    pages = boto3.client("dynamodb", region_name=REGION).get_paginator("scan").paginate(TableName=table.name())
    return [item for page in pages for item in page["Items"]]


class TestTokens:
    def test_list_shows_the_key_that_signed_each_token(self, operate):
        token = make_token("tokens-list", "Shop", "test")
        (listed,) = json.loads(operate("tokens", "list", "--tenant", "tokens-list", "--json").out)
        assert listed == {
            "id": token.id,
            "name": "Shop",
            "environment": "test",
            "isActive": True,
            "dailyBudget": None,
            "spentToday": None,
            "createdAt": "2027-01-31T12:00:00.000Z",
            "signingKeyArn": STACK.outputs["SigningKeyArn"],
        }
        head, line = operate("tokens", "list", "--tenant", "tokens-list").out.splitlines()
        assert head.split("  ")[0] == "ID"
        assert line.split() == [token.id, "Shop", "test", "yes", listed["createdAt"], "-", line.split()[-1]]
        assert STACK.outputs["SigningKeyArn"].endswith(line.split()[-1])

    def test_control_characters_in_a_name_are_escaped(self, operate):
        make_token("tokens-named", "Shop\x1b[2J\nct_fake  \u202eevil")
        _, line = operate("tokens", "list", "--tenant", "tokens-named").out.splitlines()
        assert "Shop\\x1b[2J\\nct_fake  \\u202eevil" in line

    def test_list_shows_what_is_spent_of_a_daily_budget(self, operate):
        token = make_token("tokens-budget", daily_budget=2.5)
        now, cent = datetime.now(UTC), PICODOLLARS // 100
        made = daily_budgets.reserve(token.id, turn.lease("holder", now), worst_case=50 * cent, most=250 * cent, at=now)
        daily_budgets.settle(made, 7 * cent)
        (listed,) = json.loads(operate("tokens", "list", "--tenant", "tokens-budget", "--json").out)
        assert (listed["dailyBudget"], listed["spentToday"]) == (2.5, 0.07)
        assert "0.07 of 2.5" in operate("tokens", "list", "--tenant", "tokens-budget").out

    def test_empty_list_prints_nothing_to_standard_output(self, operate):
        shown = operate("tokens", "list", "--tenant", "tokens-none")
        assert (shown.status, shown.out, shown.err) == (0, "", "Tenant tokens-none has no client tokens.\n")


class TestTenants:
    def test_revoke_ends_only_the_keys_and_tokens_of_the_tenant(self, operate):
        for name in ("CI", "Dashboard"):
            operate("keys", "create", "--tenant", "tenant-gone", "--name", name)
        operate("keys", "create", "--tenant", "tenant-stays", "--name", "CI")
        gone, stays = make_token("tenant-gone"), make_token("tenant-stays")
        done = operate("tenants", "revoke", "--yes", "--tenant", "tenant-gone")
        assert (done.status, done.out) == (0, "")
        assert done.err.splitlines()[3:5] == [
            "Revoked 2 API keys of tenant tenant-gone.",
            "Switched off 1 client token of tenant tenant-gone. Their sessions have ended.",
        ]
        gone_keys, stays_keys = (
            [key["revokedAt"] for key in json.loads(operate("keys", "list", "--tenant", tenant, "--json").out)]
            for tenant in ("tenant-gone", "tenant-stays")
        )
        assert (len(gone_keys), all(gone_keys), stays_keys) == (2, True, [None])
        assert (is_active(gone), is_active(stays)) == (False, True)

    def test_revoke_is_audited_per_token(self, operate):
        tokens = [make_token("tenant-traced") for _ in range(2)]
        operate("tenants", "revoke", "--yes", "--tenant", "tenant-traced")
        trail = json.loads(operate("audit", "--json", "--tenant", "tenant-traced").out)
        switched_off = [one for one in trail if one["action"] == "update"]
        assert {one["subject"] for one in switched_off} == {token.id for token in tokens}
        for one in switched_off:
            assert (one["actor"], one["changes"]) == (WHO, {"isActive": [True, False]})

    def test_revoke_overwrites_no_token_with_a_forged_item(self, operate):
        """A function that may write sessions can place a copy of a token in the index."""
        token = make_token("tenant-intruded")
        record = table.get(client_tokens.key(token.id), at=None)
        listing = {"listing_pk": "TENANT#tenant-intruded", "listing_sk": f"TOKEN#{token.id}"}
        table.put(record | listing | {"pk": "SESSION#intruder", "digest": "0" * 64, "allowed_origins": ["*"]})
        operate("tenants", "revoke", "--yes", "--tenant", "tenant-intruded")
        assert table.get(client_tokens.key(token.id), at=None)["digest"] == token.issued_value.digest
        assert not is_active(token)

    def test_second_revoke_finds_nothing(self, operate):
        make_token("tenant-twice")
        operate("tenants", "revoke", "--yes", "--tenant", "tenant-twice")
        before = everything()
        again = operate("tenants", "revoke", "--yes", "--tenant", "tenant-twice")
        assert (again.status, again.out) == (0, "")
        assert again.err == (
            "Nothing of tenant tenant-twice is left to revoke: no API key of it works, and its client tokens are off.\n"
        )
        assert everything() == before

    def test_revoke_of_an_unknown_tenant_asks_for_the_name(self, operate):
        refused = operate("tenants", "revoke", "--yes", "--tenant", "tenant-nosuch")
        assert (refused.status, refused.out) == (1, "")
        assert refused.err == ("Error: Tenant tenant-nosuch has no API keys and no client tokens: is the name right?\n")

    def test_key_revoked_by_someone_else_is_not_counted(self, operate, at_call):
        for name in ("CI", "Dashboard"):
            operate("keys", "create", "--tenant", "tenant-raced", "--name", name)
        first, _ = api_keys.list_by_tenant("tenant-raced", at=AT)
        at_call(3, lambda: api_keys.revoke(first, at=AT, listed_until=AT))
        done = operate("tenants", "revoke", "--yes", "--tenant", "tenant-raced")
        assert (done.status, done.err.splitlines()[3]) == (0, "Revoked 1 API key of tenant tenant-raced.")
        assert all(key.revoked_at for key in api_keys.list_by_tenant("tenant-raced", at=AT))

    def test_token_deleted_by_someone_else_is_not_counted(self, operate, at_call):
        first, second = (make_token("tenant-deleting") for _ in range(2))
        at_call(4, lambda: token_writes.delete(first, context=context("tenant-deleting"), expected_revisions=None))
        done = operate("tenants", "revoke", "--yes", "--tenant", "tenant-deleting")
        said = "Switched off 1 client token of tenant tenant-deleting. Their sessions have ended."
        assert (done.status, done.err.splitlines()[1]) == (0, said)
        assert not is_active(second)
        with pytest.raises(NotFound):
            is_active(first)

    def test_revoke_reports_its_progress(self, operate, monkeypatch):
        monkeypatch.setattr(output, "_REPORTED_EVERY", 2)
        tokens = [make_token("tenant-many") for _ in range(5)]
        said = operate("tenants", "revoke", "--yes", "--tenant", "tenant-many").err.splitlines()
        assert said[3:5] == [f"Switching off client tokens: {number} of 5 so far." for number in (2, 4)]
        assert not any(is_active(token) for token in tokens)


@pytest.fixture
def talk():
    """`talk("tenant", 3)`: a conversation of this many messages, each with an answer, and feedback; returns its id."""

    def talk(tenant, messages=1):
        token = make_token(tenant)
        _, session = mint(token, jti="j", target_id="flow_a", origin="", at=AT, random_bytes=token_bytes)
        sessions.save(session)
        for number in range(messages):
            said = Message(id=f"usr_{number}", role="user", text="My name is Ada", at=AT)
            current = sessions.find(session.digest, at=AT)
            begun = turns.begin(current, token, said, turn.lease(f"{number}", AT), stored=None, at=AT)
            turns.complete(current, turn.answered(begun, f"ast_{number}", "Hi Ada", Ending()))
        given = Feedback(type="upvote", message_id="ast_0", rating=None, comment="Ada")
        feedback.put(session, None, given, at=AT)
        return token, session.conversation_id

    return talk


class TestConversations:
    @pytest.mark.parametrize("messages", [1, 60])
    def test_delete_leaves_nothing_behind(self, operate, talk, messages):
        token, gone = talk("talk-gone", messages)
        _, stays = talk("talk-gone")
        done = operate("conversations", "delete", "--yes", "--tenant", "talk-gone", gone)
        items = messages + 2
        assert (done.status, done.out) == (0, "")
        assert done.err == (
            f"Conversation {gone} of tenant talk-gone will be deleted for good: {items} items of the table.\n"
            f"Deleted conversation {gone} of tenant talk-gone: {items} items of the table.\n"
        )
        written = [item for item in everything() if not item["pk"]["S"].startswith(("AUDIT#", "SESSION#"))]
        found = [item for item in written if gone in json.dumps(item)]
        assert {name for item in found for name in item} == {"pk", "sk", "is_gone", "tenant", "expires_at"}
        assert stays in json.dumps(written)
        assert conversation_list.page(token.id, 0, 10, flow_id=None, after=None, at=datetime.now(UTC)) == ([], None)

    def test_conversation_of_another_tenant_is_not_touched(self, operate, talk):
        _, conversation_id = talk("talk-mine")
        before = everything()
        refused = operate("conversations", "delete", "--yes", "--tenant", "talk-theirs", conversation_id)
        assert refused.status == 1
        assert refused.err == f"Error: Tenant talk-theirs has no conversation {conversation_id}.\n"
        assert everything() == before

    def test_conversation_of_a_deleted_token_belongs_to_its_tenant(self, operate, talk):
        token, conversation_id = talk("talk-orphan")
        token_writes.delete(token, context=context("talk-orphan"), expected_revisions=None)
        before = everything()
        refused = operate("conversations", "delete", "--yes", "--tenant", "talk-theirs", conversation_id)
        said = f"Error: Tenant talk-theirs has no conversation {conversation_id}.\n"
        assert (refused.status, refused.err) == (1, said)
        assert everything() == before
        assert operate("conversations", "delete", "--yes", "--tenant", "talk-orphan", conversation_id).status == 0
        again = operate("conversations", "delete", "--yes", "--tenant", "talk-orphan", conversation_id)
        assert again.status == 1

    def test_feedback_without_messages_belongs_to_its_tenant(self, operate, talk):
        """A visitor may leave feedback without a message."""
        _, conversation_id = talk("talk-rated", 0)
        refused = operate("conversations", "delete", "--yes", "--tenant", "talk-theirs", conversation_id)
        assert refused.err == f"Error: Tenant talk-theirs has no conversation {conversation_id}.\n"
        assert operate("conversations", "delete", "--yes", "--tenant", "talk-rated", conversation_id).status == 0
        assert left(conversation_id) == []

    def test_interrupted_deletion_is_audited(self, operate, talk, at_call):
        _, conversation_id = talk("talk-cut", 60)

        def fail():
            return refusal("AccessDeniedException", "simulated", 400)

        # After the conversation was read three times and marked, and its first turns are gone.
        at_call(14, fail)
        cut = operate("conversations", "delete", "--yes", "--tenant", "talk-cut", conversation_id)
        assert cut.status == 1
        trail = json.loads(operate("audit", "--json", "--tenant", "talk-cut").out)
        assert ("delete_conversation", conversation_id) in [(one["action"], one["subject"]) for one in trail]
        assert 0 < len(left(conversation_id)) < 60

    def test_invalid_id_is_refused_before_any_call(self, operate):
        refused = operate("conversations", "delete", "--yes", "all")
        assert refused.status == 2
        assert "This is not the id of a conversation" in refused.err
