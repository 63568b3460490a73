"""Origins of app shells and browser extensions: what they send can be listed, exactly, with a warning."""

import pytest

from shared.rules.origin import normalize, warnings
from tests.rules.origins import is_allowed

SHELL_ORIGINS = [
    # Each as a public report of its users quotes it.
    "app://.",  # Electron, with nextron and electron-builder's templates
    "app://",  # a custom scheme in Capacitor on Android: https://github.com/ionic-team/capacitor/issues/6936
    "app://-",  # Electron, with electron-serve
    "app://obsidian.md",
    "app://0.0.0.0",  # .NET MAUI on iOS: https://github.com/dotnet/maui/issues/4003
    "app://localhost",
    "app://localhost:1234",
    "app://hoppscotch_example_com",  # https://github.com/hoppscotch/hoppscotch/pull/4864
    "capacitor://localhost",
    "capacitor://",  # https://github.com/ionic-team/capacitor/issues/2669
    "capacitor-electron://-",
    "ionic://localhost",
    "ionic://app.example.com",
    "tauri://localhost",
    "wails://wails",
    "wails://wails.localhost:34115",
    "qrc://",  # Qt WebEngine: https://github.com/crossbario/autobahn-python/issues/1302
    "file://",  # Electron and Cordova on Android: https://github.com/ionic-team/ionic-framework/issues/8129
    "content://",
    "content://com.example.provider",
    "ms-appx-web://microsoft.app_8wekyb3d8bbwe",
    "ms-appx-web://9b1f6b34-0e0b-4f0e-8a54-6d1a4c2ad1c2",
    "vscode-webview://0r42vg5knjjkub1td6sq2sg4ggjt4ovjpvcnij5lj62f9k001mi3",
    "vscode-file://vscode-app",
    "views://main",
    "com.example.app://localhost",
    "x-app+v2://main_window",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://4ed7f644-c3b5-4bf1-983f-2c8718f52222",
    "safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E",  # upper case, as Safari writes it
    "ms-browser-extension://microsoft.edge",
    "https://localhost",  # Capacitor and Cordova on Android
    "http://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
    "http://wails.localhost:34115",
    "https://appassets.androidplatform.net",
    "https://0.0.0.0",
    "https://0.0.0.1",
]


def test_app_shell_origin_admits_only_itself():
    for sent in SHELL_ORIGINS:
        entry = normalize(sent)
        assert [other for other in SHELL_ORIGINS if is_allowed(other, (entry,))] == [sent]
        assert normalize(entry) == entry
        # Engines lower the case of some hosts and keep that of others.
        assert is_allowed(sent.upper(), (entry,))
        assert is_allowed(sent.lower(), (entry,))


@pytest.mark.parametrize(
    ("entry", "headers"),
    [
        ("app://", ["app:", "app:/", "app:///", "app://.", "app://a", "app://:80", "app", "xapp://", "app://*"]),
        ("app://.", ["app://", "app://..", "app://./", "app://a", "app://.:80", "https://."]),
        ("file://", ["file:", "file:///", "file://localhost", "file:///etc/passwd", "file://server", "null"]),
        ("app://localhost", ["app://localhost:80", "app://localhost.", "http://localhost", "app://x.localhost"]),
    ],
)
def test_app_origin_admits_no_lookalike(entry, headers):
    assert [header for header in headers if is_allowed(header, (normalize(entry),))] == []


@pytest.mark.parametrize(
    ("entry", "sent"),
    [
        ("moz-extension://*", "moz-extension://4ed7f644-c3b5-4bf1-983f-2c8718f52222"),
        ("safari-web-extension://*", "safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E"),
        ("vscode-webview://*", "vscode-webview://0r42vg5knjjkub1td6sq2sg4ggjt4ovjpvcnij5lj62f9k001mi3"),
    ],
)
def test_an_extension_wildcard_admits_every_installation(entry, sent):
    assert is_allowed(sent, (entry,))
    others = [other for other in (*SHELL_ORIGINS, "https://app.example.com", None, "null", "*", entry) if other != sent]
    kin = {other for other in SHELL_ORIGINS if other.startswith(entry[:-1])}
    assert {other for other in others if is_allowed(other, (entry,))} <= kin


@pytest.mark.parametrize("is_live", [True, False])
def test_warning_for_an_origin_that_apps_share(is_live):
    for sent in SHELL_ORIGINS:
        found = warnings([normalize(sent)], is_live=is_live, is_public_suffix=bool)
        if sent.startswith(("http:", "https:")) and "0.0.0.1" not in sent and "appassets" not in sent:
            # A developer's machine, for a test token.
            expected = ["loopback_origin"] if is_live else []
        else:
            # Only an extension's publisher has the key whose hash this is.
            expected = [] if sent.startswith("chrome-extension://") else ["app_origin"]
        assert (sent, [warning.type for warning in found]) == (sent, expected)
        assert all(warning.message.startswith(normalize(sent)) for warning in found)


@pytest.mark.parametrize("entry", ["moz-extension://*", "safari-web-extension://*", "vscode-webview://*"])
def test_warning_for_an_extension_wildcard(entry):
    [found] = warnings([entry], is_live=False, is_public_suffix=bool)
    assert found.type == "extension_wildcard"
    assert found.message.startswith(f"{entry} admits every ")


def test_extension_origin_warning_names_the_wildcard():
    entry = "moz-extension://4ed7f644-c3b5-4bf1-983f-2c8718f52222"
    [found] = warnings([entry], is_live=True, is_public_suffix=bool)
    assert found.message.endswith("moz-extension://* admits them all.")


def test_file_origin_warning_suggests_an_app_origin():
    [found] = warnings(["file://"], is_live=True, is_public_suffix=bool)
    assert "app://my-app" in found.message
