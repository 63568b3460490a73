"""The page that says to people what openapi.json says to programs."""

import json
from html.parser import HTMLParser

import pytest

from infra.local.template import ROOT
from infra.openapi import page

WRITTEN = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """What a browser makes of it: names of elements in their order, ids, targets of links, and the text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.ids, self.links, self.texts, self._open = [], [], [], [], []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        if tag not in {"meta", "link", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def whole():
    return Page(page.render(WRITTEN))


def test_every_operation_and_every_schema_has_its_place(whole):
    operations = [operation["operationId"] for item in WRITTEN["paths"].values() for operation in item.values()]
    assert set(whole.ids) == {*operations, *WRITTEN["components"]["schemas"], "schemas"}
    assert len(set(whole.ids)) == len(whole.ids)


def test_every_link_leads_somewhere(whole):
    ids = {f"#{one}" for one in whole.ids}
    assert set(whole.links) - ids == {"icon.svg", "palette.css", "docs.css", "openapi.json"}


def test_every_field_status_and_code_is_told(whole):
    for schema in WRITTEN["components"]["schemas"].values():
        assert set(schema.get("properties", ())) <= set(whole.texts)
    for item in WRITTEN["paths"].values():
        for operation in item.values():
            assert set(operation["responses"]) <= set(whole.texts)
    assert {"origin_not_allowed", "message_limit_reached", "rateLimitPerMinute"} <= set(whole.texts)


def test_defaults_and_bounds_are_told(whole):
    text = "".join(whole.texts)
    for told in (
        "1 to 1000",
        "default 10",
        "1 to 255 characters",
        "1 to 100 entries",
        'default "latest"',
        '"live" or "test"',
    ):
        assert told in text


def test_it_runs_nothing_and_takes_no_text_for_markup(whole):
    assert {"script", "style", "iframe"}.isdisjoint(whole.elements)
    evil = {**WRITTEN, "info": {"title": "<script>", "version": "&", "description": "<img onerror=x> `<b>`"}}
    assert page.render(evil).count("<script") == 0
    assert "img" not in Page(page.render(evil)).elements
