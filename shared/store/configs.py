"""A client token's config: a separate item, because it may be 16 KB and only init and owners read it.

It is written only when it changes. `revision` is that of the token at that time. The record holds the same number, so
a record is never paired with another config.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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


def find(token: ClientToken) -> Mapping[str, Any]:
    """The newest config of a token that was read without it."""
    item = table.get(key(token.id), at=None) if token.config_revision else None
    return json.loads(item["config"]) if item else {}


def writes(before: ClientToken | None, after: ClientToken) -> list[Write]:
    """Parts of the transaction that turns `before` into `after`. `before`: None for a new token."""
    if after.config_revision == (before.config_revision if before else 0):
        return []
    pk, sk = key(after.id)
    if not after.config_revision:
        return [table.delete_write((pk, sk))]
    config = json.dumps(after.settings.config, separators=(",", ":"), ensure_ascii=False)
    return [table.put_write({"pk": pk, "sk": sk, "config": config, "revision": after.config_revision})]
