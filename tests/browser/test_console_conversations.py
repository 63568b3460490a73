"""The console's conversations, and its chat with a new value: what an owner reads, tries, and fixes."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.test_console import SCREENS, axe, console, look, owner, sign_in, token  # noqa: F401 - fixtures

SHOP = "https://shop.example.org"
MARKUP = "<img src=x onerror=\"document.title='broken'\">"
LATER = "One\nTwo"


@pytest.fixture
def post(stack):
    """`post(path, body)` as a page of the shop sends it. Returns the answer's text."""

    def post(path, body, status=200):
        api = http.client.HTTPConnection(urlsplit(stack.url).netloc)
        api.request(
            "POST", f"/v1/client/{path}", json.dumps(body), {"Origin": SHOP, "Content-Type": "application/json"}
        )
        answer = api.getresponse()
        found = answer.status, answer.read().decode()
        api.close()
        assert found[0] == status, found
        return found[1]

    return post


@pytest.fixture
def talk(post):
    """`talk(value)`: a visitor's conversation of two messages and two ratings. Returns its id."""

    def talk(value):
        opened = json.loads(post("init", {"token": value}))
        session_id = opened["sessionId"]
        for number, text in enumerate((MARKUP, LATER)):
            message = {"id": f"usr_{number}", "role": "user", "content": text}
            body = {"sessionId": session_id, "messages": [message], "assistantMessageId": f"ast_{number}"}
            assert "execution_complete" in post("chat", body)
        given = {"sessionId": session_id, "token": value}
        post("feedback", given | {"type": "downvote", "messageId": "ast_1"})
        post("feedback", given | {"type": "csat", "rating": 2, "comment": "Too <b>slow</b>"})
        return opened["conversationId"]

    return talk


def go(owner, place):  # noqa: F811
    owner.driver.execute_script("location.hash = arguments[0]", place)


def press(owner, name):  # noqa: F811
    owner.wait(lambda: owner.driver.find_elements(By.XPATH, f"//button[.='{name}']"))[0].click()


def test_owner_reads_rates_and_deletes_what_a_visitor_wrote(owner, management, token, talk):  # noqa: F811
    token_id, value = token("Shop")
    conversation_id = talk(value)
    go(owner, f"#/conversations?token={token_id}")
    owner.sees("1 conversation", "main")
    owner.sees("Shop", "table")
    owner.sees(SHOP, "table")
    owner.sees("Too <b>slow</b>", "main")
    owner.wait(lambda: owner.find("table a"))[0].click()
    owner.sees("Transcript", "main")
    said = [one.text for one in owner.find(".chat p")]
    assert (said[0], said[2]) == (MARKUP, LATER)
    assert owner.find("#app img") == []
    owner.sees("thumbs down", ".chat")
    owner.sees("csat 2", "[aria-label=Ratings]")
    owner.sees("Nothing failed.", "main")
    press(owner, "Delete")
    press(owner, "Delete for good")
    owner.sees("The conversation was deleted.", "[role=status]")
    go(owner, f"#/conversations?token={token_id}")
    owner.sees("0 conversations", "main")
    assert management.ask("GET", f"/v1/conversations?client_token_id={token_id}")["conversations"] == []
    assert conversation_id not in owner.driver.page_source


def test_key_without_the_scope_shows_no_conversation(console, sign_in, operate, token, talk):  # noqa: F811
    token_id, value = token("Unread")
    conversation_id = talk(value)
    key = operate("keys", "create", "--tenant", "demo", "--name", "Without conversations").split()[-1]
    sign_in(key)
    for place in (f"#/conversations?token={token_id}", f"#/conversations/{conversation_id}"):
        go(console, place)
        console.sees("Your API key lacks the scope conversations:read.", "[role=alert]")
    assert MARKUP not in console.text()


