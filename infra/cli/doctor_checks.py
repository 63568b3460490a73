"""What `doctor` checks, in order: the parts of a deployment, and what must be refused."""

from __future__ import annotations

import json
from secrets import token_bytes, token_hex

from infra.cli.doctor_client import SECONDS_MAX, Answer
from infra.cli.doctor_examination import ORIGIN, Check, Examination, Failed, answer_seconds, bearer
from shared.rules import api_key
from shared.store import api_keys, audit, targets

TOKENS = "/v1/client-tokens"
_FOREIGN_ORIGIN = "https://elsewhere.example"
_TEXT = "Is anybody there?"


def _table(examination: Examination) -> str:
    trial = examination.trial
    key = trial.create()
    stored = api_keys.find(key.digest)
    if stored is None or stored.id != key.id:
        raise Failed("The table was written, and a read found nothing.")
    targets.get(trial.tenant, str(trial.target_id))
    # The index is read, too.
    next(audit.query(trial.tenant, key.id, since=None, until=None, at=trial.context.at), None)
    return "It can be written and read, and so can its index."


def _signing_key(examination: Examination) -> str:
    key = examination.deployment.signing_key()
    if (key["KeySpec"], key["KeyUsage"]) != ("HMAC_256", "GENERATE_VERIFY_MAC"):
        raise Failed(f"The key is for {key['KeyUsage']} with {key['KeySpec']}, not for a MAC with HMAC_256.")
    if key["KeyState"] != "Enabled":
        raise Failed(f"The key is in the state {key['KeyState']}, not Enabled.")
    return "It is enabled, and of the right kind."


def _accepts_the_key(examination: Examination) -> str:
    answer = examination.api.ask("GET", f"{TOKENS}?limit=1", headers=examination.as_owner())
    _expect(answer, 200, "a request with a new API key")
    return "A new API key is accepted."


def _refuses_other_keys(examination: Examination) -> str:
    made_up, _ = api_key.mint(
        "nobody", "made up", (), at=examination.trial.context.at, expires_at=None, random_bytes=token_bytes
    )
    for what, headers in (
        ("a request without a credential", {}),
        ("a request with a made-up API key", bearer(made_up)),
        ("a request with a word as its API key", bearer(token_hex(16))),
    ):
        _expect(examination.api.ask("GET", f"{TOKENS}?limit=1", headers=headers), 401, what)
    return "Without a valid API key, a request is refused."


def _creates_a_token(examination: Examination) -> str:
    body = {
        "name": "doctor",
        "environment": "test",
        "allowedOrigins": [ORIGIN],
        "flowIds": [examination.trial.target_id],
        "maxMessagesPerSession": 1,
    }
    answer = examination.api.ask("POST", TOKENS, body, headers=examination.as_owner())
    _expect(answer, 201, "a new client token")
    created = answer.json()
    examination.value, examination.token_id = created["token"], created["clientToken"]["id"]
    return "A client token was created, and its value signed."


def _refuses_a_foreign_origin(examination: Examination) -> str:
    answer = examination.init(examination.value, _FOREIGN_ORIGIN)
    _expect(answer, 403, "a page on an origin that the token does not allow")
    return "A page on another origin is refused."


def _refuses_a_forged_token(examination: Examination) -> str:
    head, dot, _ = examination.value.rpartition(".")
    for what, value in (
        ("a client token with a made-up signature", f"{head}{dot}{token_hex(22)[:43]}"),
        ("a client token that is none", token_hex(16)),
    ):
        _expect(examination.init(value), 401, what)
    return "A forged client token is refused."


def _opens_a_session(examination: Examination) -> str:
    answer = examination.init(examination.value)
    _expect(answer, 200, "a page that opens a session")
    opened = answer.json()
    examination.session_id = opened["sessionId"]
    examination.trial.conversation_id = opened["conversationId"]
    return "A page on an allowed origin gets a session."


