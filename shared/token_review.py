"""What an owner should know about the settings of a client token before it is created."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared import public_suffixes
from shared.rules import token_warnings
from shared.rules.client_token import TokenDraft
from shared.rules.security_warning import SecurityWarning
from shared.store import targets


def warnings(draft: TokenDraft, *, at: datetime) -> Sequence[SecurityWarning]:
    """Raises NotFound if the tenant has registered targets, but none under one of the draft's ids."""
    settings = draft.settings
    unregistered = targets.require_known(draft.tenant, (*settings.flow_ids, *settings.agent_ids))
    costs = targets.worst_cases(draft.tenant, settings)
    return token_warnings.warnings(draft, public_suffixes.is_public_suffix, unregistered, costs, at=at)
