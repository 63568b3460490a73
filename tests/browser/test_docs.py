"""The page at /docs: Scalar's reference shows openapi.json, and sends requests to the local stack."""

import json
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from infra.local.template import ROOT

WRITTEN = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
SUMMARIES = [operation["summary"] for item in WRITTEN["paths"].values() for operation in item.values()]


@pytest.fixture
def docs(visitor, reference_copy, stack):
    visitor.open(f"{stack.demo_url}/docs")
    visitor.sees(SUMMARIES[0])
    yield visitor
    assert [entry for entry in visitor.driver.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = visitor.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    own = {urlsplit(url).netloc for url in (stack.demo_url, stack.url)}
    assert {urlsplit(address).netloc for address in loaded} <= own


def button(docs, label):
    """The last one with this label that is on the page."""

    def found():
        shown = [one for one in docs.find("button") if one.is_displayed() and label in one.text]
        return shown[-1] if shown else None

    return docs.wait(found)


def test_every_operation_is_shown(docs):
    for summary in SUMMARIES:
        docs.sees(summary)


def test_search_finds_an_operation(docs):
    button(docs, "Search").click()
    docs.wait(lambda: docs.driver.switch_to.active_element.get_attribute("role") == "combobox")
    docs.driver.switch_to.active_element.send_keys("conversations")
    docs.sees("/v1/client-tokens/{id}/conversations", "[role=option]")
    docs.driver.switch_to.active_element.send_keys(Keys.ESCAPE)


def test_a_request_is_sent_to_the_local_stack(docs, stack):
    docs.wait(lambda: docs.find("input[placeholder=Token]"))[0].send_keys(stack.api_key)
    docs.driver.execute_script("arguments[0].click()", docs.wait(lambda: _of_list(docs)))
    button(docs, "Send").click()
    docs.sees("200 OK")
    docs.sees(stack.client_token_id)


def _of_list(docs):
    buttons = [one for one in docs.find("button") if "Test Request" in one.text]
    return buttons[0] if buttons else None
