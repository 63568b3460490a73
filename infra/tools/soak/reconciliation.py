"""Compares what the service has in the end with what it acknowledged: nothing may be lost or stored twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.tools.soak.ledger import Ledger


@dataclass(slots=True)
class Found:
    """`messages`: conversation and role -> how many are stored. `counts`: conversation -> the count in its record.
    `ratings`: by conversation and answer. `tokens`: id -> the token as the API returns it. `tallies`: id of a token ->
    its counts.
    """

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    ratings: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tallies: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def read(items: Iterable[Mapping[str, Any]], tokens: Iterable[Mapping[str, Any]]) -> Found:
    """`items`: the whole table. `tokens`: all that the API lists."""
    found = Found(tokens={token["id"]: token for token in tokens})
    for item in items:
        entity, _, conversation = item["pk"].partition("#")
        match entity, item["sk"].partition("#")[0]:
            case "CONVERSATION", "RECORD":
                # Each message of the visitor, and the reply that it expects.
                found.counts[conversation] = 2 * int(sum(item[name] for name in item if name.startswith("count_")))
            case "CONVERSATION", "MESSAGE" if "is_gone" not in item:
                found.messages[conversation, "user"] += 1
                found.messages[conversation, "assistant"] += "reply" in item
            case "TALLY", "HOUR":
                found.tallies[conversation].update(counts(item))
            case "FEEDBACK", _:
                found.ratings.append((conversation, item["message_id"]))
    return found


def counts(tally: Mapping[str, Any]) -> Counter[str]:
    """The counts in an item of a tally that callers know, too. A 401 may be the answer to what nobody knows."""
    by_name = {name: tally[name] for name in ("sessions", "messages", "repeated", "paused") if name in tally}
    return Counter(by_name | {code: number for code, number in tally.get("refused", ()) if code != "session_ended"})


def differences(ledger: Ledger, found: Found, limits: Mapping[str, int]) -> Iterator[str]:
    """Sentences. `limits`: the most messages that may have been answered in a conversation."""
    for conversation in ledger.messages.keys() | found.counts.keys():
        answered = ledger.messages[conversation]
        stored = (found.messages[conversation, "user"], found.messages[conversation, "assistant"])
        if stored != (answered, answered):
            yield f"{conversation}: of {answered} messages {stored[0]} are stored, and {stored[1]} answers"
        if found.counts.get(conversation, 0) != 2 * answered:
            yield f"{conversation}: counts {found.counts.get(conversation, 0)} instead of {2 * answered} messages"
        if answered > limits.get(conversation, answered):
            yield f"{conversation}: {answered} messages passed a limit of {limits[conversation]}"
    if sorted(found.ratings) != sorted(ledger.ratings):
        yield f"{len(ledger.ratings)} ratings were acknowledged, {len(found.ratings)} are stored, or others"
    for token_id in ledger.tokens.keys() ^ found.tokens.keys():
        yield f"{token_id}: {'lost' if token_id in ledger.tokens else 'is there, though nobody has it'}"
    for token_id in ledger.tokens.keys() & found.tokens.keys():
        told = (ledger.tokens[token_id].name, len(ledger.conversations[token_id]))
        there = (found.tokens[token_id]["name"], found.tokens[token_id]["conversationCount"])
        if there != told:
            yield f"{token_id}: name and number of conversations are {there} instead of {told}"
    yield from _tally_differences(ledger, found)


def _tally_differences(ledger: Ledger, found: Found) -> Iterator[str]:
    for token_id in ledger.tallies.keys() | found.tallies.keys():
        if ledger.tallies[token_id] != found.tallies[token_id]:
            tallied, known = (dict(sorted(one[token_id].items())) for one in (found.tallies, ledger.tallies))
            yield f"{token_id}: tallied {tallied} instead of {known}"
