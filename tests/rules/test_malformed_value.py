"""The error for a malformed token value tells the page's author how to fix it, without quoting the value."""

from shared.rules import malformed_value

SECRET = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjdF9zZWNyZXQifQ.c2VjcmV0c2VjcmV0"
API_KEY = "ctk_0123456789abcdefghijklmnopqrstuvwxyz01"
MISTAKES = [
    ("", "is empty"),
    (" \n", "is empty"),
    (f"Bearer {SECRET}", "the word Bearer"),
    (f"bearer\t{SECRET}", "the word Bearer"),
    (f'"Bearer {SECRET}"', "the word Bearer"),
    (f"Authorization: Bearer {SECRET}", "the word Bearer"),
    (f"'authorization: bearer {SECRET}'", "the word Bearer"),
    (f"token={SECRET} (Bearer)", "the word Bearer"),
    (API_KEY, "is an API key"),
    (" ctk_x\n", "is an API key"),
    (f"Bearer {API_KEY}", "is an API key"),
    (f'"Authorization: Bearer {API_KEY}"', "is an API key"),
    (f"x-api-key: {API_KEY}", "is an API key"),
    (f"key={API_KEY};", "is an API key"),
    (f"<{API_KEY}>", "is an API key"),
    (f'"{SECRET}"', "contains quotes"),
    (f"'{SECRET}", "contains quotes"),
    (f"\u201c{SECRET}\u201d", "contains quotes"),
    (f"{SECRET}\n", "a line break"),
    (f" {SECRET}", "a space"),
    (SECRET.replace(".", ".\n  "), "a line break"),
    (f"{SECRET}\u00a0", "a space"),
    ("ct_01m85tkcek9dh4b89k1xdr8rvw", "is the token's id"),
    (f"{SECRET[:20]}...", "is cut short"),
    (f"{SECRET[:20]}\u2026", "is cut short"),
    (f"{SECRET}\u00e9", "a character that no value has"),
    ("<%= token %>", "a space"),
    ("{{token}}", "a character that no value has"),
    (SECRET[:-4], "not complete"),
    (SECRET[:12], "not complete"),
    ("undefined", "is too short"),
    ("x", "is too short"),
    ("ct_live_flow01k7_0123456789abcdef0123456789abcdef", "another kind of text"),
]


def test_hint_names_the_mistake():
    assert [value for value, said in MISTAKES if said not in malformed_value.error_for(value).hint] == []


def test_hint_never_quotes_the_value():
    for value, _ in MISTAKES:
        refusal = malformed_value.error_for(value)
        assert "replaced" not in refusal.hint
        assert refusal.hint.endswith(".")
        assert len(refusal.hint) < 250
        assert (refusal.code, refusal.message) == ("invalid_token", "This client token is not valid.")
        words = [word for word in value.replace('"', " ").split() if len(word) > 9]
        assert not any(word in refusal.hint for word in words)
