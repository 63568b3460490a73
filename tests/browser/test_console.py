"""The console of a local stack: what an owner of tokens sees, does, and is protected from."""

import http.client
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from infra.local.demo import bundles
from infra.local.demo.bundles import Bundle
from infra.local.template import ROOT
from tests.browser.conftest import Visitor, fetched

VENDOR = ROOT / "functions/pages/console_files/vendor"
PINNED = json.loads((VENDOR / "pinned.json").read_text(encoding="utf-8"))
AXE = Bundle(
    name="axe",
    directory="axe",
    package="axe-core",
    version="4.14.1",
    sha512=(
        "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73"
        "4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
    ),
    folder=".",
)
SCREENS = {
    ("phone", "dark"): {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True},
    ("desktop", "light"): {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False},
}
PASSWORD = "input[type=password]"


@pytest.fixture(scope="session")
def axe():
    return (fetched(AXE) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def console(driver, stack):
    """The console before the sign-in. Violations of its policy fail the test."""
    driver.get_log("browser")
    owner = Visitor(driver)
    owner.open(f"{stack.url}/console")
    owner.wait(lambda: owner.find(PASSWORD))
    yield owner
    said = [entry["message"] for entry in driver.get_log("browser")]
    assert [line for line in said if "Content Security Policy" in line or "Uncaught" in line] == []


@pytest.fixture
def sign_in(console, stack):
    """`sign_in(key)` leads to the tokens."""

    def sign_in(key=stack.api_key):
        console.find(PASSWORD)[0].send_keys(key, Keys.ENTER)
        console.sees("Tokens", "h1")

    return sign_in


@pytest.fixture
def owner(console, sign_in):
    sign_in()
    return console


def test_api_key_is_in_no_storage_and_a_reload_forgets_it(console, sign_in, token, stack):
    token("Safe")
    sign_in()
    console.sees("Safe", "table")
    found = console.driver.execute_script("""
        const [resources, values] = [performance.getEntriesByType("resource"), document.querySelectorAll("input")];
        return JSON.stringify([
            {...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state, document.title,
            [...resources].map((one) => one.name), [...values].map((one) => one.value),
            document.documentElement.outerHTML,
        ]);
    """)
    assert stack.api_key not in found
    databases = console.driver.execute_async_script("indexedDB.databases().then(arguments[0])")
    assert (databases, console.driver.get_cookies()) == ([], [])
    console.driver.refresh()
    console.wait(lambda: console.find(PASSWORD))
    assert console.find(PASSWORD)[0].get_attribute("value") == ""


def test_wrong_key_is_refused_and_says_why(console):
    console.find(PASSWORD)[0].send_keys("ctk_wrong", Keys.ENTER)
    console.sees("The API key is invalid", "[role=alert]")


@pytest.mark.parametrize("package", PINNED, ids=lambda package: package["package"])
def test_libraries_are_those_of_the_published_packages(package, monkeypatch, tmp_path):
    pinned = replace(
        AXE,
        name=package["package"],
        directory=Path(package["package"]).name,
        package=package["package"],
        version=package["version"],
        sha512=package["sha512"],
    )
    monkeypatch.setattr(bundles, "ROOM", tmp_path)
    published = fetched(pinned)
    for name, file in package["files"].items():
        assert (VENDOR / name).read_bytes() == (published / file["path"]).read_bytes()


def test_search_finds_a_token_by_its_origin(owner, management):
    for name in ("Bakery", "Florist"):
        origins = [f"https://{name.lower()}.example.org"]
        management.ask("POST", "/v1/client-tokens", {"name": name, "allowedOrigins": origins})
    # Without a reload, which would forget the key.
    owner.driver.execute_script("location.hash = '#/tokens/new'")
    owner.sees("New token", "h1")
    owner.driver.execute_script("location.hash = '#/tokens'")
    owner.sees("Florist", "table")
    owner.find("input[type=search]")[0].send_keys("bakery.example")
    owner.sees("1 token found")
    assert "Florist" not in owner.text("table")


def test_owners_text_is_shown_as_text(owner, management):
    names = ["<img src=x onerror=\"document.title='broken'\">", "javascript:alert(1)"]
    for name in names:
        management.ask("POST", "/v1/client-tokens", {"name": name, "allowedOrigins": ["https://a.example.org"]})
    owner.driver.execute_script("location.hash = '#/conversations'; location.hash = '#/tokens/'")
    for name in names:
        owner.sees(name, "table")
    assert owner.find("#app img") == []
    links = [link.get_attribute("href") for link in owner.find("a")]
    assert [link for link in links if not link.startswith(owner.driver.current_url.partition("#")[0])] == []
    owner.driver.find_element(By.LINK_TEXT, names[0]).click()
    owner.sees(names[0], "h1")
    assert names[0] in owner.driver.title


@pytest.fixture
def token(management):
    """`token(name)` creates one, with its value, for https://shop.example.org alone."""

    def token(name):
        body = {"name": name, "allowedOrigins": ["https://shop.example.org"], "flowIds": ["flow_demo"]}
        created = management.ask("POST", "/v1/client-tokens", body)
        return created["clientToken"]["id"], created["token"]

    return token


def open_session(stack, value, origin):
    """The status of an init from a page of `origin`."""
    api = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    headers = {"Origin": origin, "Content-Type": "application/json"}
    api.request("POST", "/v1/client/init", json.dumps({"token": value}), headers)
    status = api.getresponse().status
    api.close()
    return status


def test_owner_of_a_refused_site_finds_the_reason_and_allows_it(owner, stack, management, operate, token):
    refused = "https://www.example.org"
    token_id, value = token("Refused site")
    assert open_session(stack, value, refused) == 403
    # Lines are tallied some seconds after the request. The command line asks without using up the tenant's lists.
    owner.wait(lambda: json.loads(operate("tokens", "refusals", "--tenant", "demo", token_id, "--json")))
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}`", token_id)
    owner.sees("origin not allowed", "table")
    owner.sees(refused, "table")
    # A fix is of the token as it is on the screen: it overwrites nobody's change.
    management.ask("PUT", f"/v1/client-tokens/{token_id}", {"allowedOrigins": ["https://new.example.org"]})
    owner.click("td button")
    owner.sees("This token has changed since you opened it.", "[role=status]")
    assert open_session(stack, value, refused) == 403
    owner.wait(lambda: not owner.find("[aria-busy=true]"))
    owner.click("td button")
    owner.sees("now allowed", "table")
    owner.sees(f"{refused} is allowed now.", "[role=status]")
    assert [open_session(stack, value, one) for one in (refused, "https://new.example.org")] == [200, 200]


def test_concurrent_change_is_shown_as_a_difference(owner, management, token):
    token_id, _ = token("Before")
    path = f"/v1/client-tokens/{token_id}"
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}/settings`", token_id)
    owner.wait(lambda: owner.find("input[name=name]"))[0].send_keys(" and mine")
    owner.find("input[name=rateLimitPerMinute]")[0].send_keys(Keys.CONTROL, "a")
    owner.find("input[name=rateLimitPerMinute]")[0].send_keys("7")
    management.ask("PUT", path, {"name": "Theirs", "rateLimitPerHour": 77})
    owner.driver.find_element(By.XPATH, "//button[.='Save']").click()
    owner.sees("This token has changed since you opened it")
    for shown in ("Before", "Theirs", "Before and mine", "77", "7"):
        owner.sees(shown, ".conflict")
    assert management.ask("GET", path)["clientToken"]["name"] == "Theirs"
    owner.find("input[aria-label='Keep their Name']")[0].click()
    owner.driver.find_element(By.XPATH, "//button[.='Save these choices']").click()
    owner.sees("Saved.", "[role=status]")
    after = management.ask("GET", path)["clientToken"]
    assert (after["name"], after["rateLimitPerMinute"], after["rateLimitPerHour"]) == ("Theirs", 7, 77)


