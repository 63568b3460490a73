"""A target: the checks before it is invoked."""

from datetime import UTC, datetime

import pytest

from shared.errors import NotFound
from shared.rules import client_tools, target
from shared.rules.client_tools import ClientTool
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


PRICES = {"input_price": "1", "output_price": "2", "max_tokens": 1, "max_input_bytes": 1}


class TestWorstCase:
    @pytest.mark.parametrize(
        ("settings", "more"),
        [({"max_tokens": 2}, 2_000_000), ({"max_input_bytes": 2}, 1_000_000), ({"system_prompt": "é"}, 2_000_000)],
    )
    def test_counts_prompt_input_and_output(self, settings, more):
        bare = made("bedrock", **PRICES).worst_case
        assert made("bedrock", **PRICES | settings).worst_case == bare + more

    @pytest.mark.parametrize(
        ("kind", "settings"),
        [
            pytest.param("bedrock", {}, id="no price"),
            pytest.param("aws_lambda", {"input_price": "1"}, id="no limit of output"),
            pytest.param("bedrock", {"input_price": "1", "attachments": 1}, id="attachments"),
        ],
    )
    def test_is_unknown_if_the_cost_has_no_limit(self, kind, settings):
        assert made(kind, **settings).worst_case is None

    def test_tools_count_once_because_they_are_input(self):
        """Their definitions count toward max_input_bytes, which is in the worst case already."""
        target, tools = made("bedrock", **PRICES), [ClientTool("ask", "x" * size, {}) for size in (1, 9000)]
        short, long = (target.worst_case_with(client_tools.overhead([one])) for one in tools)
        assert target.worst_case < short == long

    def test_of_a_function_is_its_price_per_call(self):
        assert made("aws_lambda", call_price="0.01", attachments=1).worst_case == 10**10