def test_conversation_shows_that_its_target_failed(owner, operate, management, post):  # noqa: F811
    nowhere = "function_arn=arn:aws:lambda:us-east-1:123456789012:function:nowhere"
    operate("targets", "register", "--tenant", "demo", "flow_failing", "--kind", "aws_lambda", "--set", nowhere)
    body = {"name": "Failing", "allowedOrigins": [SHOP], "flowIds": ["flow_failing"]}
    created = management.ask("POST", "/v1/client-tokens", body)
    opened = json.loads(post("init", {"token": created["token"]}))
    message = {"role": "user", "content": "Anybody there?"}
    post("chat", {"sessionId": opened["sessionId"], "messages": [message]}, status=502)
    # Lines are tallied some seconds after the request. The command line asks without using up the tenant's lists.
    usage = ("tokens", "usage", "--tenant", "demo", created["clientToken"]["id"], "--json")
    owner.wait(lambda: json.loads(operate(*usage))["failed"])
    go(owner, f"#/conversations/{opened['conversationId']}")
    owner.sees("Anybody there?", ".chat")
    owner.sees("No answer is stored", ".chat")
    owner.sees("target_failed: 1 request", "main")


def show_value(owner, token_id):  # noqa: F811
    go(owner, f"#/tokens/{token_id}/embed")
    press(owner, "Show the value")
    owner.sees("Put it in a page", "main")


def say(owner, text):  # noqa: F811
    owner.find("input[aria-label=Message]")[0].send_keys(text, Keys.ENTER)


def test_refused_chat_names_its_reason_and_one_click_fixes_it(owner, stack, management, token):  # noqa: F811
    token_id, value = token("Tried")
    show_value(owner, token_id)
    owner.driver.get_log("performance")
    assert value in owner.text("main pre")
    say(owner, "Do you sell tea?")
    owner.sees(f"{stack.url} is not among the token's allowed origins.", ".questions")
    assert owner.find("input[aria-label=Message]")[0].get_attribute("value") == "Do you sell tea?"
    press(owner, "Do it")
    owner.wait(lambda: len(owner.find(".chat p")) == 2 and "tea" in owner.find(".chat p")[1].text)
    assert owner.find(".questions") == []
    assert management.ask("GET", f"/v1/client-tokens/{token_id}")["clientToken"]["allowedOrigins"] == [SHOP, stack.url]
    say(owner, "And coffee?")
    owner.wait(lambda: len(owner.find(".chat p")) == 4 and "coffee" in owner.find(".chat p")[3].text)
    sent = [json.loads(entry["message"])["message"] for entry in owner.driver.get_log("performance")]
    asked = [one["params"]["request"] for one in sent if one["method"] == "Network.requestWillBeSent"]
    chats = [one for one in asked if "/v1/client/" in one["url"]]
    assert len(chats) == 4
    assert {"authorization", "cookie"}.isdisjoint(name.lower() for one in chats for name in one["headers"])
    press(owner, "Stop allowing this page")
    owner.sees("is no longer allowed", "[role=status]")
    assert management.ask("GET", f"/v1/client-tokens/{token_id}")["clientToken"]["allowedOrigins"] == [SHOP]


def test_refused_chat_does_not_blame_the_api_key(owner, management, token):  # noqa: F811
    token_id, _ = token("Switched off")
    show_value(owner, token_id)
    management.ask("PUT", f"/v1/client-tokens/{token_id}", {"isActive": False})
    say(owner, "Anybody there?")
    owner.sees("This client token is switched off.", "[role=alert]")
    assert "API key" not in owner.text("[role=alert]")


@pytest.mark.parametrize(("screen", "scheme"), SCREENS)
def test_conversations_and_chat_are_accessible_and_fit(owner, axe, stack, token, talk, screen, scheme):  # noqa: F811
    size = SCREENS[screen, scheme]
    token_id, value = token("Seen")
    places = {
        f"#/conversations?token={token_id}": "1 conversation",
        f"#/conversations/{talk(value)}": "Transcript",
    }
    owner.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    owner.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    problems = {}
    try:
        for place, seen in places.items():
            go(owner, place)
            owner.sees(seen, "main")
            owner.wait(lambda: not owner.find("[aria-busy=true]"))
            assert owner.driver.switch_to.active_element.tag_name == "h1"
            problems[place] = look(owner, axe, size)
        show_value(owner, token_id)
        say(owner, "Hello")
        owner.sees(stack.url, ".questions")
        problems["chat"] = look(owner, axe, size)
    finally:
        owner.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        owner.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert {place: found for place, found in problems.items() if found} == {}