def test_what_prevents_a_choice_after_a_concurrent_change_is_shown(owner, management, token):
    token_id, _ = token("Contested")
    path = f"/v1/client-tokens/{token_id}"
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}/settings`", token_id)
    owner.wait(lambda: owner.find("input[name=name]"))
    owner.driver.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    owner.wait(lambda: owner.find("input[name=defaultFlowId]"))[0].send_keys("flow_demo")
    management.ask("PUT", path, {"flowIds": []})
    # First, the token as somebody else has left it cannot be read.
    owner.driver.execute_script("""
        window.answered = window.fetch;
        const isRead = (options) => options.method === "GET";
        window.fetch = (url, options) => isRead(options) ? Promise.reject(new TypeError()) : answered(url, options);
    """)
    owner.driver.find_element(By.XPATH, "//button[.='Save']").click()
    owner.sees("The API cannot be reached.", "main")
    owner.driver.execute_script("window.fetch = window.answered")
    owner.driver.find_element(By.XPATH, "//button[.='Save']").click()
    owner.sees("This token has changed since you opened it", ".conflict")
    owner.driver.find_element(By.XPATH, "//button[.='Save these choices']").click()
    owner.sees("defaultFlowId", ".conflict [role=alert]")
    assert management.ask("GET", path)["clientToken"]["defaultFlowId"] is None


def test_warnings_are_shown_while_one_types(owner, management):
    owner.driver.execute_script("location.hash = '#/tokens/new'")
    owner.wait(lambda: owner.find("input[name=name]"))[0].send_keys("Previews")
    owner.find("textarea[name=allowedOrigins]")[0].send_keys("https://*.vercel.app")
    owner.sees("https://*.vercel.app admits strangers", "aside")
    owner.find("textarea[name=allowedOrigins]")[0].send_keys(Keys.ENTER, "shop")
    owner.sees("must start with a scheme", ".reason")
    names = [one["name"] for one in management.ask("GET", "/v1/client-tokens")["clientTokens"]]
    assert "Previews" not in names
    owner.find("textarea[name=allowedOrigins]")[0].send_keys(*[Keys.BACKSPACE] * 5)
    owner.click("aside button")
    owner.sees("Previews is ready", "h1")
    owner.sees("admits strangers", ".warning")


def test_missing_scope_is_named_and_the_rest_works(console, sign_in, operate, token):
    token_id, _ = token("Read only")
    sign_in(operate("keys", "create", "--tenant", "demo", "--name", "Reader", "--scopes", "tokens:read"))
    console.driver.execute_script("location.hash = `#/tokens/${arguments[0]}/changes`", token_id)
    console.sees("Your API key lacks the scope audit:read.", "[role=alert]")
    console.driver.execute_script("location.hash = `#/tokens/${arguments[0]}/settings`", token_id)
    console.wait(lambda: console.find("input[name=name]"))[0].send_keys(" no more")
    console.driver.find_element(By.XPATH, "//button[.='Save']").click()
    console.sees("Your API key lacks the scope tokens:write.", "[role=alert]")
    assert console.find("input[name=name]")[0].get_attribute("value") == "Read only no more"


