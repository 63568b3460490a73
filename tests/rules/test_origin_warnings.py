"""Warnings for origins that are allowed but admit more than their owner may expect."""

import pytest

from shared.rules import origin

APP = "https://app.example.com"
WILDCARD = "https://*.example.com"
PUBLIC_SUFFIXES = {"localhost.example", "netlify.app", "onrender.com", "pages.dev", "vercel.app"}

# Entry -> types of its warnings on a live token.
LIVE = {
    APP: [],
    WILDCARD: [],
    "https://my-app.vercel.app": [],
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop": [],
    "capacitor://localhost": ["app_origin"],
    "*": ["wildcard_origin"],
    "native": ["native_origin"],
    "http://app.example.com": ["insecure_origin"],
    "http://*.example.com": ["insecure_origin"],
    "http://192.168.0.1": ["insecure_origin"],
    "http://localhost.example": ["insecure_origin"],
    "http://127.example": ["insecure_origin"],
    "http://localhost:3000": ["loopback_origin"],
    "https://localhost": ["loopback_origin"],
    "http://*.localhost:3000": ["loopback_origin"],
    "http://127.0.0.2": ["loopback_origin"],
    "http://[::1]": ["loopback_origin"],
    "https://*.vercel.app": ["public_suffix_wildcard"],
    "https://*.vercel.app:8443": ["public_suffix_wildcard"],
    "http://*.vercel.app": ["insecure_origin", "public_suffix_wildcard"],
    "https://shop-*-acme.vercel.app": ["public_suffix_wildcard"],
    "https://*--shop.vercel.app:8443": ["public_suffix_wildcard"],
    "https://pr-*.d1a2b3.vercel.app": [],
    "https://pr-*.example.com": [],
    "http://pr-*.example.com": ["insecure_origin"],
    # It can no longer be stored.
    "wss://app.example.com": [],
}


def kinds_of(*entries, is_live=True):
    found = origin.warnings(entries, is_live=is_live, is_public_suffix=PUBLIC_SUFFIXES.__contains__)
    return [warning.type for warning in found]


def test_warnings_on_a_live_token():
    assert {entry: kinds_of(entry) for entry in LIVE} == LIVE


@pytest.mark.parametrize("entry", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"])
def test_test_token_may_list_loopback_without_a_warning(entry):
    assert kinds_of(entry, is_live=False) == []


@pytest.mark.parametrize(
    "entry", ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "http://*.localhost:*"]
)
def test_warning_for_any_port_on_a_test_token(entry):
    assert kinds_of(entry, is_live=False) == ["loopback_origin"]


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("https://shop-*-acme.vercel.app", "shop-evil-acme.vercel.app"),
        ("https://*--shop.netlify.app", "evil--shop.netlify.app"),
        ("https://shop-pr-*.onrender.com", "shop-pr-evil.onrender.com"),
        ("https://*.pages.dev", "evil.pages.dev"),
    ],
)
def test_public_suffix_warning_names_a_registrable_host(entry, name):
    [found] = origin.warnings([entry], is_live=True, is_public_suffix=PUBLIC_SUFFIXES.__contains__)
    assert f"such as {name} while it is free" in found.message


@pytest.mark.parametrize(
    "entry",
    ["https://*.shop.pages.dev", "https://pr-*.d1a2b3.amplifyapp.com", "https://shop-*.acme.vercel.app"],
)
def test_no_warning_for_a_wildcard_below_a_registrable_name(entry):
    assert origin.warnings([entry], is_live=True, is_public_suffix=PUBLIC_SUFFIXES.__contains__) == []


def test_one_warning_per_kind_and_entry_in_order():
    entries = ("http://b.example", "*", "http://a.example", APP)
    assert kinds_of(*entries) == ["insecure_origin", "wildcard_origin", "insecure_origin"]


def test_message_names_the_entry():
    found = origin.warnings(["http://a.example:8080"], is_live=True, is_public_suffix=bool)
    assert found[0].message.startswith("http://a.example:8080 is not encrypted")


def test_public_suffixes_are_checked_for_wildcards_only():
    asked = []
    origin.warnings([APP, "*", "native", WILDCARD], is_live=True, is_public_suffix=asked.append)
    assert asked == ["example.com"]
