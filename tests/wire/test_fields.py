"""Which values each setting of a client token accepts, and which it rejects."""

import json
from datetime import UTC, datetime

import pytest

from shared.errors import InvalidRequest
from shared.wire.regeneration import RegenerateClientToken
from shared.wire.token_settings import CreateClientToken, UpdateClientToken
from tests.rules.samples import ORIGIN
from tests.wire.samples import IDS, LEAST, LIMITS, given_of, read, reasons, to_camel

WHOLE_NUMBERS = [
    *((CreateClientToken, field, 1, most) for field, most in LIMITS.items()),
    *((UpdateClientToken, field, 1, most) for field, most in LIMITS.items()),
    (RegenerateClientToken, "gracePeriodSeconds", 0, 604_800),
]
BOUNDED = pytest.mark.parametrize(("message", "field", "least", "most"), WHOLE_NUMBERS)
WHOLE = pytest.mark.parametrize(("message", "field"), [(message, field) for message, field, *_ in WHOLE_NUMBERS])
BOTH = pytest.mark.parametrize("message", [CreateClientToken, UpdateClientToken])


class TestWholeNumbers:
    def value(self, message, field, number):
        body = (LEAST if message is CreateClientToken else {}) | {field: number}
        [name] = [name for name in message.model_fields if to_camel(name) == field]
        return getattr(message.read(json.dumps(body)), name)

    @BOUNDED
    def test_bounds_are_inclusive(self, message, field, least, most):
        assert self.value(message, field, least) == least
        assert self.value(message, field, most) == most

    @BOUNDED
    def test_number_just_out_of_bounds_is_refused(self, message, field, least, most):
        assert reasons(message, **{field: least - 1}) == [(field, "out_of_range")]
        assert reasons(message, **{field: most + 1}) == [(field, "out_of_range")]
        assert reasons(message, **{field: float(most + 1)}) == [(field, "out_of_range")]

    @WHOLE
    def test_integral_float_is_read_as_an_integer(self, message, field):
        """Generated clients send floats. A float in a response would break them."""
        value = self.value(message, field, 10.0)
        assert (value, type(value)) == (10, int)

    @WHOLE
    def test_other_values_are_not_whole_numbers(self, message, field):
        for value in (10.5, 1e-9, True, False, "10", "", [10], {"value": 10}):
            assert reasons(message, **{field: value}) == [(field, "wrong_type")], value
        for value in (1e308, -1e308, 10**299, -1):
            assert reasons(message, **{field: value}) == [(field, "out_of_range")], value


@BOTH
class TestNames:
    @pytest.mark.parametrize(
        ("name", "stored"),
        [
            ("x", "x"),
            ("x" * 255, "x" * 255),
            ("\U0001f600" * 255, "\U0001f600" * 255),
            ("  Shop \t\n", "Shop"),
            (" " * 300 + "x" * 255 + " " * 300, "x" * 255),
            ("My  Shop", "My  Shop"),
        ],
        ids=lambda text: text[:8],
    )
    def test_a_name_is_trimmed_and_then_has_up_to_255_characters(self, message, name, stored):
        assert given_of(message, name=name) == stored

    @pytest.mark.parametrize("name", ["", " ", "\t\n", "x" * 256, "\U0001f600" * 256], ids=lambda text: text[:8])
    def test_a_name_that_is_empty_or_too_long_is_refused(self, message, name):
        assert reasons(message, name=name) == [("name", "out_of_range")]

    @pytest.mark.parametrize("name", [5, True, ["Shop"], {}])
    def test_name_must_be_text(self, message, name):
        assert reasons(message, name=name) == [("name", "wrong_type")]