@pytest.mark.parametrize(("screen", "scheme"), SCREENS)
def test_screens_are_accessible_and_fit(console, sign_in, axe, token, screen, scheme):
    token_id, _ = token("Fits every screen")
    size = SCREENS[screen, scheme]
    console.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    console.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    try:
        problems = {"sign-in": look(console, axe, size)}
        sign_in()
        for path, seen in SEEN.items():
            console.driver.execute_script("location.hash = arguments[0]", path.format(id=token_id))
            console.sees(seen, "main")
            console.wait(lambda: not console.find("[aria-busy=true]"))
            assert console.driver.switch_to.active_element.tag_name == "h1"
            problems[path] = look(console, axe, size)
    finally:
        console.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        console.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert {path: found for path, found in problems.items() if found} == {}


# The address of a screen, and what it shows once it is there.
SEEN = {
    "#/tokens": "Fits every screen",
    "#/tokens/new": "Allowed origins",
    "#/tokens/{id}": "Spent since midnight UTC",
    "#/tokens/{id}/settings": "Rotate, disable, or delete",
}


# Controls that look the same with the keyboard's focus.
UNMARKED = """
    return [...document.querySelectorAll("a, button, input, select, textarea, summary, pre[tabindex]")]
        .filter((control) => control.checkVisibility() && !control.disabled)
        .filter((control) => control.focus() || getComputedStyle(control).outlineStyle !== "solid")
        .map((control) => `no visible focus: ${control.outerHTML}`);
"""


def look(console, axe, size):
    """What axe finds, what is wider than the screen, and where the focus cannot be seen."""
    console.driver.switch_to.active_element.send_keys(Keys.TAB)
    unmarked = console.driver.execute_script(UNMARKED)
    found = console.driver.execute_async_script(f"{axe}; axe.run().then(arguments[0])")
    width = console.driver.execute_script("return document.documentElement.scrollWidth")
    too_wide = [f"{width} pixels wide"] if width > size["width"] else []
    return (
        unmarked
        + too_wide
        + [
            f"{violation['id']}: {node['html']}"
            for violation in found["violations"]
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]
    )
