"""The data that `make run KEEP=1` saves: the table's items, the signing keys, and the tenant of the greeting."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

from infra.local import access, owner_only
from infra.local.call import ACCOUNT
from infra.local.moto_patches import DYNAMODB_LOCK

_VERSION = 1

Seeds = Mapping[str, str]


class NotReadable(Exception):  # noqa: N818 - an answer to the developer
    """The saved state cannot be used; the message says what to do."""


class SavedState:
    """A file that only its owner can read, because it contains an API key and the signing keys."""

    def __init__(self, file: Path) -> None:
        """Raises NotReadable. Without a file, nothing has been saved yet."""
        self.file = file
        self._read = self._from_file()

    @property
    def seeds(self) -> Seeds | None:
        """The initial data that the last start printed."""
        seeds: Seeds | None = self._read["seeds"]
        return seeds

    def restore(self, table: str) -> None:
        """Restores the data into moto in this process."""
        for key_id, material in self._read["keys"].items():
            _add_key(key_id, base64.b64decode(material))
        stored = dynamodb_backends[ACCOUNT][access.REGION].get_table(table)
        for item in self._read["items"]:
            stored.put_item(item)

    def save(self, table: str, seeds: Seeds) -> None:
        with DYNAMODB_LOCK:
            stored = dynamodb_backends[ACCOUNT][access.REGION].get_table(table)
            items = [item.to_json()["Attributes"] for items in stored.items.values() for item in items.values()]
            written = json.dumps(items)
        # Each start creates a key. Keys that signed no remaining token are dropped.
        keys = {
            key.id: base64.b64encode(key.key_material).decode()
            for key in kms_backends[ACCOUNT][access.REGION].keys.values()
            if key.id in written
        }
        kept = {"version": _VERSION, "seeds": dict(seeds), "keys": keys, "items": items}
        owner_only.write(self.file, json.dumps(kept) + "\n")

    def _from_file(self) -> dict[str, Any]:
        try:
            read = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"seeds": None, "keys": {}, "items": []}
        except (OSError, ValueError) as error:
            raise NotReadable(f"{self.file} cannot be read ({error}). Remove it, or start without KEEP=1.") from error
        if not isinstance(read, dict) or read.get("version") != _VERSION:
            raise NotReadable(f"{self.file} is of another version. Remove it, or start without KEEP=1.")
        return read


def _add_key(key_id: str, material: bytes) -> None:
    backend = kms_backends[ACCOUNT][access.REGION]
    key = backend.create_key(None, "GENERATE_VERIFY_MAC", "HMAC_256", "Kept from an earlier start", None)
    del backend.keys[key.id]
    key.arn = key.arn.replace(key.id, key_id)
    key.id, key.key_material = key_id, material
    backend.keys[key_id] = key
