"""Operations as the table grows: recorded at each size, then measured."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from infra.local import seed
from infra.tools.bench import workload
from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Spread
from infra.tools.bench.report import Section, cell
from infra.tools.bench.units import Item
from infra.tools.bench.workload import TOKENS
from infra.tools.bench.world import Caller, Recording, World
from infra.tools.tables import Table
from shared.rules import identifier, timestamps
from shared.rules.target import Target
from shared.store import targets

SIZES = (10, 100, 1_000, 10_000)
# The largest list without pages.
_UNPAGED_MAX = 5_000
_PAGE = 200
_FLOW_WITH_HISTORY = "flow_with_history"
_random = random.Random(0)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings of one function by the label of their case. `name` is its chart's file."""

    name: str
    title: str
    cases: dict[str, Recording] = field(default_factory=dict)


def record(world: World) -> Iterator[Group]:
    caller = world.caller()
    _register(world)
    token_id, value = workload.create(caller, _FLOW_WITH_HISTORY)
    session_id = workload.open_session(caller, value)
    workload.say(caller, session_id)
    # First, because moto sorts the whole table for every query.
    yield _lists(world, caller, token_id)
    ours = f"TOKEN#{token_id}"
    (record,) = (one for one in world.items("CONVERSATION#", "RECORD") if one.get("listing_pk", {}).get("S") == ours)
    yield _chats(world, caller, record, session_id)
    yield _addresses(world, caller, token_id, session_id)
    yield _conversations(world, caller, record, token_id)
    yield from _large_tokens(world, caller)


def section(measured: Iterable[tuple[Group, Mapping[str, Spread]]]) -> Section:
    """Milliseconds of CPU by case, of each group."""
    charts, tables = [], []
    for group, cases in measured:
        bars = [Bar(label, value) for label, value in cases.items()]
        charts.append(Chart(f"growth-{group.name}", group.title, "CPU, ms", bars))
        rows = [
            [
                label,
                str(len(recording.exchanges)),
                f"{sum(exchange.size for exchange in recording.exchanges) / 1000:,.1f}",
                cell(cases[label]),
            ]
            for label, recording in group.cases.items()
        ]
        tables.append(Table([group.title, "calls", "KB to and from AWS", "CPU, ms"], rows))
    return Section(
        "Growth",
        "The same operation as the table grows. A list without `limit` ends at 5,000 tokens; beyond that, callers have "
        "to ask for pages. DynamoDB reads and counts the items that an offset skips, so they cost read units, but it "
        "does not send them.",
        charts,
        tables,
    )


def _register(world: World) -> None:
    """Registers a target that receives the history."""
    settings = {"function_arn": world.programs["Chat"].function.arn}
    flow = Target(id=_FLOW_WITH_HISTORY, tenant=seed.TENANT, kind="aws_lambda", settings=settings, created_at=_now())
    targets.register(flow)


def _chats(world: World, caller: Caller, record: Item, session_id: str) -> Group:
    group = Group(
        "chat-messages", "Chat, by the length of the conversation, with a target that reads the last 40 messages"
    )
    (turn,) = world.items(record["pk"]["S"], "MESSAGE#")
    said, made = timestamps.from_text(turn["at"]["S"]), 1
    for size in SIZES:
        earlier = (timestamps.to_text(said - timedelta(seconds=number)) for number in range(made, size // 2))
        _fill(world, [turn], ({turn["at"]["S"]: at} for at in earlier))
        made = size // 2
        workload.say(caller, session_id, shown=(turn["id"]["S"], turn["reply_id"]["S"]))
        group.cases[f"{size:,} messages"] = caller.recorded["Chat"]
    return group


def _addresses(world: World, caller: Caller, token_id: str, session_id: str) -> Group:
    group = Group("chat-addresses", "Chat, by the number of other addresses that use the same token")
    (counted,) = world.items(f"RATE#{token_id}#", "")
    address, made = counted["pk"]["S"].rpartition("#")[2], 0
    for size in SIZES:
        _fill(world, [counted], ({address: str(IPv4Address("10.0.0.0") + number)} for number in range(made, size)))
        made = size
        workload.say(caller, session_id, address=f"198.51.100.{len(group.cases)}")
        group.cases[f"{size:,} addresses"] = caller.recorded["Chat"]
    return group


def _conversations(world: World, caller: Caller, record: Item, token_id: str) -> Group:
    group = Group("conversations", "List 20 of 10,100 conversations, by offset")
    _fill(world, [record], ({record["id"]["S"]: _new("conv")} for _ in range(10_100)))
    for offset in (0, 1_000, 10_000):
        caller.ask("GET", f"{TOKENS}/{token_id}/conversations?limit=20&offset={offset}")
        group.cases[f"offset {offset:,}"] = caller.recorded["ListClientTokenConversations"]
    return group


def _large_tokens(world: World, caller: Caller) -> Iterator[Group]:
    """Stores the largest possible token beside an ordinary one."""
    names = {"GetClientToken": "get", "InitSession": "init", "Chat": "chat"}
    groups = {
        name: Group(f"{word}-large", f"{word.capitalize()}, with an ordinary token and with the largest")
        for name, word in names.items()
    }
    origins = [f"https://shop-{number}.example.com" for number in range(99)]
    large = {"allowedOrigins": [*origins, "https://app.example.com"], "config": {"theme": {"css": "x" * 16_000}}}
    for label, settings in {"ordinary": {}, "100 origins, 16 KB of config": large}.items():
        token_id, value = workload.create(caller, world.flow, **settings)
        caller.ask("GET", f"{TOKENS}/{token_id}")
        workload.say(caller, workload.open_session(caller, value))
        for name, group in groups.items():
            group.cases[label] = caller.recorded[name]
        caller.ask("DELETE", f"{TOKENS}/{token_id}")
    yield from groups.values()


def _lists(world: World, caller: Caller, token_id: str) -> Group:
    group = Group("list", "List client tokens: the whole list, or pages of 200")
    # Its record, config, usage, and list entry.
    token = [*world.items(f"TOKEN#{token_id}", ""), *world.items(f"USAGE#{token_id}", "")]
    token += world.items("TOKENS#", f"TOKEN#{token_id}")
    made = 1
    for size in sorted({*SIZES, _UNPAGED_MAX}):
        _fill(world, token, ({token_id: _new("ct")} for _ in range(made, size)))
        made = size
        pages = {"whole": ""} if size <= _UNPAGED_MAX else {}
        if size in SIZES and size > _PAGE:
            pages |= {"first page": f"?limit={_PAGE}", "last page": f"?limit={_PAGE}&offset={size - _PAGE}"}
        for page, query in pages.items():
            caller.ask("GET", TOKENS + query)
            group.cases[f"{size:,} tokens, {page}"] = caller.recorded["ListClientTokens"]
    return group


def _new(prefix: str) -> str:
    return identifier.new(prefix, _now(), _random.randbytes)


def _now() -> datetime:
    return datetime.now(UTC)


def _fill(world: World, items: list[Item], renamings: Iterable[Mapping[str, str]]) -> None:
    """Copies items, replacing some texts in each copy."""
    written = json.dumps(items)
    for renaming in renamings:
        copy = written
        for old, new in renaming.items():
            copy = copy.replace(old, new)
        world.put(json.loads(copy))