@BOTH
class TestIds:
    @pytest.mark.parametrize("field", IDS)
    @pytest.mark.parametrize("value", ["x", "x" * 128, "flow_01k7-A.b:c/d", "fl\u00f6w"], ids=lambda text: text[:8])
    def test_an_id_has_up_to_128_characters(self, message, field, value):
        assert given_of(message, **{field: value}) == value
        assert given_of(message, flowIds=[value]) == (value,)

    @pytest.mark.parametrize("field", IDS)
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ("", "out_of_range"),
            ("x" * 129, "out_of_range"),
            ("a b", "wrong_value"),
            (" a", "wrong_value"),
            ("a ", "wrong_value"),
            ("a\n", "wrong_value"),
            ("a\tb", "wrong_value"),
            ("a\0b", "wrong_value"),
            ("a\x7fb", "wrong_value"),
            ("a\u00a0b", "wrong_value"),
            ("a\u2028b", "wrong_value"),
            (5, "wrong_type"),
            (True, "wrong_type"),
            (["a"], "wrong_type"),
        ],
        ids=lambda value: str(value)[:8],
    )
    def test_malformed_id_is_refused_in_any_field(self, message, field, value, code):
        assert reasons(message, **{field: value}) == [(field, code)]
        assert reasons(message, agentIds=["a", value]) == [("agentIds[1]", code)]

    @pytest.mark.parametrize("field", ["flowIds", "agentIds"])
    def test_a_token_has_up_to_100_flows_and_agents(self, message, field):
        ids = [f"id_{number}" for number in range(101)]
        assert given_of(message, **{field: []}) == ()
        assert given_of(message, **{field: ids[:100]}) == tuple(ids[:100])
        assert reasons(message, **{field: ids}) == [(field, "out_of_range")]

    @pytest.mark.parametrize("field", ["flowIds", "agentIds"])
    def test_duplicate_ids_are_dropped_in_order(self, message, field):
        assert given_of(message, **{field: ["c", "a", "c", "b", "a"]}) == ("c", "a", "b")

    @pytest.mark.parametrize("field", ["flowIds", "agentIds", "allowedOrigins"])
    @pytest.mark.parametrize("value", ["flow_1", 5, True, {"0": "flow_1"}])
    def test_ids_must_be_a_list(self, message, field, value):
        assert reasons(message, **{field: value}) == [(field, "wrong_type")]

    def test_null_is_not_an_id(self, message):
        assert reasons(message, flowIds=["a", None]) == [("flowIds[1]", "wrong_type")]


@BOTH
class TestOrigins:
    def test_entries_are_normalized_and_deduplicated_in_order(self, message):
        entries = ["HTTPS://B.example:443/", "*", "https://a.example", "https://b.example", "Native", "native"]
        stored = ("https://b.example", "*", "https://a.example", "native")
        assert given_of(message, allowedOrigins=entries) == stored

    def test_token_has_1_to_100_origins(self, message):
        entries = [f"https://{number}.example.com" for number in range(101)]
        assert given_of(message, allowedOrigins=entries[:100]) == tuple(entries[:100])
        assert reasons(message, allowedOrigins=entries) == [("allowedOrigins", "out_of_range")]
        assert reasons(message, allowedOrigins=[]) == [("allowedOrigins", "out_of_range")]

    def test_each_invalid_origin_is_reported_by_index(self, message):
        entries = ["https://a.example/path", ORIGIN, "a.example", "", 5]
        with pytest.raises(InvalidRequest) as caught:
            read(message, allowedOrigins=entries)
        details = {detail.path: detail for detail in caught.value.details}
        assert {path: detail.code for path, detail in details.items()} == {
            "allowedOrigins[0]": "invalid_origin",
            "allowedOrigins[2]": "invalid_origin",
            "allowedOrigins[3]": "invalid_origin",
            "allowedOrigins[4]": "wrong_type",
        }
        assert "drop the path" in details["allowedOrigins[0]"].message
        assert "write https://a.example" in details["allowedOrigins[2]"].message

    def test_error_message_may_hold_braces(self, message):
        with pytest.raises(InvalidRequest) as caught:
            read(message, allowedOrigins=["{reason}{x}"])
        assert "https://{reason}{x}" in caught.value.details[0].message


def nested(depth):
    """An object with `depth` nested levels of objects and lists, including itself."""
    value = "x"
    for level in range(depth - 1):
        value = [value] if level % 2 else {"a": value}
    return {"a": value}


