"""What a model's provider refuses because of the page, not because of the target: no fault, and no alarm."""

from __future__ import annotations

from shared.errors import InvalidRequest, PayloadTooLarge
from shared.rules.target_request import TargetRequest


def too_long() -> PayloadTooLarge:
    return PayloadTooLarge("This is more than the assistant can read. Please start a new conversation.")


def of_page(request: TargetRequest, *, is_free: bool = False) -> InvalidRequest | None:
    """Of a request that a provider calls invalid. None if it has neither files nor tools.

    `is_free`: the provider surely charges nothing for it.

    Only the provider knows which files a model reads, and which tools it accepts. With both, it is the file: the page
    sends its tools with every message, and the visitor can leave the file out.
    """
    if request.attachments:
        return InvalidRequest(
            "This assistant could not read what is attached.", code="attachment_not_supported", is_free=is_free
        )
    if request.tools or request.steps:
        return InvalidRequest(
            "This assistant could not use the tools of this page.",
            code="client_tools_not_supported",
            hint=(
                "The model's provider refused the request with clientTools or their outputs. Check that each "
                "parametersSchema is valid JSON Schema of a kind that the provider accepts. For a model that cannot "
                "use tools, register the target with client_tools=0."
            ),
            is_free=is_free,
        )
    return None
