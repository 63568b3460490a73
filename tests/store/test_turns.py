"""What the store makes of a turn that is there already."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Unauthenticated
from shared.store import turns
from shared.store.table import ConditionFailed

EXPIRY = datetime(2027, 1, 31, 12, tzinfo=UTC)
STORED = {
    "pk": "CONVERSATION#conv_1",
    "sk": "MESSAGE#2027-01-29T12:00:00.000Z#abcdef",
    "id": "usr_1",
    "text": "Hello",
    "at": "2027-01-29T12:00:00.000Z",
    "attempts": 1,
    "holder": "a",
    "leased_until": "2027-01-29T12:00:30.000Z",
    "expires_at": int(EXPIRY.timestamp()),
}


def test_turn_is_used_until_it_expires():
    """DynamoDB deletes it later."""
    failure = ConditionFailed(STORED, 0)
    assert turns._from_failure(failure, EXPIRY - timedelta(milliseconds=1)).message.id == "usr_1"
    for at in (EXPIRY, EXPIRY + timedelta(hours=1)):
        with pytest.raises(Unauthenticated):
            turns._from_failure(failure, at)
    with pytest.raises(Unauthenticated):
        turns._from_failure(ConditionFailed(None, 0), EXPIRY - timedelta(days=1))
