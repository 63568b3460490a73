"""Uses the client of openapi-python-client. Run with the client on the path."""

import json
import sys

from client_tokens import AuthenticatedClient, Client
from client_tokens.api.browser import chat, init_session
from client_tokens.api.management import create_client_token, list_client_tokens
from client_tokens.models import (
    ApiError,
    Chat,
    ClientTokenCreated,
    ClientTokensListed,
    CreateClientToken,
    InitSession,
    SessionOpened,
    TextDelta,
    VisitorMessage,
)

url, key, flow = sys.argv[1:]
management = AuthenticatedClient(base_url=url, token=key)
browser = Client(base_url=url)

settings = CreateClientToken(name="Generated", allowed_origins=["native"], flow_ids=[flow], environment="test")
created = create_client_token.sync(client=management, body=settings)
assert isinstance(created, ClientTokenCreated)
listed = list_client_tokens.sync(client=management, limit=1)
assert isinstance(listed, ClientTokensListed)

session = init_session.sync(client=browser, body=InitSession(token=created.token))
assert isinstance(session, SessionOpened)
message = VisitorMessage(role="user", content="Hello")
stream = chat.sync(client=browser, body=Chat(session_id=session.session_id, messages=[message]))
assert isinstance(stream, str)
data = [json.loads(line.removeprefix("data: ")) for line in stream.split("\n") if line.startswith("data: ")]
deltas = [TextDelta.from_dict(event) for event in data if event["type"] == "text_delta"]

settings.allowed_origins = ["https://app.example.com/path"]
invalid = create_client_token.sync_detailed(client=management, body=settings)
assert isinstance(invalid.parsed, ApiError)
settings.allowed_origins = ["https://app.example.com"]
elsewhere = create_client_token.sync(client=management, body=settings)
assert isinstance(elsewhere, ClientTokenCreated)
refused = init_session.sync_detailed(client=browser, body=InitSession(token=elsewhere.token))
assert isinstance(refused.parsed, ApiError)

json.dump(
    {
        "created": created.client_token.name,
        "listed": [token.id for token in listed.client_tokens] == [created.client_token.id],
        "hasMore": listed.pagination.has_more,
        "reply": "".join(delta.delta for delta in deltas),
        "invalid": [invalid.status_code, invalid.parsed.code, invalid.parsed.details[0].path],
        "refused": [refused.status_code, refused.parsed.code, refused.parsed.error, refused.parsed.hint],
    },
    sys.stdout,
)
