"""Origins that are allowed and yet warned of, each for what it lets in."""

import pytest

from shared.rules import origin

APP = "https://app.example.com"
WILDCARD = "https://*.example.com"


def kinds_of(*entries, is_live=True):
    found = origin.warnings(entries, is_live=is_live, is_public_suffix={"vercel.app", "localhost.example"}.__contains__)
    return [warning.type for warning in found]


@pytest.mark.parametrize(
    ("entry", "types"),
    [
        (APP, []),
        (WILDCARD, []),
        ("https://my-app.vercel.app", []),
        ("capacitor://localhost", []),
        ("*", ["wildcard_origin"]),
        ("native", ["native_origin"]),
        ("http://app.example.com", ["insecure_origin"]),
        ("http://*.example.com", ["insecure_origin"]),
        ("http://192.168.0.1", ["insecure_origin"]),
        ("http://localhost.example", ["insecure_origin"]),
        ("http://127.example", ["insecure_origin"]),
        ("http://localhost:3000", ["loopback_origin"]),
        ("https://localhost", ["loopback_origin"]),
        ("http://*.localhost:3000", ["loopback_origin"]),
        ("http://127.0.0.2", ["loopback_origin"]),
        ("http://[::1]", ["loopback_origin"]),
        ("https://*.vercel.app", ["public_suffix_wildcard"]),
        ("https://*.vercel.app:8443", ["public_suffix_wildcard"]),
        ("http://*.vercel.app", ["insecure_origin", "public_suffix_wildcard"]),
    ],
)
def test_on_a_live_token(entry, types):
    assert kinds_of(entry) == types


@pytest.mark.parametrize("entry", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"])
def test_a_test_token_may_live_on_loopback(entry):
    assert kinds_of(entry, is_live=False) == []


def test_one_for_each_kind_and_entry_in_order():
    entries = ("http://b.example", "*", "http://a.example", APP)
    assert kinds_of(*entries) == ["insecure_origin", "wildcard_origin", "insecure_origin"]


def test_the_message_names_the_entry():
    found = origin.warnings(["http://a.example:8080"], is_live=True, is_public_suffix=bool)
    assert found[0].message.startswith("http://a.example:8080 is not encrypted")


def test_the_list_of_public_suffixes_is_asked_about_wildcards_only():
    asked = []
    origin.warnings([APP, "*", "native", WILDCARD], is_live=True, is_public_suffix=asked.append)
    assert asked == ["example.com"]
