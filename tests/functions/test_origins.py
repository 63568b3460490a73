"""Allowlist entries beyond websites, from the request that lists them to the page that they admit."""

import pytest

from tests.functions.page import ORIGIN, Page, assert_refused

SHELLS = [
    *(
        "app://.",
        "app://",
        "app://-",
        "capacitor://localhost",
        "tauri://localhost",
        "wails://wails",
        "qrc://",
        "file://",
    ),
    *("safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E", "vscode-webview://0r42vg5knjjkub1td6sq2sg4ggjt4"),
    *("https://localhost", "http://tauri.localhost", "https://appassets.androidplatform.net"),
]


def warned(answer):
    return [warning["type"] for warning in answer["warnings"]]


@pytest.mark.parametrize("sent", SHELLS)
def test_200_listed_app_shell_origin(app, create, sent):
    token = create(allowedOrigins=[ORIGIN])
    assert_refused(Page(app, sent).init(token.value), 403, "origin_not_allowed")
    token.change(allowedOrigins=[sent])
    assert Page(app, sent).init(token.value).status_code == 200
    assert_refused(Page(app).init(token.value), 403, "origin_not_allowed")


@pytest.mark.parametrize("sent", SHELLS)
def test_warning_for_an_origin_that_many_apps_share(api, sent):
    assert {"app_origin", "loopback_origin"} & set(warned(api.create(allowedOrigins=[sent])))


def test_pattern_admits_preview_deployments(app, api, create):
    entry = "https://shop-*-acme.vercel.app"
    token = create(allowedOrigins=[entry])
    assert Page(app, "https://shop-git-main-acme.vercel.app").init(token.value).status_code == 200
    for other in ("https://shop-acme.vercel.app", "https://shop-a.b-acme.vercel.app", "https://evil.vercel.app"):
        assert_refused(Page(app, other).init(token.value), 403, "origin_not_allowed")
    assert "public_suffix_wildcard" in warned(api.create(allowedOrigins=[entry]))


@pytest.mark.parametrize("entry", ["http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"])
def test_any_port_of_loopback_needs_a_test_token(app, api, create, entry):
    token = create(environment="test", allowedOrigins=[entry])
    assert Page(app, entry.replace("*", "5173")).init(token.value).status_code == 200
    live = create()
    settings = {"name": "Shop", "allowedOrigins": [ORIGIN, entry]}
    for answer in (api.post("/v1/client-tokens", settings), api.put(f"/v1/client-tokens/{live.id}", settings)):
        body = assert_refused(answer, 400, "invalid_request")
        assert [(detail["path"], detail["code"]) for detail in body["details"]] == [
            ("allowedOrigins", "needs_test_token")
        ]
        assert f"{entry} is for tokens of environment test" in body["error"]


def test_extension_wildcard_admits_each_installation(app, create):
    token = create(allowedOrigins=["moz-extension://*"])
    for uuid in ("4ed7f644-c3b5-4bf1-983f-2c8718f52222", "a1cd9ab7-ab15-462c-9315-8eece8e16982"):
        assert Page(app, f"moz-extension://{uuid}").init(token.value).status_code == 200
    for other in ("moz-extension://*", "https://moz-extension", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"):
        assert_refused(Page(app, other).init(token.value), 403, "origin_not_allowed")
