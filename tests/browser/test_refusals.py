"""Every error sentence, as the visitor of a website reads it."""

import json
import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

NOBODYS = "http://127.0.0.1:9"
ENDED = "Session expired. Please refresh to continue."


def test_sentence_for_a_token_with_a_line_break(visitor, visit, create):
    visit(create()["token"].replace(".", ".\n"))
    mistake = "it contains a space or a line break. Put the whole value on one line."
    assert visitor.say("Hello") == f"Invalid client token: The token value is malformed: {mistake}"


def test_sentence_for_an_origin_that_is_not_allowed(visitor, visit, create, website):
    visit(create(allowedOrigins=[NOBODYS])["token"])
    hint = f"{website.url} is not among the token's allowed origins."
    assert visitor.say("Hello") == f"Origin not allowed: {hint}"


def test_sentence_for_a_flow_the_token_does_not_list(visitor, visit, create):
    visit(create()["token"], flowId="flow_of_others")
    assert visitor.say("Hello") == "Origin not allowed: This client token is not for that flow or agent."


def test_sentence_for_a_token_without_a_target(visitor, visit, create):
    visit(create(flowIds=[])["token"])
    assert visitor.say("Hello") == "This client token has no flow and no agent to talk to."


def test_sentence_for_too_many_sessions_from_one_address(visitor, visit, create, website, stack):
    token = create()["token"]
    api = HTTPConnection(urlsplit(stack.url).netloc)
    status = 200
    while status == 200:
        api.request("POST", "/v1/client/init", json.dumps({"token": token}), {"Origin": website.url})
        with api.getresponse() as response:
            status = response.status
            response.read()
    assert status == 429
    visit(token)
    assert visitor.say("Hello") == "Too many sessions were opened from your connection."


def test_switched_off_token_stops_the_next_message(visitor, visit, create, change):
    token = create()
    visit(token["token"])
    assert visitor.say("One") == "You said: One"
    change(token, isActive=False)
    assert visitor.say("Two") == ENDED
    assert visitor.say("Three") == "Invalid client token: This client token is switched off."
    change(token, isActive=True)
    assert visitor.say("Four") == "You said: Four"


def test_regenerated_token_ends_its_sessions(visitor, visit, create, management):
    token = create()
    visit(token["token"])
    assert visitor.say("One") == "You said: One"
    management.ask("POST", f"/v1/client-tokens/{token['clientToken']['id']}/regenerate")
    assert visitor.say("Two") == ENDED
    assert visitor.say("Three") == "Invalid client token: It does not exist, or has been replaced."


def test_sentence_for_an_origin_that_is_no_longer_allowed(visitor, visit, create, change):
    token = create()
    visit(token["token"])
    assert visitor.say("One") == "You said: One"
    change(token, allowedOrigins=[NOBODYS])
    assert visitor.say("Two") == "This client token may not be used here."


def test_sentence_for_a_session_over_its_message_limit(visitor, visit, create):
    visit(create(maxMessagesPerSession=1)["token"])
    assert visitor.say("One") == "You said: One"
    assert visitor.say("Two") == "This conversation has reached its message limit."


def test_sentence_for_a_visitor_over_the_rate_limit(visitor, visit, create):
    visit(create(rateLimitPerMinute=1)["token"])
    assert visitor.say("One") == "You said: One"
    sentence = r"You are sending messages too quickly\. Please wait \d+ seconds? and try again\."
    assert re.fullmatch(sentence, visitor.say("Two"))


def test_sentence_for_a_rate_limit_that_others_used_up(visitor, visit, create):
    token = create(rateLimitPerMinute=1)["token"]
    visit(token)
    assert visitor.say("One") == "You said: One"
    visit(token)
    sentence = r"Too many messages are coming from your network\. Please wait \d+ seconds? and try again\."
    assert re.fullmatch(sentence, visitor.say("Two"))


def test_chat_continues_after_an_oversized_message(visitor, visit, create):
    visit(create()["token"])
    assert visitor.say("x" * 8193) == "Your message is too long. Please keep it to 8 KB."
    assert visitor.say("Hello") == "You said: Hello"


def test_sentence_for_a_flow_that_is_no_longer_registered(visitor, visit, create, operate):
    operate("targets", "register", "--tenant", "demo", "flow_short_lived", "--kind", "echo")
    visit(create(flowIds=["flow_short_lived"])["token"])
    operate("targets", "remove", "--yes", "--tenant", "demo", "flow_short_lived")
    assert visitor.say("Hello") == "The assistant is not available."


def test_sentence_for_a_flow_that_fails(visitor, visit, create, operate):
    nowhere = "function_arn=arn:aws:lambda:us-east-1:123456789012:function:nowhere"
    operate("targets", "register", "--tenant", "demo", "flow_broken", "--kind", "aws_lambda", "--set", nowhere)
    visit(create(flowIds=["flow_broken"])["token"])
    assert visitor.say("Hello") == "The assistant could not answer. Please try again."