@BOTH
class TestConfig:
    @pytest.mark.parametrize(
        "config",
        [
            {},
            {"welcomeMessage": "Hi", "theme": {"mode": "dark"}, "snake_case": 1, "": None},
            {"list": [1, 2.5, -0.0, 1e22, True, None, "\U0001f600", [], {}]},
            {"n": 10**299},
            {"a": "x" * (16 * 1024 - len('{"a":""}'))},
            {"a": "\u00fc" * ((16 * 1024 - len('{"a":""}')) // 2)},
            nested(16),
        ],
        ids=lambda config: str(config)[:20],
    )
    def test_config_of_16_kb_and_16_levels_is_accepted(self, message, config):
        assert json.dumps(given_of(message, config=config)) == json.dumps(config)

    @pytest.mark.parametrize(
        ("config", "code"),
        [
            ({"a": "x" * (16 * 1024 - len('{"a":""}') + 1)}, "out_of_range"),
            ({"a": "\u00fc" * ((16 * 1024 - len('{"a":""}')) // 2) + "x"}, "out_of_range"),
            ({"x" * 16 * 1024: 1}, "out_of_range"),
            (nested(17), "out_of_range"),
            ({"short": 1, "deep": nested(16), "long": 1}, "out_of_range"),
            ([], "wrong_type"),
            ("{}", "wrong_type"),
            (5, "wrong_type"),
            (True, "wrong_type"),
        ],
        ids=lambda config: str(config)[:20],
    )
    def test_larger_or_deeper_config_is_refused(self, message, config, code):
        assert reasons(message, config=config) == [("config", code)]

    def test_white_space_in_the_body_is_not_counted(self, message):
        config = {"a": ["x"] * 4000}
        body = json.dumps(LEAST | {"config": config}, indent=8)
        assert len(body) > 32 * 1024
        assert message.read(body).config == config


@BOTH
class TestExpiry:
    @pytest.mark.parametrize(
        ("text", "expiry"),
        [
            ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31t00:00:00z", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31 00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31T00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31T00:00:00.5Z", datetime(2027, 1, 31, 0, 0, 0, 500_000, tzinfo=UTC)),
            ("2027-01-31T00:00:00,123Z", datetime(2027, 1, 31, 0, 0, 0, 123_000, tzinfo=UTC)),
            ("2027-01-31T00:00:00.123456789Z", datetime(2027, 1, 31, 0, 0, 0, 123_000, tzinfo=UTC)),
            ("2027-01-31T00:00:00+00:00", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31T00:00:00-00:00", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-31T05:30:00+05:30", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2027-01-30T16:00:00-0800", datetime(2027, 1, 31, tzinfo=UTC)),
            ("2028-02-29T23:59:59Z", datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)),
            ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
            # The rules reject times in the past; the wire only parses them.
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_a_time_with_its_offset_is_read(self, message, text, expiry):
        assert given_of(message, expiresAt=text) == expiry

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "tomorrow",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "2027-01-31T00:00:00.Z",
            "2027-01-31T00Z",
            "20270131T000000Z",
            "2027-W04-7T00:00:00Z",
            "2027-1-31T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-01-31T25:00:00Z",
            "2027-01-31T23:59:60Z",
            "2027-01-31T00:00:00+24:00",
            "2027-01-31T00:00:00+02:60",
            "2027-01-31T00:00:00+02",
            "2027-01-31T00:00:00 Z",
            " 2027-01-31T00:00:00Z",
            "2027-01-31T00:00:00Z\n",
            "\u0662027-01-31T00:00:00Z",
            "2027-01-31T00:00:00.\u0661Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            1_800_000_000,
            1.8e9,
            True,
            ["2027-01-31T00:00:00Z"],
        ],
    )
    def test_ambiguous_time_is_refused(self, message, value):
        assert reasons(message, expiresAt=value) == [("expiresAt", "wrong_value")]


# Mostly valid, so that about half of the bodies are.
