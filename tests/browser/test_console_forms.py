"""The console's forms and dialogs: what saves, failures, and late answers leave on the screen, and with the focus."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.test_console import console, owner, sign_in, token  # noqa: F401 - fixtures

# What the network answers to a path instead of the API, by method.
REPLACE = """
    const [path, statuses, body] = arguments, send = window.fetch;
    window.fetch = async (address, options) => new URL(address).pathname === path
        ? new Response(body, {status: statuses[options.method]}) : send(address, options);
"""
# The first answer to a creation is lost.
LOSE_FIRST_ANSWER = """
    const send = window.fetch;
    window.fetch = async (address, options) => {
        const answer = await send(address, options);
        if (options.method !== "POST" || !String(address).endsWith("/client-tokens") || window.isLost) return answer;
        window.isLost = true;
        throw new TypeError("Failed to fetch");
    };
"""
# The first request to explain waits until `release` is called. It resolves once its answer can be shown.
HOLD_FIRST_EXPLANATION = """
    const send = window.fetch;
    window.fetch = (address, options) => {
        if (!String(address).endsWith("/explain") || window.release) return send(address, options);
        return new Promise((resolve) => {
            window.release = (done) => {
                const answer = send(address, options);
                resolve(answer);
                answer.then(() => setTimeout(done, 200));
            };
        });
    };
"""


@pytest.fixture
def open_settings(owner, token):  # noqa: F811
    """`open_settings(name)` creates a token, and shows its settings. Returns its path in the API."""

    def open_settings(name):
        token_id, _ = token(name)
        owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}/settings`", token_id)
        owner.wait(lambda: owner.find("input[name=name]"))
        return f"/v1/client-tokens/{token_id}"

    return open_settings


def press(owner, name):  # noqa: F811
    owner.wait(lambda: owner.driver.find_elements(By.XPATH, f"//button[.='{name}']"))[0].click()


def focused(owner):  # noqa: F811
    return owner.driver.switch_to.active_element


def test_save_keeps_the_form_and_refuses_half_a_date(owner, management, open_settings):  # noqa: F811
    path = open_settings("Saved")
    owner.find("input[name=name]")[0].send_keys(" twice", Keys.ENTER)
    owner.sees("Saved twice", "h1")
    # The form goes on. Half a date would read as none: the token would never expire.
    assert focused(owner).get_attribute("name") == "name"
    owner.find("input[name=expiresAt]")[0].send_keys("12312099")
    owner.find("input[name=name]")[0].send_keys(" more")
    press(owner, "Save")
    owner.sees("Expires is incomplete", ".reason")
    saved = management.ask("GET", path)["clientToken"]
    assert (saved["name"], saved["expiresAt"]) == ("Saved twice", None)


def test_conflict_that_cannot_be_read_keeps_the_form(owner, management, open_settings):  # noqa: F811
    path = open_settings("Read")
    management.ask("PUT", path, {"name": "Theirs"})
    owner.driver.execute_script(REPLACE, path, {"PUT": 412, "GET": 502}, "<h1>Bad Gateway")
    owner.find("input[name=name]")[0].send_keys(" mine")
    press(owner, "Save")
    owner.sees("status 502", "[role=alert]")
    assert owner.find("input[name=name]")[0].get_attribute("value") == "Read mine"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "<p>Sign in to the network", "no answer of the API (status 200)"),
        (502, "<h1>Bad Gateway</h1>", "no answer of the API (status 502)"),
        (
            401,
            '{"error": "No.", "code": "unauthenticated", "hint": "Send an API key as: Authorization: Bearer."}',
            "sign in with another key",
        ),
    ],
)
def test_failure_says_what_to_do(owner, stack, status, body, said):  # noqa: F811
    path = f"/v1/client-tokens/{stack.client_token_id}"
    owner.driver.execute_script(REPLACE, path, {"GET": status}, body)
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}`", stack.client_token_id)
    owner.sees(said, "[role=alert]")
    assert "Authorization" not in owner.text("main")


def test_creation_whose_answer_was_lost_is_made_once(owner, management):  # noqa: F811
    owner.driver.execute_script(LOSE_FIRST_ANSWER)
    owner.driver.execute_script("location.hash = '#/tokens/new'")
    owner.wait(lambda: owner.find("input[name=name]"))[0].send_keys("Answer lost")
    owner.find("textarea[name=allowedOrigins]")[0].send_keys("https://shop.example")
    press(owner, "Create token")
    owner.sees("The API cannot be reached", "[role=alert]")
    press(owner, "Create token")
    owner.sees("Answer lost is ready", "h1")
    names = [one["name"] for one in management.ask("GET", "/v1/client-tokens")["clientTokens"]]
    assert names.count("Answer lost") == 1


def test_new_value_gets_the_focus_and_copying_is_announced(owner, open_settings):  # noqa: F811
    open_settings("Rotated")
    press(owner, "Rotate the value")
    press(owner, "Rotate")
    owner.wait(lambda: focused(owner).get_attribute("aria-label") == "The new value")
    press(owner, "Copy")
    # A modal dialog hides the rest of the page from screen readers.
    owner.wait(lambda: owner.text("dialog .said"))
    focused(owner).send_keys(Keys.ESCAPE)
    owner.wait(lambda: focused(owner).text == "Rotate the value")


def test_late_explanation_is_not_shown_for_another_origin(owner, stack):  # noqa: F811
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}`", stack.client_token_id)
    (origin,) = owner.wait(lambda: owner.find("input[inputmode=url]"))
    owner.driver.execute_script(HOLD_FIRST_EXPLANATION)
    origin.send_keys("https://stranger.example", Keys.ENTER)
    owner.wait(lambda: owner.driver.execute_script("return Boolean(window.release)"))
    origin.send_keys(Keys.CONTROL, "a")
    origin.send_keys(stack.demo_url, Keys.ENTER)
    owner.sees("Yes, the visitor gets in.", "main")
    owner.driver.execute_async_script("window.release(arguments[0])")
    owner.sees("Yes, the visitor gets in.", "main")
    assert "No, the visitor is refused." not in owner.text("main")