def _talks(examination: Examination) -> str:
    message = {"id": "usr_doctor", "role": "user", "content": _TEXT}
    answer = examination.api.ask(
        "POST",
        "/v1/client/chat",
        {"sessionId": examination.session_id, "messages": [message], "assistantMessageId": "ast_doctor"},
        seconds=answer_seconds(examination.deployment) + SECONDS_MAX,
        headers={"Origin": ORIGIN},
    )
    _expect(answer, 200, "a message")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    if not events or events[-1]["type"] != "execution_complete":
        raise Failed("The answer to a message failed or broke off.")
    text = "".join(str(event.get("delta", "")) for event in events if event.get("type") == "text_delta")
    if not text.strip() or (examination.trial.echo and _TEXT not in text):
        raise Failed("The answer to a message was not the expected one.")
    return "A message was answered."


def _keeps_the_conversation(examination: Examination) -> str:
    path = f"{TOKENS}/{examination.token_id}/conversations"
    answer = examination.api.ask("GET", path, headers=examination.as_owner())
    _expect(answer, 200, "the list of conversations")
    counts = [one["messageCount"] for one in answer.json()["conversations"]]
    if counts != [2]:
        raise Failed("The conversation is not listed with its message and its answer.")
    return "The conversation is stored, and listed."


def _refuses_a_deleted_token(examination: Examination) -> str:
    path = f"{TOKENS}/{examination.token_id}"
    answer = examination.api.ask("DELETE", path, headers=examination.as_owner())
    _expect(answer, 200, "the deletion of the client token")
    _expect(examination.init(examination.value), 401, "a client token that is deleted")
    return "Once it is deleted, the client token is refused."


def _expect(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        raise Failed(f"The API returned {answer} to {what}, not {status}.")


_ALARMS = "Look at the stack's alarms and logs (docs/operate.md#alarms)."
_KEY, _TOKEN, _SESSION = "authorizer accepts", "client token", "session"
CHECKS = (
    Check(
        "table",
        _table,
        "Check that the table of the stack's output TableName exists and is active, that your credentials may use it, "
        "and if you have set TableKey, that its key is enabled (docs/operate.md#what-operators-may-do).",
    ),
    Check(
        "signing key",
        _signing_key,
        "Enable the key, or cancel its deletion; or set SigningKeyArn to an HMAC_256 key "
        "(docs/operate.md#kms-signing-failures).",
    ),
    Check(
        _KEY,
        _accepts_the_key,
        "Programs and people cannot manage client tokens (docs/operate.md#authorizer-failing). If nothing answers at "
        "all, check the output ApiUrl, DomainName with its DNS records, DefaultEndpoint, and the firewall.",
        needs=("table",),
    ),
    Check(
        "authorizer refuses",
        _refuses_other_keys,
        "The API accepts callers without a valid credential. Deploy the stack again from a release, and look at what "
        "was done meanwhile: client-tokens audit.",
        needs=("table",),
    ),
    Check(_TOKEN, _creates_a_token, _ALARMS, needs=(_KEY,)),
    Check(
        "foreign origin",
        _refuses_a_foreign_origin,
        "Pages on any origin can use client tokens. Deploy the stack again from a release.",
        needs=(_TOKEN,),
    ),
    Check(
        "forged token",
        _refuses_a_forged_token,
        "Made-up client tokens are accepted. Deploy the stack again from a release.",
        needs=(_TOKEN,),
    ),
    Check(_SESSION, _opens_a_session, _ALARMS, needs=(_TOKEN,)),
    Check(
        "conversation",
        _talks,
        "Try the target itself: client-tokens targets test. If it answers there, see docs/operate.md#chat-interrupted.",
        needs=(_SESSION,),
    ),
    Check("stored conversation", _keeps_the_conversation, _ALARMS, needs=("conversation",)),
    Check(
        "deleted token",
        _refuses_a_deleted_token,
        "A client token that was deleted still works, or cannot be deleted. Deploy the stack again from a release.",
        needs=(_TOKEN,),
    ),
)
