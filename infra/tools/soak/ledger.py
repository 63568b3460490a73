"""The responses that callers got: each status, and everything that the service acknowledged and must still have."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientToken:
    """Its state according to the last response to its owner."""

    id: str
    value: str
    name: str


class Ledger:
    """Threads may share it. `messages`: answered ones, by conversation. `conversations`: of each token. `ratings`: by
    conversation and answer. `tokens`: those not deleted, by id. `tallies`: what came of the requests with each token,
    by outcome or code. `calls`: a successful one of each operation, such as `GET /v1/targets`. `faults`: sentences.
    """

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.conversations: defaultdict[str, set[str]] = defaultdict(set)
        self.ratings: set[tuple[str, str]] = set()
        self.tokens: dict[str, ClientToken] = {}
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.calls: dict[str, str] = {}
        self.faults: list[str] = []
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        return sum(map(len, list(self.seconds.values())))

    def answer(self, operation: str, status: int, seconds: float, expected: Collection[int], text: str) -> None:
        with self._lock:
            self.statuses[operation][status] += 1
            self.seconds[operation].append(seconds)
        if status not in expected:
            either = " or ".join(map(str, sorted(expected)))
            self.wrong(f"{operation}: {status} instead of {either}: {text[:300]}")

    def wrong(self, sentence: str) -> None:
        with self._lock:
            self.faults.append(sentence)

    def message(self, token_id: str, conversation_id: str) -> None:
        with self._lock:
            self.messages[conversation_id] += 1
            self.conversations[token_id].add(conversation_id)

    def tally(self, token_id: str, result: str) -> None:
        with self._lock:
            self.tallies[token_id][result] += 1

    def rate(self, conversation_id: str, answer_id: str) -> None:
        with self._lock:
            self.ratings.add((conversation_id, answer_id))

    def remove_rating(self, conversation_id: str) -> None:
        """The only one of the conversation."""
        with self._lock:
            self.ratings = {rating for rating in self.ratings if rating[0] != conversation_id}

    def forget(self, conversation_id: str) -> None:
        """A conversation that is deleted. Its token goes on counting it."""
        self.remove_rating(conversation_id)
        with self._lock:
            del self.messages[conversation_id]

    def keep(self, token: ClientToken) -> None:
        with self._lock:
            self.tokens[token.id] = token

    def remove(self, token_id: str) -> None:
        with self._lock:
            del self.tokens[token_id]
