"""The page at /docs: Scalar's reference shows openapi.json, and sends requests to the local stack."""

import contextlib
import json
import re
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from infra.local.template import ROOT
from tests.browser.contrast import unreadable

WRITTEN = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
SUMMARIES = [operation["summary"] for item in WRITTEN["paths"].values() for operation in item.values()]


SCREENS = {
    "phone": {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    "desktop": {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False},
}
SCHEMES = ("light", "dark")


@pytest.fixture
def show(driver):
    """`show(screen, scheme)` sets the browser's screen size and preferred color scheme."""

    def show(screen, scheme):
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SCREENS[screen])
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    yield show
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture
def docs(visitor, reference_copy, stack):
    visitor.requested_hosts()
    visitor.open(f"{stack.demo_url}/docs")
    visitor.sees(SUMMARIES[0])
    yield visitor
    assert [entry for entry in visitor.driver.get_log("browser") if entry["level"] == "SEVERE"] == []
    own = {urlsplit(url).netloc for url in (stack.demo_url, stack.url)}
    assert visitor.requested_hosts() <= own


def shown(docs, by, selector):
    return [one for one in docs.driver.find_elements(by, selector) if one.is_displayed()]


def button(docs, label):
    """The last button with this label on the page."""

    return docs.wait(lambda: [one for one in shown(docs, By.CSS_SELECTOR, "button") if label in one.text])[-1]


def test_every_operation_is_shown(docs):
    for summary in SUMMARIES:
        docs.sees(summary)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_enough_contrast(show, docs, screen, scheme):
    show(screen, scheme)
    docs.wait(lambda: docs.find("code") and theme(docs)[0] == scheme)
    assert unreadable(docs.driver) == {}


def test_page_is_no_wider_than_a_phone(show, docs):
    show("phone", "light")
    docs.wait(lambda: docs.find("code"))
    width = docs.driver.execute_script("return document.documentElement.scrollWidth")
    assert width <= SCREENS["phone"]["width"]


def test_theme_follows_the_system_while_the_page_is_open(show, docs):
    for scheme in (*SCHEMES, *SCHEMES):
        show("desktop", scheme)
        docs.wait(lambda scheme=scheme: theme(docs) == [scheme, scheme])


def theme(docs):
    """Whether the page, its scrollbars, and its form fields are light or dark."""
    red, scheme = docs.driver.execute_script("""
        const [page, root] = [document.body, document.documentElement].map((element) => getComputedStyle(element));
        return [parseInt(page.backgroundColor.match(/[0-9]+/)[0]), root.colorScheme];
    """)
    return ["light" if red > 127 else "dark", scheme]


def test_phone_menu_links_to_every_operation(show, docs):
    show("phone", "dark")
    for summary in SUMMARIES:
        choose(docs, summary, "button.scalar-icon-button")


def choose(docs, summary, menu=None):
    """Follows the operation's entry, opening the menu if it is closed, until the operation is on the screen.

    The page draws its sections late: one that grows above the operation after the jump moves it off the screen.
    """

    def follow():
        if menu and not shown(docs, By.PARTIAL_LINK_TEXT, summary):
            click_soon(By.CSS_SELECTOR, menu)
        click_soon(By.PARTIAL_LINK_TEXT, summary)
        return soon(lambda: docs.driver.execute_script(IS_ON_SCREEN, heading(docs, summary)))

    def click_soon(by, selector):
        for element in soon(lambda: shown(docs, by, selector))[:1]:
            element.click()

    def soon(condition):
        with contextlib.suppress(TimeoutException):
            return WebDriverWait(docs.driver, 3, 0.05).until(lambda _: condition())
        return []

    docs.wait(follow)


IS_ON_SCREEN = """
    const top = arguments[0]?.getBoundingClientRect().top;
    return 0 <= top && top < innerHeight;
"""


def heading(docs, summary):
    return next(iter(docs.driver.find_elements(By.XPATH, f'//h3[normalize-space()="{summary}"]')), None)


def test_every_sample_calls_the_local_stack(show, docs, stack):
    show("desktop", "light")
    for summary in SUMMARIES:
        choose(docs, summary)
        sample = docs.wait(lambda summary=summary: docs.driver.execute_script(SAMPLE, heading(docs, summary)))
        assert re.match(rf"curl '?{re.escape(stack.url)}/v1/", sample), sample


SAMPLE = """
    const texts = [...arguments[0].closest("section").querySelectorAll("code")].map((code) => code.innerText);
    return texts.find((text) => text.startsWith("curl "));
"""


def test_search_finds_an_operation(docs):
    button(docs, "Search").click()
    docs.wait(lambda: docs.driver.switch_to.active_element.get_attribute("role") == "combobox")
    docs.driver.switch_to.active_element.send_keys("conversations")
    docs.sees("/v1/client-tokens/{id}/conversations", "[role=option]")
    docs.driver.switch_to.active_element.send_keys(Keys.ESCAPE)


def test_a_request_is_sent_to_the_local_stack(docs, stack, management):
    # The newest is listed first, and the page shows only the beginning of a long response.
    settings = {"name": "Listed by the reference", "allowedOrigins": ["https://app.example.com"]}
    created = management.ask("POST", "/v1/client-tokens", settings)["clientToken"]
    docs.wait(lambda: docs.find("input[placeholder=Token]"))[0].send_keys(stack.api_key)
    docs.driver.execute_script("arguments[0].click()", docs.wait(lambda: _of_list(docs)))
    button(docs, "Send").click()
    docs.sees("200 OK")
    docs.sees(created["id"])


def _of_list(docs):
    buttons = [one for one in docs.find("button") if "Test Request" in one.text]
    return buttons[0] if buttons else None
