"""The console without a mouse."""

import json

from selenium.webdriver.common.keys import Keys

from tests.browser.test_console import console, open_session, token  # noqa: F401 - fixtures

STOPS_MAX = 60


def go(owner, words):
    """Presses Tab until the focus is on the control with these words, and Enter."""
    for _ in range(STOPS_MAX):
        owner.driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = owner.driver.switch_to.active_element
        if words in {focused.text, focused.get_attribute("aria-label"), focused.get_attribute("placeholder")}:
            break
    else:
        raise AssertionError(f"{words} is not reached.")
    focused.send_keys(Keys.ENTER)


def test_refused_site_is_allowed_by_keyboard_alone(console, stack, operate, token):  # noqa: F811
    refused = "https://www.example.org"
    token_id, value = token("By keyboard")
    assert open_session(stack, value, refused) == 403
    console.wait(lambda: json.loads(operate("tokens", "refusals", "--tenant", "demo", token_id, "--json")))
    console.driver.switch_to.active_element.send_keys(Keys.TAB)
    console.driver.switch_to.active_element.send_keys(stack.api_key, Keys.ENTER)
    console.sees("Tokens", "h1")
    console.sees("By keyboard", "table")
    go(console, "By keyboard")
    console.sees(refused, "table")
    go(console, "Allow this origin")
    console.sees("now allowed", "table")
    assert open_session(stack, value, refused) == 200
