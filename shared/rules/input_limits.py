"""How much a page may send to a target. The limits hold for every kind of target.

Everything that the page chose counts, in bytes of UTF-8: the texts and ids of the message and of the history, the
names and types of attachments, `inputs`, `metadata`, and `context` as JSON, and tools with their calls and outputs. The
owner's prompt does not count. The content of attachments has a separate limit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from shared.errors import InvalidRequest
from shared.rules import client_tools
from shared.rules.target_request import Message, PageInput

# The most that a target can be registered with. A message is stored in an item of at most 400 KB, and everything
# together travels in events of at most 6 MB, where attachments are base64 and so a third larger.
MESSAGE_BYTES_MAX = 64 * 1024
INPUT_BYTES_MAX = 1024 * 1024
ATTACHMENT_BYTES_MAX = 4_000_000
# What a page sends beside its message, and its tools' outputs, are stored while an answer waits for these tools, in the
# item of the message. This leaves room there for the target's own texts and calls.
WAITING_BYTES_MAX = 160 * 1024
HISTORY_MESSAGES_MAX = 40
_KB = 1024
_TOO_LARGE = "This is more than the assistant can read at once. Please shorten your message."


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLimits:
    """The limits of one target, in bytes. `attachments`: the total of one message, decoded. 0 turns attachments off.
    `client_tools`: the definitions of the page's tools, which count toward `max_input_bytes`, too. 0 hides them from
    the target.
    """

    max_input_bytes: int = 32 * 1024
    max_message_bytes: int = 8 * 1024
    attachments: int = 0
    client_tools: int = client_tools.TOOLS_BYTES_MAX


NAMES = tuple(field.name for field in fields(InputLimits))


def require_within(limits: InputLimits, page_input: PageInput) -> None:
    """Raises InvalidRequest if the message exceeds the target's limits."""
    if page_input.attachments:
        _require_attachments_within(limits, page_input)
    tools = client_tools.size(page_input.tools)
    if tools > limits.client_tools:
        raise client_tools.too_large(
            f"clientTools take {tools:,} bytes. The target's setting client_tools is {limits.client_tools:,}."
        )
    _require_message_within(limits, len(page_input.message.text.encode()))
    if (size := _size(page_input)) > limits.max_input_bytes:
        if size - tools <= limits.max_input_bytes:
            raise client_tools.too_large(
                f"clientTools take {tools:,} bytes, and all other input {size - tools:,}. The target's setting "
                f"max_input_bytes is {limits.max_input_bytes:,}, for both together."
            )
        raise InvalidRequest(
            _TOO_LARGE,
            code="input_too_large",
            hint=(
                f"The message with its inputs, metadata, context, and tool outputs takes {size:,} bytes. The target's "
                f"setting max_input_bytes is {limits.max_input_bytes:,}."
            ),
        )
    if page_input.tools or page_input.steps:
        _require_may_wait(page_input)


def require_readable(*beside: Mapping[str, Any]) -> None:
    """Raises InvalidRequest if `inputs`, `metadata`, and `context` exceed what any target accepts."""
    if (size := sum(map(_json_size, beside))) > INPUT_BYTES_MAX:
        raise InvalidRequest(
            _TOO_LARGE,
            code="input_too_large",
            hint=(
                f"inputs, metadata, and context take {size:,} bytes. No target accepts more than {INPUT_BYTES_MAX:,}, "
                "and most accept less: the target's setting max_input_bytes decides."
            ),
        )


def require_storable(text: str) -> None:
    """Raises InvalidRequest for a message that is too long for any target."""
    if len(text.encode()) > MESSAGE_BYTES_MAX:
        raise _too_long(
            f"to {_readable(MESSAGE_BYTES_MAX)}",
            f"No target accepts a message of more than {MESSAGE_BYTES_MAX:,} bytes of UTF-8, and most accept less: "
            "the target's settings max_message_bytes and max_input_bytes decide.",
        )


