"""The operations behind the authorizer, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples, explanation_example, owner, tenant
from infra.tools.openapi.operation import Operation
from shared.wire.client_tokens import (
    ClientTokenChecked,
    ClientTokenCreated,
    ClientTokenDeleted,
    ClientTokenFound,
    ClientTokenRegenerated,
    ClientTokensListed,
    ClientTokenUpdated,
    ClientTokenValue,
)
from shared.wire.conversations import ConversationsListed
from shared.wire.explanation import ClientTokenExplained, ExplainClientToken
from shared.wire.listing import ListClientTokenConversations, ListClientTokens
from shared.wire.regeneration import RegenerateClientToken
from shared.wire.token_settings import CreateClientToken, UpdateClientToken
from shared.wire.usage import (
    ClientTokenRefusalsListed,
    ClientTokenUsage,
    GetClientTokenUsage,
    ListClientTokenRefusals,
)

_OF_TOKENS = {
    "ListClientTokens": Operation(
        summary="List client tokens",
        description="Lists the tokens of the caller's tenant, newest first: all of them, or one page with `limit`.",
        scope="tokens:read",
        query=ListClientTokens,
        answer=ClientTokensListed,
        examples={"an answer": examples.LISTED},
        refuses={400: "invalid_request invalid_cursor too_far too_many_to_list answer_too_large", 429: "rate_limited"},
    ),
    "CreateClientToken": Operation(
        summary="Create a client token",
        description=(
            "Only `name` and `allowedOrigins` are required. The response contains the value, which can be read again "
            "with the scope tokens:reveal. Once the tenant has registered a flow or agent, its tokens may name only "
            "registered ones."
        ),
        scope="tokens:write",
        body=CreateClientToken,
        bodies={
            "minimal": {"name": "Shop", "allowedOrigins": [examples.ORIGIN]},
            "with options": {
                "name": "Shop",
                "allowedOrigins": [examples.ORIGIN, "https://*.example.com"],
                "flowIds": [examples.FLOW],
                "defaultFlowId": examples.FLOW,
                "environment": "test",
                "rateLimitPerMinute": 20,
                "config": {"welcomeMessage": "Hello! What are you looking for?"},
            },
        },
        headers=["Idempotency-Key"],
        status=201,
        answer=ClientTokenCreated,
        examples={"an answer": examples.CREATED},
        answer_headers=["ETag"],
        refuses={
            400: "invalid_header record_too_large value_unavailable",
            403: "token_quota_reached",
            404: "target_not_found",
            409: "conflict",
            422: "idempotency_key_reused",
            503: "signing_key_unusable",
            429: "rate_limited",
        },
    ),
    "CheckClientToken": Operation(
        summary="Check the settings of a client token",
        description=(
            "Takes what create takes, and returns the warnings that create would return, or its errors. It creates "
            "nothing, so a form can call it while somebody types."
        ),
        scope="tokens:write",
        body=CreateClientToken,
        bodies={"every website": {"name": "Web", "allowedOrigins": ["*"], "flowIds": [examples.FLOW]}},
        answer=ClientTokenChecked,
        examples={"an answer": examples.CHECKED},
        refuses={404: "target_not_found", 429: "rate_limited"},
    ),
    "GetClientToken": Operation(
        summary="Get a client token",
        description="The token's settings and usage, without its value.",
        scope="tokens:read",
        answer=ClientTokenFound,
        examples={"an answer": examples.FOUND},
        answer_headers=["ETag"],
        refuses={404: "not_found"},
    ),
    "UpdateClientToken": Operation(
        summary="Update a client token",
        description=(
            "Changes only the fields in the body. It takes effect on the next request of any page. `environment` and "
            "`productSurfaceId` cannot be changed."
        ),
        scope="tokens:write",
        body=UpdateClientToken,
        bodies={
            "a limit": {"rateLimitPerMinute": 20},
            "switch it off": {"isActive": False},
            "observe origins before enforcing them": {"originEnforcement": "observe"},
            "never expire": {"expiresAt": None},
        },
        headers=["If-Match"],
        answer=ClientTokenUpdated,
        examples={"an answer": examples.UPDATED},
        answer_headers=["ETag"],
        refuses={
            400: "invalid_header record_too_large",
            404: "not_found target_not_found",
            409: "conflict",
            412: "precondition_failed",
            429: "rate_limited",
        },
    ),
    "DeleteClientToken": Operation(
        summary="Delete a client token",
        description="The token's value and its sessions stop working at once. Deleting the token again returns 404.",
        scope="tokens:write",
        headers=["If-Match"],
        answer=ClientTokenDeleted,
        examples={"an answer": examples.DELETED},
        refuses={
            400: "invalid_header",
            404: "not_found",
            409: "conflict",
            412: "precondition_failed",
            429: "rate_limited",
        },
    ),
    "RegenerateClientToken": Operation(
        summary="Replace a client token's value",
        description=(
            "Without a body, the current value stops working at once, and earlier values keep working until their "
            "grace periods end. `gracePeriodSeconds: 0` stops every older value at once. Sessions end with the value "
            "that opened them."
        ),
        scope="tokens:write",
        body=RegenerateClientToken,
        is_body_required=False,
        bodies={
            "at once": {},
            "an hour of grace": {"gracePeriodSeconds": 3600},
            "every older value at once": {"gracePeriodSeconds": 0},
        },
        headers=["Idempotency-Key", "If-Match"],
        answer=ClientTokenRegenerated,
        examples={"an answer": examples.REGENERATED},
        answer_headers=["ETag"],
        refuses={
            400: "invalid_header value_unavailable",
            404: "not_found",
            409: "conflict too_many_previous_values",
            412: "precondition_failed",
            422: "idempotency_key_reused",
            503: "signing_key_unusable",
            429: "rate_limited",
        },
    ),
    "GetClientTokenValue": Operation(
        summary="Read a client token's value",
        description="The value is not stored. It is signed again, with the same claims and the same key.",
        scope="tokens:reveal",
        answer=ClientTokenValue,
        examples={"an answer": examples.REVEALED},
        refuses={400: "value_unavailable", 404: "not_found", 429: "rate_limited"},
    ),
    "ListClientTokenConversations": Operation(
        summary="List a client token's conversations",
        description=(
            "Lists the most recently active conversation first. `firstMessage` is null unless the credential also has "
            "the scope conversations:read. With it, the request leaves an audit record."
        ),
        scope="tokens:read",
        query=ListClientTokenConversations,
        answer=ConversationsListed,
        examples={"an answer": examples.CONVERSATIONS},
        refuses={400: "invalid_request invalid_cursor too_far answer_too_large", 404: "not_found", 429: "rate_limited"},
    ),
    "GetClientTokenUsage": Operation(
        summary="Read the usage of a client token",
        description=(
            "Sessions, messages, refusals, failures, times, tokens of models, and costs, for each hour (at most 168; "
            "the last 24 by default) or day (at most 31; the last 30 by default) in UTC, and in total. They are summed "
            "from the service's log within seconds, and kept as long as the operator has set."
        ),
        scope="tokens:read",
        query=GetClientTokenUsage,
        answer=ClientTokenUsage,
        examples={"an answer": examples.TOKEN_USAGE},
        refuses={400: "invalid_request", 404: "not_found", 429: "rate_limited"},
    ),
    "ListClientTokenRefusals": Operation(
        summary="List what a client token was refused for",
        description=(
            "By error code and origin, the most frequent first, for at most 168 hours, by default the last 24. "
            "Each hour names ten pairs of code and origin or more; the rest are counted with the origin `other`."
        ),
        scope="tokens:read",
        query=ListClientTokenRefusals,
        answer=ClientTokenRefusalsListed,
        examples={"an answer": examples.TOKEN_REFUSALS},
        refuses={400: "invalid_request", 404: "not_found", 429: "rate_limited"},
    ),
    "ExplainClientToken": Operation(
        summary="Explain whether a client token admits a visitor",
        description=(
            "Answers each question of admission in order, for a new session and its first message: what decides it, "
            "and how to fix it. Where one change of the token is the fix, `update` is the body of the PUT that makes "
            "it: send it as it is, with the ETag of this answer in If-Match. The functions that admit visitors decide. "
            "Nothing is counted or changed. The token's value and the message itself are not asked about."
        ),
        scope="tokens:read",
        body=ExplainClientToken,
        bodies={
            "a page": {"origin": examples.ORIGIN},
            "a page, its visitor's address, and a flow": {
                "origin": examples.ORIGIN,
                "address": "203.0.113.7",
                "flowId": examples.FLOW,
            },
            "a program without an Origin header": {"origin": None},
        },
        answer=ClientTokenExplained,
        examples={"an answer": explanation_example.ANSWER},
        answer_headers=["ETag"],
        refuses={404: "not_found"},
    ),
}
OPERATIONS = _OF_TOKENS | tenant.OPERATIONS | owner.OPERATIONS
