"""What must hold, whatever happens between two functions."""

from collections import Counter

from shared.rules.execution import RESUMES_MAX
from shared.rules.price import PICODOLLARS
from shared.rules.turn import ATTEMPTS_MAX
from shared.store import sessions, turn_items
from tests.turn import table_model
from tests.turn.world import COSTS, WORST_CASE, Violation

# An output token of the search's target costs a dollar per million.
_TOKEN = PICODOLLARS // 10**6


class Guarantees:
    def __init__(self, scenario, only=""):
        """`only`: what is to be noticed. Everything else passes."""
        self._scenario = scenario
        self._only = only

    def require(self, holds, otherwise):
        if not holds and self._only in otherwise:
            raise Violation(otherwise)

    def check(self, items, asked, is_deleted):
        """In every state."""
        found = table_model.items(items)
        for session in sessions_in(found):
            self.require(session.message_count <= self._scenario.max_messages, "more messages than the budget allows")
            entries = [session.log[start : start + 13] for start in range(0, len(session.log), 13)]
            self.require(len({entry[:6] for entry in entries}) == len(entries), "a message was paid for twice")
            times = [entry[6:] for entry in entries]
            self.require(times == sorted(set(times)), "messages out of order")
        alive = _alive(found)
        self.require(len(alive) == len({one.message.id for one in alive}), "a message was stored twice")
        for one in alive:
            message_id = one.message.id
            times = sum(number for what, number in asked if what.message_id == message_id)
            counted = one.attempts + one.resumes
            self.require(times <= counted, f"{message_id} was asked {times} times and counted {counted} times")
            self.require(one.attempts <= ATTEMPTS_MAX, "more than five attempts")
            self.require(one.resumes <= RESUMES_MAX, "more than twenty resumes")
            if one.reply:
                self.require(one.reply.text in self._scenario.replies(message_id), "a reply to another message")
        if is_deleted:
            self.require(not any("reply" in item for item in found), "a reply in a deleted conversation")
            self.require(not any("exchange" in item for item in found), "calls in a deleted conversation")
        self._check_dollars(found, asked)
        accepted = sum(session.message_count for session in sessions_in(found))
        self.require(_counted(found) <= accepted, "the record counts too many messages")

    def check_end(self, items):
        """When all functions are over, and none has crashed or missed a response."""
        found = table_model.items(items)
        self.require(not any(map(_reserved, found)), "a reservation was left open")
        for one in _alive(found):
            self.require(one.reply or one.lease.until < self._scenario.start, f"{one.message.id} was left in progress")

    def check_recovered(self, items):
        """When every message of a conversation was sent again."""
        found = table_model.items(items)
        accepted = sum(session.message_count for session in sessions_in(found))
        self.require(_counted(found) == accepted, "the record counts too few messages")
        (conversations,) = [item["conversation_count"] for item in found if "conversation_count" in item] or [0]
        self.require(conversations == 1, f"one conversation was counted {conversations} times")

    def check_exhausted(self, items, day, *, is_alone):
        """When a message was refused for the daily budget."""
        (held,) = [item["held"] for item in table_model.items(items) if item["sk"] == f"DAY#{day}"] or [None]
        self.require(held is not None, "a message was refused for the budget of another day")
        if is_alone:
            room = self._scenario.daily_budget * _TOKEN - held
            self.require(room < WORST_CASE * _TOKEN, "a message was refused while the budget had room")

    def _check_dollars(self, found, asked):
        if self._scenario.daily_budget is None:
            return
        spent = Counter()
        for what, number in asked:
            spent[what.day] += number * COSTS[what.outcome] * _TOKEN
        held = Counter()
        for item in found:
            if item["pk"].startswith("BUDGET#"):
                day = item["sk"].removeprefix("DAY#")
                held[day] = item["held"]
                self.require(held[day] <= self._scenario.daily_budget * _TOKEN, "more is held than the daily budget")
                self.require(held[day] - _reserved(item) <= spent[day], "more is held than was spent and is reserved")
        for day, amount in spent.items():
            self.require(amount <= held[day], "more was spent than is held")


def sessions_in(found):
    return [sessions.from_item(item) for item in found if item["pk"].startswith("SESSION#")]


def _alive(found):
    messages = [item for item in found if item["sk"].startswith("MESSAGE#")]
    if not all("text" in item or "is_gone" in item for item in messages):
        raise Violation("a turn without a message")
    return [one for one in map(turn_items.from_item, messages) if not one.is_gone]


def _reserved(item):
    return sum(value for name, value in item.items() if name.startswith("reserved_"))


def _counted(found):
    return sum(value for item in found for name, value in item.items() if name.startswith("count_"))
