"""A target: the checks before it is invoked."""

from datetime import UTC, datetime

import pytest

from shared.errors import NotFound
from shared.rules import target
from shared.rules.input_limits import InputLimits
from shared.rules.target import Target


def made(kind="echo", **settings):
    return Target(id="flow_a", tenant="acme", kind=kind, settings=settings, created_at=datetime.now(UTC))


def test_a_target_that_is_not_registered_is_refused():
    with pytest.raises(NotFound) as refused:
        target.require_available(None)
    assert (refused.value.message, refused.value.code) == ("The assistant is not available.", "target_not_found")
    assert "Register it as a target" in refused.value.hint


@pytest.mark.parametrize("kind", ["step_functions", "answering", "../errors", ""])
def test_an_unknown_kind_is_refused_before_anything_is_loaded(kind):
    with pytest.raises(NotFound) as refused:
        target.require_available(made(kind))
    assert refused.value.code == "target_not_found"
    assert "does not support its kind" in refused.value.hint


def test_input_limits_are_stored_beside_the_settings():
    registered = made("bedrock", model_id="m", max_input_bytes=65_536, attachments=1_000_000)
    assert registered.limits == InputLimits(max_input_bytes=65_536, max_message_bytes=8_192, attachments=1_000_000)
    assert registered.kind_settings == {"model_id": "m"}


def test_unregistered_limits_are_the_defaults():
    assert made().limits == InputLimits(max_input_bytes=32_768, max_message_bytes=8_192, attachments=0)
