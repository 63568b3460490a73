"""What a run of `doctor` creates in a tenant: an API key, an echo target, and through the API a token. All go again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

from infra.cli import audit_records
from infra.cli.errors import sentence
from shared.aws.client import AwsError
from shared.errors import ApiError, Conflict, NotFound
from shared.rules import api_key, identifier
from shared.rules.api_key import ApiKey
from shared.rules.audit import AuditContext
from shared.rules.target import Target
from shared.store import api_keys, audit, client_tokens, conversation_deletion, targets, token_writes

# Longer than a run. If the key cannot be deleted, it ends by itself.
_KEY_EXPIRES_AFTER = timedelta(minutes=15)
# AWS refuses requests of an operator whose clock differs by more.
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(slots=True)
class Trial:
    """`context`: the operator's, of this run. `target_id`: what the token names; None for an echo of its own.

    `conversation_id`: once it may exist.
    """

    context: AuditContext
    target_id: str | None
    key_value: str = field(default="", repr=False)
    key: ApiKey | None = None
    echo: Target | None = None
    conversation_id: str | None = None

    @property
    def tenant(self) -> str:
        return self.context.tenant

    def create(self) -> ApiKey:
        """Returns the key. Raises errors of the store."""
        at = self.context.at
        # In whole seconds, as in the table.
        expires_at = at.replace(microsecond=0) + _KEY_EXPIRES_AFTER
        scopes = ("tokens:read", "tokens:write")
        value, key = api_key.mint(self.tenant, "doctor", scopes, at=at, expires_at=expires_at, random_bytes=token_bytes)
        # First, because a write may succeed although its answer is lost.
        self.key, self.key_value = key, value
        api_keys.add(key, audit_records.record(self.context, "create_key", key.id))
        if self.target_id is None:
            self.target_id = identifier.new("flow", at, token_bytes)
            self.echo = Target(id=self.target_id, tenant=self.tenant, kind="echo", settings={}, created_at=at)
            targets.register(self.echo, audit_records.record(self.context, "register_target", self.echo.id))
        return key

    def delete(self) -> list[str]:
        """Deletes what is there, whatever was created. Returns a sentence for each thing that is left."""
        left: list[str] = []
        for what, delete in self._deletions():
            try:
                with suppress(NotFound):
                    delete()
            except (ApiError, AwsError) as error:
                left.append(f"{what} may be left: {sentence(error)}")
        return left

    def _deletions(self) -> Iterator[tuple[str, Callable[[], object]]]:
        if conversation_id := self.conversation_id:
            yield f"Conversation {conversation_id}", lambda: self._delete_conversation(conversation_id)
        if self.key:
            yield "A client token of this run", self._delete_tokens
        if echo := self.echo:
            yield f"Target {echo.id}", lambda: self._remove_target(echo)
        if key := self.key:
            yield f"API key {key.id} (it expires by {key.expires_at:%H:%M} UTC)", lambda: self._revoke(key)

    def _delete_conversation(self, conversation_id: str) -> None:
        record = audit_records.record(self._now(), "delete_conversation", conversation_id)
        conversation_deletion.delete(self.tenant, conversation_id, record, at=datetime.now(UTC))

    def _delete_tokens(self) -> None:
        """Those that the key has created: the answer with a token's id may have been lost."""
        key_id = self.key and self.key.id
        since = self.context.at - _CLOCKS_DIFFER
        records = audit.query(self.tenant, None, since=since, until=None, at=datetime.now(UTC))
        for record in [one for one in records if one.action == "create" and one.context.actor == key_id]:
            with suppress(NotFound):
                token = client_tokens.get_record(self.tenant, record.subject)
                token_writes.delete(token, context=self._now(), expected_revisions=None)

    def _remove_target(self, target: Target) -> None:
        # If it was never registered, there is nothing to remove.
        with suppress(Conflict):
            targets.remove(target, audit_records.record(self._now(), "remove_target", target.id))

    def _revoke(self, key: ApiKey) -> None:
        """It stays in no list."""
        now = self._now()
        api_keys.revoke(key, audit_records.record(now, "revoke_key", key.id), at=now.at, listed_until=now.at)

    def _now(self) -> AuditContext:
        return replace(self.context, at=datetime.now(UTC))
