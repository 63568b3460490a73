"""What all requests share: a body has one meaning or is refused, and the error says where, what, and how to fix it."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Detail, InvalidRequest
from shared.wire import json_body
from shared.wire.regeneration import RegenerateClientToken
from shared.wire.sessions import InitSession
from shared.wire.token_settings import CreateClientToken, UpdateClientToken

MESSAGES = [CreateClientToken, UpdateClientToken, RegenerateClientToken]
LONE_SURROGATES = ["\\ud800", "\\uDFFF", "\\udc00\\ud800", "\\ud83d", "\\ud83d\\u0041"]

# Halves of surrogate pairs among other characters.
ANY_TEXT = st.text(st.characters() | st.sampled_from("\ud83d\ude00\udfff\\u"), max_size=8)


def _joined(pair):
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def refusal_or_none(message, body):
    try:
        message.read(body)
    except InvalidRequest as refused:
        return refused
    return None


def refusal(message, body):
    refused = refusal_or_none(message, body)
    assert refused is not None, "the body was read"
    return refused


class TestBodiesThatAreNotJson:
    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ("", "line 1, column 1"),
            ("   ", "line 1, column 4"),
            ("{", "line 1, column 2"),
            ("{'name': 1}", "line 1, column 2"),
            ('{"name" 1}', "line 1, column 9"),
            ('{"name": 1} 2', "line 1, column 13"),
            ('{"name":\n  oops}', "line 2, column 3"),
            ('{"name": 01}', "line 1, column 11"),
            ('{"name": "a\nb"}', "line 1, column 12"),
            ('{"name": "a}', "line 1, column 10"),
            ('{"name": "\\x"}', "line 1, column 11"),
            ("\ufeff{}", "line 1, column 1"),
            ("name=Shop&limit=1", "line 1, column 1"),
        ],
    )
    def test_message_names_the_path(self, body, place):
        refused = refusal(UpdateClientToken, body)
        assert refused.code == "invalid_json"
        assert refused.message.startswith("The body is not JSON: ")
        assert refused.message.endswith(f" at {place}.")
        assert " at at " not in refused.message

    def test_missing_body_is_refused(self):
        assert refusal(UpdateClientToken, None).message == refusal(UpdateClientToken, "").message

    @pytest.mark.parametrize("body", ["[]", "[{}]", "null", "true", "5", '"{}"'])
    def test_json_that_is_no_object_is_refused(self, body):
        refused = refusal(UpdateClientToken, body)
        assert (refused.code, refused.message) == ("invalid_json", "The body must be a JSON object, such as {}.")

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "-" + "9" * 301])
    @pytest.mark.parametrize("body", ['{{"rateLimitPerHour": {}}}', '{{"config": {{"list": [{}]}}}}'])
    def test_number_beyond_the_json_interoperable_range_is_refused(self, body, number):
        refused = refusal(UpdateClientToken, body.format(number))
        assert refused.code == "invalid_json"
        assert "number" in refused.message
        assert len(refused.message) < 100

    @pytest.mark.parametrize(
        "body",
        [
            '{"name": "a", "name": "a"}',
            '{"name": "a", "n\\u0061me": "b"}',
            '{"config": {"a": 1, "a": 2}}',
            '{"config": {"list": [1, {"deep": {"a": 1, "b": 2, "a": null}}]}}',
        ],
    )
    def test_duplicate_key_is_refused_at_any_depth(self, body):
        """Two programs could read it differently."""
        assert refusal(UpdateClientToken, body).message == "The body is not JSON: duplicate key."

    @pytest.mark.parametrize("text", [*LONE_SURROGATES, "\ud800"])
    @pytest.mark.parametrize("body", ['{{"name": "{}"}}', '{{"{}": 1}}', '{{"config": {{"a": ["{}"]}}}}'])
    def test_half_of_a_surrogate_pair_is_refused(self, body, text):
        refused = refusal(UpdateClientToken, body.format(text))
        assert refused.code == "invalid_json"
        assert "surrogate" in refused.message

    @given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
    def test_half_pairs_of_pages_become_replacement_characters(self, value):
        body = {"token": "x", "extra": value, "flowId": json.dumps(value)[:5]}
        for spelled in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
            InitSession.read(spelled)
            json.dumps(json_body.parse_page(spelled), ensure_ascii=False).encode()

    @given(ANY_TEXT)
    def test_lone_surrogates_of_pages_are_replaced(self, text):
        """String.prototype.toWellFormed: each half that is not part of a pair becomes U+FFFD."""
        pairs = re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda pair: _joined(pair[0]), text)
        expected = re.sub("[\ud800-\udfff]", "\ufffd", pairs)
        assert json_body.parse_page(json.dumps({"a": text})) == {"a": expected}

    def test_precheck_runs_before_halves_are_replaced(self):
        seen = []
        assert json_body.parse_page('{"a": "\\ud83d"}', seen.append) == {"a": "\ufffd"}
        assert seen == [{"a": "\ud83d"}]

    @pytest.mark.parametrize("text", ["\\ud83d\\ude00", "\U0001f600"])
    def test_a_whole_surrogate_pair_is_one_character(self, text):
        assert UpdateClientToken.read(f'{{"name": "{text}"}}').name == "\U0001f600"

    @pytest.mark.parametrize(
        "body",
        [
            "[" * 100_000,
            "[" * 100_000 + "]" * 100_000,
            '{"a":' * 40_000,
            '{"config":' + '{"a":' * 40_000 + "1" + "}" * 40_001,
            '{"config": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
            '{"config": {"\\u0061": ' + "[" * 100_000 + "]" * 100_000 + "}}",
            '{"unknown": ' + "[" * 100_000 + "]" * 100_000 + "}",
        ],
        ids=lambda body: body[:20],
    )
    def test_very_deep_nesting_is_refused(self, body):
        refused = refusal(UpdateClientToken, body)
        assert (refused.code, refused.message) == ("invalid_json", "The body is nested too deeply.")

    @pytest.mark.parametrize("depth", [17, 100, 500, 900, 950, 1000, 1500, 3000])
    @pytest.mark.parametrize("name", ["config", "c\\u006fnfig", "unknown", "name"])
    def test_nesting_of_any_depth_is_refused(self, name, depth):
        """Every depth that parsing accepts must also be accepted by writing."""
        refused = refusal(UpdateClientToken, f'{{"{name}": {{"a": {"[" * depth}{"]" * depth}}}}}')
        assert refused.code in {"invalid_json", "invalid_request"}


class TestDetails:
    @pytest.mark.parametrize(
        ("message", "name", "meant"),
        [
            (UpdateClientToken, "allowed_origins", "allowedOrigins"),
            (UpdateClientToken, "rate_limit_per_minute", "rateLimitPerMinute"),
            (UpdateClientToken, "AllowedOrigins", "allowedOrigins"),
            (UpdateClientToken, "FLOW_IDS", "flowIds"),
            (UpdateClientToken, "alowedOrigns", "allowedOrigins"),
            (UpdateClientToken, "flowId", "flowIds"),
            (UpdateClientToken, "nmae", "name"),
            (UpdateClientToken, "rateLimitPerMin", "rateLimitPerMinute"),
            (UpdateClientToken, "expires", "expiresAt"),
            (UpdateClientToken, "active", "isActive"),
            (UpdateClientToken, "color", None),
            (UpdateClientToken, "", None),
            (RegenerateClientToken, "grace_period_seconds", "gracePeriodSeconds"),
            (RegenerateClientToken, "gracePeriod", "gracePeriodSeconds"),
            (RegenerateClientToken, "name", None),
        ],
    )
    def test_unknown_field_suggests_the_right_name(self, message, name, meant):
        refused = refusal(message, json.dumps({name: 1}))
        assert refused.details == (Detail(name, "is not a known field", "unknown_field", meant),)
        assert refused.hint == (f"Did you mean {meant}?" if meant else None)

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"name": 5}, "name"),
            ({"rateLimitPerHour": 0}, "rateLimitPerHour"),
            ({"allowedOrigins": "https://a.example"}, "allowedOrigins"),
            ({"allowedOrigins": ["https://a.example", "a.example"]}, "allowedOrigins[1]"),
            ({"flowIds": ["f", "g", "h", 5]}, "flowIds[3]"),
            ({"unknown": {"a": 1}}, "unknown"),
        ],
        ids=str,
    )
    def test_path_names_the_place_in_camel_case(self, body, path):
        refused = refusal(UpdateClientToken, json.dumps(body))
        assert [detail.path for detail in refused.details] == [path]
        assert refused.message.startswith(f"{path}: ")

    def test_all_errors_are_returned_and_the_message_counts_them(self):
        body = {"allowedOrigins": ["https://a.example", 5], "rateLimitPerHour": 10.5, "color": "red"}
        refused = refusal(CreateClientToken, json.dumps(body))
        assert [(detail.path, detail.code) for detail in refused.details] == [
            ("name", "required"),
            ("allowedOrigins[1]", "wrong_type"),
            ("rateLimitPerHour", "wrong_type"),
            ("color", "unknown_field"),
        ]
        assert refused.code == "invalid_request"
        assert refused.message == "name: is required (3 more in details)"

    def test_message_about_one_error_has_no_count(self):
        assert refusal(UpdateClientToken, '{"name": ""}').message == "name: must be at least 1 character(s) long"

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"rateLimitPerHour": 0}, "must be at least 1"),
            ({"rateLimitPerHour": 10_001}, "must be at most 10000"),
            ({"rateLimitPerHour": "10"}, "must be a whole number"),
            ({"name": 5}, "must be text"),
            ({"name": "x" * 256}, "must be at most 255 characters long"),
            ({"isActive": 1}, "must be true or false"),
            ({"flowIds": {}}, "must be a list"),
            ({"flowIds": ["f"] * 101}, "must have at most 100 entries"),
            ({"flowIds": ["a b"]}, "must not contain spaces or control characters"),
            ({"allowedOrigins": []}, "must have at least 1 entry"),
            ({"config": []}, "must be an object"),
            ({"environment": "test"}, "cannot be changed once the token exists"),
            ({"expiresAt": "tomorrow"}, "must be a time with its offset, such as 2027-01-31T00:00:00Z"),
        ],
        ids=str,
    )
    def test_error_message_says_what_is_valid(self, body, message):
        assert [detail.message for detail in refusal(UpdateClientToken, json.dumps(body)).details] == [message]

    def test_body_full_of_errors_gets_a_short_response(self):
        refused = refusal(UpdateClientToken, json.dumps({f"name{number}": 0 for number in range(5000)}))
        assert len(refused.details) == 100


NUMBERS = st.integers(-(10**6), 10**6) | st.floats() | st.integers(0, 10).map(lambda digits: 10 ** (digits * 50))
TEXTS = st.text() | st.sampled_from([" ", "a", "ct_1", "*", "native", "https://a.example", "2027-01-31T00:00:00Z"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
MESSAGE = st.sampled_from(MESSAGES)
FIELDS = sorted(field.alias for message in MESSAGES for field in message.model_fields.values())
CODES = {
    "immutable",
    "invalid_origin",
    "out_of_range",
    "required",
    "unknown_field",
    "wrong_type",
    "wrong_value",
}


class TestAnyBodyAtAll:
    @staticmethod
    def assert_read_or_refused(message, body):
        """Only InvalidRequest is raised, with our codes instead of pydantic's."""
        refused = refusal_or_none(message, body)
        if refused is None:
            return
        assert refused.code == ("invalid_request" if refused.details else "invalid_json")
        assert refused.message.encode()
        assert {detail.code for detail in refused.details} <= CODES
        assert all(detail.path.encode() is not None and detail.message for detail in refused.details)

    @given(MESSAGE, JSON | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON, max_size=6))
    def test_any_json_is_read_or_refused_without_pydantic_texts(self, message, body):
        self.assert_read_or_refused(message, json.dumps(body))

    @given(MESSAGE, st.text() | st.text('{}[]":,\\u0dea1.e-nNaIity '))
    def test_any_text_is_read_or_refused_without_pydantic_texts(self, message, body):
        self.assert_read_or_refused(message, body)
