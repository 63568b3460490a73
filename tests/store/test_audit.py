"""The stored audit trail."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.rules import audit
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.client_token import PreviousValue
from shared.rules.token_settings import TokenSettings
from shared.store import audit as store
from tests.aws.item_size import item_bytes
from tests.rules.samples import AT, token

TOKEN = token()
# The character with the most bytes in JSON and in UTF-8.
LETTERS = st.sampled_from(["\x01", "\N{PILE OF POO}", "a", '"'])
LABELS = st.text(LETTERS, min_size=1, max_size=128)
LISTS = st.lists(LABELS, max_size=100, unique=True).map(tuple)
SETTINGS = st.builds(
    TokenSettings,
    name=st.text(LETTERS, min_size=1, max_size=255),
    allowed_origins=LISTS,
    flow_ids=LISTS,
    agent_ids=LISTS,
    default_flow_id=st.none() | LABELS,
    pin_to_version=LABELS,
    target_alias=st.none() | LABELS,
    target_version_id=st.none() | LABELS,
    rate_limit_per_minute=st.integers(1, 1000),
    is_active=st.booleans(),
    expires_at=st.none() | st.just(AT),
)


@given(st.none() | SETTINGS, SETTINGS, st.integers(0, 5))
def test_no_record_is_larger_than_8_kb(before, after, previous):
    ends = tuple(PreviousValue(digest="d", jti="j", valid_until=AT) for _ in range(previous))
    old = before and replace(TOKEN, settings=before, previous_values=ends)
    new = replace(TOKEN, settings=after, product_surface_id="\N{PILE OF POO}" * 128)
    context = AuditContext(
        tenant="\N{PILE OF POO}" * 128, actor="user_" + "x" * 64, address="2001:db8::1" * 4, request_id="r" * 64, at=AT
    )
    record = AuditRecord(
        context=context, action="regenerate", subject="ct_" + "0" * 26, changes=audit.changes(old, new)
    )
    assert item_bytes(store.record_write(record)["Put"]["Item"]) <= 8 * 1024
