"""A client token's config: a separate item, because it may be 16 KB and only init and owners read it.

It is written only when it changes. `revision` is that of the token at that time. The record holds the same number, so
a record is never paired with another config.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from shared.rules.client_token import ClientToken
from shared.store import table
from shared.store.table import Item, Key, Write


def key(token_id: str) -> Key:
    return f"TOKEN#{token_id}", "CONFIG"


def matches(token: ClientToken, item: Item | None) -> bool:
    """Whether this is the config of exactly this revision of the token."""
    return token.config_revision == (item["revision"] if item else 0)


def with_config(token: ClientToken, item: Item | None) -> ClientToken:
    """The token with its config."""
    config = json.loads(item["config"]) if item else {}
    return replace(token, settings=replace(token.settings, config=config))


def complete(token: ClientToken, found: Mapping[Key, Item]) -> ClientToken:
    """The token with its config. `found`: items from an eventually consistent read of `keys`."""
    item = found.get(key(token.id))
    if not matches(token, item):
        # It changed a moment ago.
        item = table.read(keys(token), is_consistent=True, at=None).get(key(token.id))
    return with_config(token, item)


def keys(token: ClientToken) -> list[Key]:
    """Of the token's config, if it has one."""
    return [key(token.id)] if token.config_revision else []


def writes(before: ClientToken | None, after: ClientToken) -> list[Write]:
    """Parts of the transaction that turns `before` into `after`. `before`: None for a new token."""
    if after.config_revision == (before.config_revision if before else 0):
        return []
    pk, sk = key(after.id)
    if not after.config_revision:
        return [table.delete_write((pk, sk))]
    config = json.dumps(after.settings.config, separators=(",", ":"), ensure_ascii=False)
    return [table.put_write({"pk": pk, "sk": sk, "config": config, "revision": after.config_revision})]
