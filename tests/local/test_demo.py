"""The demo page's server: what it sends to the browser, and where its bundles come from."""

import hashlib
import http.client
import json
import queue
import re
import socket
import tarfile
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from infra.local.demo import bundles
from infra.local.demo.bundles import REFERENCE, WIDGET, Fetch, NotFetched
from infra.local.demo.server import Demo
from infra.local.demo.site import Site
from infra.local.management import Management, ManagementError
from infra.local.template import ROOT


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Where the copy of the widget goes; nothing is copied yet."""
    monkeypatch.setattr(bundles, "ROOM", tmp_path / "copies")
    return WIDGET.copy


@pytest.fixture
def get(place):
    # Buffered, so that the file of a response gets closed.
    return partial(Client(Site(Management("http://127.0.0.1:3000", "ctk_secret"), "ct_1")).get, buffered=True)


@pytest.fixture
def copy(place):
    place.mkdir(parents=True)
    (place / "widget.css").write_text("* {}")
    REFERENCE.copy.mkdir(parents=True)
    (REFERENCE.copy / "standalone.js").write_text("1")


BUNDLES = pytest.mark.parametrize(
    ("bundle", "page", "path", "file"),
    [(WIDGET, "/", "widget", "widget.css"), (REFERENCE, "/docs", "reference", "standalone.js")],
    ids=["widget", "reference"],
)


@BUNDLES
def test_without_a_copy_a_bundle_comes_from_the_cdn(get, bundle, page, path, file):
    moved = get(f"/{path}/{file}")
    assert (moved.status_code, moved.location) == (302, f"{bundle.cdn}/{file}")
    assert bundle.version in bundle.cdn
    assert "script-src 'self' https://cdn.jsdelivr.net;" in get(page).headers["Content-Security-Policy"]


@BUNDLES
def test_with_a_copy_nothing_comes_from_elsewhere(get, copy, bundle, page, path, file):
    assert get(f"/{path}/{file}").data == (bundle.copy / file).read_bytes()
    policy = get(page).headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "https:" not in policy


def test_pages_on_other_origins_may_import_parts_of_the_widget(get, place):
    """Otherwise the widget shows their visitors a message's apostrophes as &#39;."""
    moved = get("/widget/markdown-parsers.js")
    place.mkdir(parents=True)
    (place / "markdown-parsers.js").write_text("1")
    served = get("/widget/markdown-parsers.js")
    assert [(one.status_code, one.headers.get("Access-Control-Allow-Origin")) for one in (moved, served)] == [
        (302, "*"),
        (200, "*"),
    ]


@BUNDLES
def test_pages_run_no_inline_script(get, copy, bundle, page, path, file):
    (sources,) = re.findall(r"script-src ([^;]*);", get(page).headers["Content-Security-Policy"])
    assert "unsafe" not in sources
    assert re.findall(r"<script(?![^>]*\bsrc=)", get(page).text) == []


@pytest.mark.parametrize("path", ["/nothing", "/page", "/site.py", "/../site.py", "/widget/../../x", "/widget/"])
def test_404_for_any_other_path(get, copy, path):
    assert get(path).status_code == 404


def test_400_for_a_foreign_host_header(get):
    """Otherwise a website whose name resolves to this machine could read the pages (DNS rebinding)."""
    for path in ("/", "/token.json", "/embed.json", "/docs"):
        assert get(path, headers={"Host": "evil.example:3001"}).status_code == 400
    assert get("/", headers={"Host": "localhost:3001"}).status_code == 200


def test_openapi_document_names_this_stack_as_its_server(get):
    document, page = get("/openapi.json"), get("/docs")
    assert (document.mimetype, page.mimetype) == ("application/json", "text/html")
    assert [server["url"] for server in document.json["servers"]] == ["http://127.0.0.1:3000"]
    written = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    assert document.json["paths"] == written["paths"]


def test_docs_may_call_only_the_api(get):
    (sources,) = re.findall(r"connect-src ([^;]*);", get("/docs").headers["Content-Security-Policy"])
    assert sources == "'self' http://127.0.0.1:3000"


def test_api_error_is_passed_on(get, monkeypatch):
    def ask(*_):
        raise ManagementError(404, "There is no such client token.")

    monkeypatch.setattr(Management, "ask", ask)
    for path in ("/embed.json", "/token.json"):
        answer = get(path)
        assert (answer.status_code, answer.json) == (404, {"error": "There is no such client token."})


def test_the_api_key_stays_on_the_server(stack):
    connection = http.client.HTTPConnection(urlsplit(stack.demo_url).netloc)
    for path in ("/", "/page.js", "/page.css", "/palette.css", "/embed.json", "/token.json"):
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        assert response.status == 200
        assert stack.api_key not in body
        assert (stack.client_token in body) is (path == "/embed.json")
    connection.close()


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """`npm(script)`: installs a fake npm on the path; its fourth argument is the package's destination."""
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))

    def write(script):
        program = tools / "npm"
        program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        program.chmod(0o755)

    return write


def test_bundle_is_not_copied_without_npm(place, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotFetched, match="there is no npm here"):
        Fetch(WIDGET)


def test_stack_prints_where_bundles_come_from(place, npm):
    said = queue.SimpleQueue()
    management = Management("http://127.0.0.1:3000", "ctk_secret")

    def lines():
        return {said.get(timeout=10) for _ in ("the widget", "the reference")}

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Demo(listener, management, "ct_1", said.put).stop()
        assert lines() == {f"Pages load {one.name} from a CDN: there is no npm here." for one in (WIDGET, REFERENCE)}
        npm("exec sleep 600")
        demo = Demo(listener, management, "ct_1", said.put)
        assert all(line.startswith("npm fetches ") for line in lines())
        demo.stop()
        assert all(" from a CDN: npm says" in line for line in lines())


def test_npm_error_is_shown_in_one_line(place, npm):
    npm("echo 'npm error code E403' >&2; echo 'npm error 403 Forbidden' >&2; exit 1")
    with pytest.raises(NotFetched, match=r"^npm says: npm error code E403 npm error 403 Forbidden$"):
        Fetch(WIDGET).finish()
    assert list(place.parent.iterdir()) == []


def test_package_with_another_name_is_rejected(place, npm):
    npm('echo evil > "$4/package.tgz"')
    with pytest.raises(NotFetched, match="something else"):
        Fetch(WIDGET).finish()
    assert list(place.parent.iterdir()) == []


def test_copy_is_the_dist_folder_of_the_package(place, npm, tmp_path):
    made = tmp_path / "made.tgz"
    with tarfile.open(made, "w:gz") as package:
        package.add(__file__, "package/dist/index.global.js")
        package.add(__file__, "package/package.json")
    pinned = replace(WIDGET, sha512=hashlib.sha512(made.read_bytes()).hexdigest())
    npm(f'cp {made} "$4/"')
    fetch, faster = Fetch(pinned), Fetch(pinned)
    faster.finish()
    fetch.finish()
    assert [file.name for file in place.iterdir()] == ["index.global.js"]
    assert list(place.parent.iterdir()) == [place]


def test_fetch_can_be_stopped(place, npm):
    npm("exec sleep 600")
    fetch = Fetch(WIDGET)
    fetch.stop()
    with pytest.raises(NotFetched):
        fetch.finish()
