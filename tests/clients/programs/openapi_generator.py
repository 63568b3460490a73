"""Uses the client of openapi-generator's python generator. Run with the client on the path."""

import json
import sys

from client_tokens import (
    ApiClient,
    ApiError,
    ApiException,
    BrowserApi,
    Chat,
    ChatEvent,
    Configuration,
    CreateClientToken,
    InitSession,
    ManagementApi,
    TextDelta,
    VisitorMessage,
    VisitorMessageContent,
)

url, key, flow = sys.argv[1:]
management = ManagementApi(ApiClient(Configuration(host=url, access_token=key)))
browser = BrowserApi(ApiClient(Configuration(host=url)))


def refusal(call):
    try:
        call()
    except ApiException as error:
        return error.status, error.data
    raise AssertionError("It was not refused.")


settings = {"name": "Generated", "flow_ids": [flow], "environment": "test"}
created = management.create_client_token(CreateClientToken(allowed_origins=["native"], **settings))
listed = management.list_client_tokens(limit=1)

session = browser.init_session(InitSession(token=created.token))
message = VisitorMessage(role="user", content=VisitorMessageContent("Hello"))
stream = browser.chat(Chat(session_id=session.session_id, messages=[message]))
data = [line.removeprefix("data: ") for line in stream.split("\n") if line.startswith("data: ")]
events = [ChatEvent.from_json(one).actual_instance for one in data]

status, invalid = refusal(
    lambda: management.create_client_token(
        CreateClientToken(allowed_origins=["https://app.example.com/path"], **settings)
    )
)
elsewhere = management.create_client_token(CreateClientToken(allowed_origins=["https://app.example.com"], **settings))
refused_status, refused = refusal(lambda: browser.init_session(InitSession(token=elsewhere.token)))

assert isinstance(invalid, ApiError)
assert isinstance(refused, ApiError)
json.dump(
    {
        "created": created.client_token.name,
        "listed": [token.id for token in listed.client_tokens] == [created.client_token.id],
        "hasMore": listed.pagination.has_more,
        "reply": "".join(event.delta for event in events if isinstance(event, TextDelta)),
        "invalid": [status, invalid.code, invalid.details[0].path],
        "refused": [refused_status, refused.code, refused.error, refused.hint],
    },
    sys.stdout,
)