def select_history(limits: InputLimits, page_input: PageInput, newest_first: Iterable[Message]) -> list[Message]:
    """The part of the conversation that the target receives, oldest first, the visitor's message last.

    `newest_first`: the stored messages before it. At most forty are read, and none after the first that does not fit.
    A message that the page no longer shows is left out, because the visitor has cleared it. No more of those are read
    than would fit, so that a page that shows none cannot make us read everything.
    """
    room, room_for_hidden = limits.max_input_bytes - _size(page_input), limits.max_input_bytes
    messages = [page_input.message]
    for earlier in islice(newest_first, HISTORY_MESSAGES_MAX - 1):
        is_shown = page_input.shown_ids is None or not {earlier.id, earlier.shown_with}.isdisjoint(page_input.shown_ids)
        if is_shown:
            room -= _message_size(earlier)
        else:
            room_for_hidden -= _message_size(earlier)
        if min(room, room_for_hidden) < 0:
            break
        if is_shown:
            messages.append(earlier)
    return messages[::-1]


def shown_ids(transcript: Iterable[Any]) -> Collection[str] | None:
    """The ids of the messages that a page shows. None if none has an id, as from plain clients."""
    ids = {one["id"] for one in transcript if isinstance(one, dict) and isinstance(one.get("id"), str) and one["id"]}
    return ids or None


def _require_message_within(limits: InputLimits, size: int) -> None:
    """`size`: of the message's text. The hint names the smaller of two limits, which is the one to raise."""
    message_max, input_max = limits.max_message_bytes, limits.max_input_bytes
    if size > message_max <= input_max:
        raise _too_long(
            f"to {_readable(message_max)}",
            f"Its text has {size:,} bytes of UTF-8. The target's setting max_message_bytes is {message_max:,}.",
        )
    if size > input_max:
        # Not as long as the limit: the message's id counts too.
        raise _too_long(
            f"under {_readable(input_max)}",
            f"Its text has {size:,} bytes of UTF-8. The target's setting max_input_bytes is {input_max:,}, for the "
            f"message and everything sent with it. That is less than its max_message_bytes of {message_max:,}.",
        )


def _too_long(most: str, hint: str) -> InvalidRequest:
    sentence = f"Your message is too long. Please keep it {most}."
    return InvalidRequest(sentence, code="message_too_long", hint=hint)


def _require_may_wait(page_input: PageInput) -> None:
    """Raises InvalidRequest for more than can be stored while an answer waits for the page's tools."""
    size = _size_beside(page_input) + client_tools.size_of_outputs(page_input.steps)
    if size > WAITING_BYTES_MAX:
        raise InvalidRequest(
            _TOO_LARGE,
            code="input_too_large",
            hint=(
                f"inputs, metadata, context, and tool outputs take {size:,} bytes. With clientTools they may take "
                f"{WAITING_BYTES_MAX:,}, because they are stored while an answer waits for the page."
            ),
        )


def _require_attachments_within(limits: InputLimits, page_input: PageInput) -> None:
    if not limits.attachments:
        raise InvalidRequest(
            "This assistant does not accept files. Please send your message without them.",
            code="attachments_not_enabled",
            hint="The target is registered without the setting attachments, which limits the total size of files.",
        )
    if not all(one.data and one.media_type for one in page_input.attachments):
        raise InvalidRequest("Images and files must be base64 and have a media type.", code="invalid_attachment")
    size = sum(len(one.data) for one in page_input.attachments)
    if size > limits.attachments:
        raise InvalidRequest(
            f"The attached files are too large. Please keep them to {_readable(limits.attachments)} in total.",
            code="attachments_too_large",
            hint=f"They take {size:,} bytes. The target's setting attachments is {limits.attachments:,}.",
        )


def _size(page_input: PageInput) -> int:
    named = sum(len(one.media_type.encode()) + len((one.name or "").encode()) for one in page_input.attachments)
    steps = client_tools.size_of_steps(page_input.steps) if page_input.steps else 0
    beside = _size_beside(page_input)
    return _message_size(page_input.message) + named + beside + steps + client_tools.size(page_input.tools)


def _size_beside(page_input: PageInput) -> int:
    return sum(map(_json_size, (page_input.inputs, page_input.metadata, page_input.context)))


def _message_size(message: Message) -> int:
    return len(message.text.encode()) + len(message.id.encode())


def _json_size(value: Mapping[str, Any]) -> int:
    # Half of a surrogate pair takes the same three bytes as U+FFFD, which will replace it.
    return len(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")) if value else 0


def _readable(size: int) -> str:
    return f"{size:,} bytes" if size % _KB else f"{size // _KB:,} KB"
