"""Roles and their scopes: whatever the template's pattern lets through can be read, and nothing else can."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local import template as sam
from shared.rules.clerk_session import Clerk
from shared.rules.principal import SCOPES

PARAMETER = sam.read()["Parameters"]["ClerkRoleScopes"]
PATTERN = re.compile(PARAMETER["AllowedPattern"])
TOKEN_SCOPES = ("tokens:read", "tokens:write", "tokens:reveal")
PARTS = st.sampled_from(
    [
        "org:",
        "admin",
        "member",
        "a",
        "=",
        "+",
        ",",
        "read",
        "write",
        "reveal",
        "chat-read",
        "chat-write",
        "audit",
        " ",
        "*",
        "-",
        "A",
    ]
)


def read(text):
    return Clerk.from_parameters(issuer="", parties="", role_scopes=text).role_scopes


def test_no_role_reads_conversations_by_default():
    assert read(PARAMETER["Default"]) == {"admin": TOKEN_SCOPES, "member": ("tokens:read",)}


@pytest.mark.parametrize(
    ("text", "role_scopes"),
    [
        ("", {}),
        ("admin=read", {"admin": ("tokens:read",)}),
        ("org:admin=reveal+read", {"admin": ("tokens:read", "tokens:reveal")}),
        ("a=read,ab=read,b=write+write", {"a": ("tokens:read",), "ab": ("tokens:read",), "b": ("tokens:write",)}),
        ("org:team_lead-2=write", {"team_lead-2": ("tokens:write",)}),
        ("support=chat-write+chat-read", {"support": ("conversations:read", "conversations:write")}),
        ("owner=audit", {"owner": ("audit:read",)}),
        (
            "admin=read+write+reveal+chat-read+chat-write+audit,member=read",
            {"admin": SCOPES, "member": ("tokens:read",)},
        ),
    ],
)
def test_roles_with_scopes(text, role_scopes):
    assert PATTERN.fullmatch(text)
    assert len(text) <= PARAMETER["MaxLength"]
    assert read(text) == role_scopes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("admin", "'admin' is not of the form role=scope+scope"),
        ("admin=", "names a scope that does not exist: "),
        ("admin=all", "names a scope that does not exist: all"),
        ("admin=tokens:read", "names a scope that does not exist: tokens:read"),
        ("admin=read,", "'' is not of the form role=scope+scope"),
        (",admin=read", "'' is not of the form role=scope+scope"),
        ("admin=read, member=read", "' member=read' is not of the form"),
        ("=read", "is not of the form"),
        ("org:=read", "is not of the form"),
        ("*=read", "is not of the form"),
        ("Admin=read", "is not of the form"),
        ("admin=read,member=read,org:admin=write", "the role 'admin' is listed twice"),
        ("admin=read,admin=read", "the role 'admin' is listed twice"),
    ],
)
def test_unreadable_roles_are_refused_at_deployment(text, why):
    assert not PATTERN.fullmatch(text)
    with pytest.raises(ValueError, match=re.escape(why)):
        read(text)


@given(st.lists(PARTS, max_size=16).map("".join))
def test_pattern_and_reader_agree(text):
    try:
        read(text)
    except ValueError:
        assert not PATTERN.fullmatch(text)
    else:
        assert PATTERN.fullmatch(text)


@pytest.mark.parametrize("entry", ["admin", "=read", "Admin=read", "admin:read"])
def test_error_says_which_entry_has_the_wrong_form(entry):
    with pytest.raises(ValueError, match=f"^{entry!r} is not of the form role=scope"):
        read(f"member=read,{entry}")
