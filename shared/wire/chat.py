"""The chat request. Its response is in chat_events."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.errors import InvalidRequest, NotSupported
from shared.rules import display, identifier, input_limits, session
from shared.rules.client_tools import Offer
from shared.rules.identifier import RandomBytes
from shared.rules.target_request import Attachment, Message, PageInput
from shared.wire.page_input import Fingerprint, JsonObject, MessageId, PageTools
from shared.wire.request_model import LenientRequestModel

PARTS_MAX = 100
# The types of parts that are not attachments.
_TEXT_TYPES = {"text", "reasoning"}


class Part(LenientRequestModel):
    """A part of a message: text, or an attachment in base64, with or without a data URL prefix."""

    type: str
    text: str = ""
    image: str = ""
    audio: str = ""
    video: str = ""
    data: str = ""
    mime_type: str | None = None
    filename: str | None = None

    def attachment(self) -> Attachment:
        """Without data if the part only has a URL: the service never fetches a URL from a page."""
        given = self.image or self.audio or self.video or self.data
        head, _, rest = given.partition(",")
        is_url = head.startswith("data:") and head.endswith(";base64")
        media_type = self.mime_type or (head.removeprefix("data:").partition(";")[0] if is_url else "")
        try:
            decoded = base64.b64decode(rest if is_url else given, validate=True)
        except ValueError:
            decoded = b""
        return Attachment(media_type=media_type, data=decoded, name=self.filename)


def _parts(content: Any) -> Any:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and len(content) > PARTS_MAX:
        # Before validation, which would hold an error for each of two million invalid parts in memory.
        raise PydanticCustomError("out_of_range", f"must have at most {PARTS_MAX} entries")
    return content


def _displays(transcript: Iterable[Any]) -> dict[str, str]:
    """What the page displays of messages, by their ids. Leaves out what `PATCH` would refuse."""
    given = ((one.get("id"), one.get("displayContent")) for one in transcript if isinstance(one, dict))
    return {
        message_id: text
        for message_id, text in given
        if isinstance(message_id, str) and isinstance(text, str) and len(text) <= display.CHARACTERS_MAX
    }


class VisitorMessage(LenientRequestModel):
    """A message of the transcript."""

    id: MessageId | None = None
    role: Literal["user"]
    content: Annotated[
        list[Part],
        BeforeValidator(_parts, json_schema_input_type=str | Annotated[list[Part], Field(max_length=PARTS_MAX)]),
    ]
    display_content: Annotated[str, Field(max_length=display.CHARACTERS_MAX)] | None = None

    def text(self) -> str:
        return "\n".join(part.text for part in self.content if part.type == "text")

    def attachments(self) -> list[Attachment]:
        """Every part that is not text, whatever its type. The target's limits decide: nothing is dropped silently."""
        return [part.attachment() for part in self.content if part.type not in _TEXT_TYPES]


class Chat(LenientRequestModel):
    """The page sends its whole transcript each time, but only the visitor's last message is read. Earlier messages are
    stored by the service. Of the page's copies, only the ids count, which say what the page still shows, and what it
    displays instead of these messages.

    `inputs`, `metadata`, and `context` are passed to the target unverified, as the page sent them. `client_tools`: what
    the page offers to run; none if only their fingerprint is sent again.
    """

    session_id: str
    messages: list[Any]
    assistant_message_id: MessageId | None = None
    inputs: JsonObject = Field(default_factory=dict)
    metadata: JsonObject = Field(default_factory=dict)
    context: JsonObject = Field(default_factory=dict)
    client_tools: PageTools = None
    client_tools_fingerprint: Fingerprint | None = None

    @classmethod
    def precheck(cls, values: Mapping[str, Any]) -> None:
        session.require_id(values.get("sessionId"))
        # The SDK cannot read the response that is documented for it. Its other modes are those of a client.
        if values.get("submitMode") == "join":
            raise NotSupported
        input_limits.require_readable(
            *(value for name in ("inputs", "metadata", "context") if isinstance(value := values.get(name), dict))
        )

    def offer(self) -> Offer:
        return Offer(self.client_tools, self.client_tools_fingerprint)

    def page_input(self, at: datetime, random_bytes: RandomBytes) -> PageInput:
        """The visitor's last message, and what goes with it. A message without an id is new each time it is sent."""
        spoken = (one for one in reversed(self.messages) if isinstance(one, dict) and one.get("role") == "user")
        newest = next(spoken, None)
        if newest is None:
            raise InvalidRequest("The request has no user message.", code="no_message")
        last = VisitorMessage.parse(newest)
        text, attachments = last.text(), last.attachments()
        if not text.strip() and not attachments:
            raise InvalidRequest("The message is empty.", code="no_message")
        input_limits.require_storable(text)
        message_id = last.id or identifier.new("msg", at, random_bytes)
        displays = _displays(self.messages)
        if last.display_content is not None:
            display.require_fits(last.display_content)
            displays[message_id] = last.display_content
        return PageInput(
            message=Message(id=message_id, role="user", text=text, at=at),
            attachments=attachments,
            inputs=self.inputs,
            metadata=self.metadata,
            context=self.context,
            displays=displays,
            shown_ids=input_limits.shown_ids(self.messages),
        )
