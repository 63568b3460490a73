"""Chromium with the local stack: what a visitor sees on a page with Runtype's own widget."""

import html
import json
import shutil
import threading
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from infra.local.demo import bundles
from infra.local.demo.bundles import Fetch, NotFetched
from infra.local.management import Management
from tests.missing import do_without

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900",
)  # fmt: skip
# Functions may start slowly on a busy machine.
TIMEOUT_SECONDS = 60
COMPOSER = "textarea[data-persona-composer-input]"
ANSWER = "[data-message-role=assistant]"


def fetched(bundle):
    """The local copy of the widget."""
    if not bundle.copy.is_dir():
        try:
            Fetch(bundle).finish()
        except NotFetched as error:
            do_without(f"{bundle.name} cannot be had: {error}.")
    return bundle.copy


@pytest.fixture(scope="session")
def widget_copy():
    return fetched(bundles.WIDGET)


@pytest.fixture(scope="session")
def reference_copy():
    return fetched(bundles.REFERENCE)


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    browser, chromedriver = next(filter(None, map(shutil.which, BROWSERS)), None), shutil.which("chromedriver")
    if not (browser and chromedriver):
        do_without("There is no Chromium with its chromedriver on the path.")
    options = ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = Chrome(options, Service(chromedriver))
    yield driver
    driver.quit()


class Visitor:
    """A visitor at the browser, who waits until the expected text appears."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url):
        """Opens the page as a new visitor, without data of an earlier visit."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
        self.driver.get(url)

    def wait(self, condition):
        """Asks again, too, if the page replaces an element while it is read."""
        waiting = WebDriverWait(self.driver, TIMEOUT_SECONDS, 0.05, [StaleElementReferenceException])
        return waiting.until(lambda _: condition())

    def find(self, selector):
        """The matching elements on the page."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        return "\n".join(element.text for element in self.find(selector))

    def sees(self, text, selector="body"):
        self.wait(lambda: text in self.text(selector))

    def click(self, selector):
        self.wait(lambda: self.find(selector))[-1].click()

    def requested_hosts(self):
        """The hosts to which the browser has sent requests since the last call, even unreachable ones."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return {urlsplit(url).netloc for url in urls if url.startswith(("http:", "https:"))}

    def send(self, text):
        """Sends a message. Returns the number of answers before it."""
        (composer,) = self.wait(lambda: self.find(COMPOSER))
        self.wait(composer.is_displayed)
        before = len(self.find(ANSWER))
        composer.click()
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})
        composer.send_keys(Keys.ENTER)
        return before

    def say(self, text):
        """Sends a message, and gives what is answered to it."""
        before = self.send(text)
        self.wait(lambda: len(self.find(ANSWER)) > before and self.is_answered())
        return self.find(ANSWER)[-1].text

    def is_answered(self):
        """Whether no answer is being received."""
        return bool(self.find("[data-persona-composer-streaming=false]"))


@pytest.fixture
def visitor(driver, widget_copy):
    driver.get_log("browser")
    return Visitor(driver)


@pytest.fixture(scope="session")
def management(stack):
    return Management(stack.url, stack.api_key)


class Website:
    """A page on a new origin."""

    def __init__(self, widget_copy, api_url):
        self._api_url = api_url
        self._html = ""
        # Its Content-Security-Policy, and the content of /script.js.
        self.policy = self.script = ""
        application = SharedDataMiddleware(self._serve, {"/widget": str(widget_copy)})
        self._server = make_server("127.0.0.1", 0, application, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def show(self, body):
        self._html = f"<!doctype html><title>A website</title><body>{body}"

    def show_chat(self, token, script="", **options):
        """The widget in the page, not behind a button, as its own API opens it. `script` runs before it loads."""
        config = {"apiUrl": self._api_url, "clientToken": token, "launcher": {"enabled": False}} | options
        self.show(f"""
            <script>{script}</script>
            <link rel="stylesheet" href="/widget/widget.css">
            <div id="chat" data-config="{html.escape(json.dumps(config))}"></div>
            <script src="/widget/index.global.js"></script>
            <script>
                const config = {{...JSON.parse(chat.dataset.config), errorMessage: (error) => error.message}};
                AgentWidget.initAgentWidget({{target: "#chat", config}});
            </script>
        """)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ, start_response):
        is_script = environ["PATH_INFO"] == "/script.js"
        response = Response(self.script, mimetype="text/javascript") if is_script else self._page()
        return response(environ, start_response)

    def _page(self):
        policy = {"Content-Security-Policy": self.policy} if self.policy else {}
        return Response(self._html, headers=policy, mimetype="text/html")


@pytest.fixture
def website(widget_copy, stack):
    site = Website(widget_copy, stack.url)
    yield site
    site.stop()


@pytest.fixture
def create(management, website, stack):
    """`create(**settings)` creates a client token that admits the website."""

    def create(**settings):
        body = {"name": "Website", "environment": "test", "allowedOrigins": [website.url], "flowIds": [stack.flow_id]}
        return management.ask("POST", "/v1/client-tokens", body | settings)

    return create


@pytest.fixture
def change(management):
    """`change(created, **settings)` updates a created token."""

    def change(created, **settings):
        return management.ask("PUT", f"/v1/client-tokens/{created['clientToken']['id']}", settings)

    return change


@pytest.fixture
def visit(visitor, website):
    """`visit(value)` opens the website with the client token of this value."""

    def visit(value, **options):
        website.show_chat(value, **options)
        visitor.open(website.url)

    return visit
