"""The demo page of `make run`: the working widget beside the token as the management API shows it."""

import functools

import boto3
import pytest

from infra.local import access
from infra.local.access import REGION
from infra.local.demo import bundles

WELCOME = "Hello! Send me a message."


@pytest.fixture
def demo(visitor, stack):
    visitor.open(stack.demo_url)
    visitor.sees(WELCOME, "#chat")
    return visitor


def conversations(management, stack):
    answer = management.ask("GET", f"/v1/client-tokens/{stack.client_token_id}/conversations")
    return answer["conversations"]


def test_chat_continues_after_a_reload_as_one_conversation(demo, management, stack):
    assert demo.say("Do you ship to Norway?") == "You said: Do you ship to Norway?"
    demo.driver.refresh()
    demo.sees("You said: Do you ship to Norway?", "#chat")
    assert demo.say("And to Iceland?") == "You said: And to Iceland?"
    demo.sees("Do you ship to Norway?", "#conversations")
    last = conversations(management, stack)[0]
    assert (last["firstMessage"], last["messageCount"]) == ("Do you ship to Norway?", 4)
    assert (last["flowId"], last["origin"]) == (stack.flow_id, stack.demo_url)


def test_thumbs_up_is_stored(demo, management, stack):
    demo.say("Was this good?")
    demo.click("[data-action=upvote]")
    dynamodb = boto3.client(
        "dynamodb", endpoint_url=stack.aws_endpoint, region_name=REGION,
        aws_access_key_id=access.CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    (table,) = dynamodb.list_tables()["TableNames"]
    key = {":pk": {"S": f"FEEDBACK#{conversations(management, stack)[0]['id']}"}}
    asked = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": key}
    demo.wait(lambda: dynamodb.query(TableName=table, **asked)["Count"] == 1)


def test_visitor_input_is_rendered_as_text(demo):
    demo.say("<img src=nowhere onerror=\"document.title = 'broken'\">")
    demo.sees("<img src=nowhere onerror=", "#conversations")
    assert demo.find("#conversations img") == []
    assert demo.driver.title != "broken"


def test_page_shows_the_current_limits(demo, management, stack):
    path = f"/v1/client-tokens/{stack.client_token_id}"
    before = management.ask("GET", path)["clientToken"]["rateLimitPerHour"]
    management.ask("PUT", path, {"rateLimitPerHour": 4321})
    try:
        demo.driver.execute_script("window.dispatchEvent(new Event('focus'))")
        demo.sees("4321", "#limits")
    finally:
        management.ask("PUT", path, {"rateLimitPerHour": before})


def test_page_obeys_its_csp_and_holds_no_api_key(demo, stack):
    assert demo.say("# Hello\n\n`code`")
    assert [entry for entry in demo.driver.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = demo.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert {stack.demo_url, stack.url} == {"/".join(address.split("/")[:3]) for address in loaded}
    assert stack.api_key not in demo.driver.page_source


def test_embed_snippet_works_on_another_website(demo, website, management, stack):
    demo.wait(lambda: demo.text("#embed"))
    tag = demo.text("#embed")
    path = f"/v1/client-tokens/{stack.client_token_id}"
    origins = management.ask("GET", path)["clientToken"]["allowedOrigins"]
    management.ask("PUT", path, {"allowedOrigins": [*origins, website.url]})
    website.show(tag.replace(bundles.WIDGET.cdn, "/widget"))
    demo.open(website.url)
    demo.click("button")
    demo.sees(WELCOME)
    assert demo.say("Hello") == "You said: Hello"
    # The whole bubble is the service's sentence.
    management.ask("PUT", path, {"allowedOrigins": origins})
    try:
        assert demo.say("Hello again") == "This client token may not be used here."
    finally:
        management.ask("PUT", path, {"allowedOrigins": [*origins, website.url]})


def test_demo_page_shows_only_the_error_sentence_of_the_service(demo, management, stack):
    path = f"/v1/client-tokens/{stack.client_token_id}"
    before = management.ask("GET", path)["clientToken"]["maxMessagesPerSession"]
    assert demo.say("One") == "You said: One"
    management.ask("PUT", path, {"maxMessagesPerSession": 1})
    try:
        assert demo.say("Two") == "This conversation has reached its message limit."
    finally:
        management.ask("PUT", path, {"maxMessagesPerSession": before})


def test_page_says_what_it_needs_where_the_widget_cannot_be_loaded(visitor, stack):
    block = functools.partial(visitor.driver.execute_cdp_cmd, "Network.setBlockedURLs")
    visitor.driver.execute_cdp_cmd("Network.enable", {})
    block({"urls": ["*/widget/*"]})
    try:
        visitor.open(stack.demo_url)
        visitor.sees("The chat widget could not be loaded.", "#trouble")
        # It stays when the token's record has been read.
        visitor.sees("Demo, test", "#facts")
        assert "The chat widget could not be loaded." in visitor.text("#trouble")
    finally:
        block({"urls": []})
