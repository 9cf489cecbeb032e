"""100,000 calls on record: how long list, filter, search, count, open, overview and costs of all calls take,
and how fast calls go in.

    python benchmarks/records.py --calls 100000 [--url postgresql://…] [--keep FOLDER]

The calls are made up of a vocabulary with Zipf's frequencies, so that there are common words and rare ones.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from antiphon.server.api.overview import stretch_ms
from antiphon.storage.access import Database, database_url
from antiphon.storage.access.database import DATABASE_VARIABLE
from antiphon.storage.keys import keyring
from antiphon.storage.records import (
    COMPLETE,
    CallEntry,
    CallQuery,
    CallRecords,
    CallSummary,
    StageCostEntry,
    ToolEntry,
    TurnEntry,
)
from antiphon.storage.records.overview import OverviewQuery, overview
from antiphon.storage.records.stretches import settle
from antiphon.storage.records.sums import By, SumQuery, sum_costs

ORGANISATION = "default"
STARTED_MS = 1_780_000_000_000
EVERY_MS = 25_000
WORDS = 20_000
TURNS = 10
WORDS_A_TURN = 12
BATCH = 500
ROUNDS = 200
DAY_MS = 86_400_000


class Speech:
    """Word number n is said 1/n as often as the first."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.words = [f"w{number:05d}" for number in range(WORDS)]
        total, self._weights = 0.0, []
        for number in range(1, WORDS + 1):
            total += 1 / number
            self._weights.append(total)

    def say(self, count: int) -> str:
        return " ".join(self._chance.choices(self.words, cum_weights=self._weights, k=count))


def a_call(number: int, speech: Speech, chance: random.Random) -> CallEntry:
    summary = CallSummary(
        call_id=f"call-{number:07d}",
        organisation_id=ORGANISATION,
        agent=chance.choice(("clinic", "bank", "survey", "leads")),
        definition_hash="abc",
        version="0.1.0",
        line=chance.choice(("phone", "phone", "browser")),
        direction=chance.choice(("inbound", "outbound")),
        caller=f"+1555{chance.randrange(10_000_000):07d}",
        called="+15550000001",
        state=COMPLETE,
        started_at_ms=STARTED_MS + number * EVERY_MS,
        duration_ms=chance.randrange(20_000, 600_000),
        end_cause=chance.choice(("caller_hangup", "agent", "escalated", "error")),
        outcome=chance.choice(("contained", "contained", "escalated", "failed")),
        turns=TURNS,
        tools=1,
        response_p50_ms=chance.randrange(300, 900),
        response_p95_ms=chance.randrange(500, 1500),
        response_p99_ms=chance.randrange(600, 2500),
        cost_usd=Decimal("0.01"),
    )
    turns = tuple(
        TurnEntry(speaker=("caller", "agent")[place % 2], at_ms=place * 5000, text=speech.say(WORDS_A_TURN))
        for place in range(TURNS)
    )
    tool = ToolEntry(
        tool_call_id="t1",
        name="clinic.find_slots",
        effect="none",
        at_ms=9000,
        took_ms=60,
        ok=True,
        arguments="{}",
        result="[]",
    )
    costs = tuple(
        StageCostEntry(role=role, provider=f"{role}/usual", requests=TURNS, cost_usd=Decimal("0.003"))
        for role in ("stt", "llm", "tts")
    )
    return CallEntry(
        summary=summary,
        trace=f"calls/x/{number}.jsonl",
        trace_bytes=1,
        transcript=turns,
        tools=(tool,),
        costs=costs,
    )


async def fill(records: CallRecords, count: int, speech: Speech, chance: random.Random) -> float:
    """Gives the seconds that putting them in took, making them up not counted."""
    spent_s = 0.0
    for start in range(0, count, BATCH):
        calls = [a_call(number, speech, chance) for number in range(start, min(count, start + BATCH))]
        began_s = time.perf_counter()
        await records.save(calls)
        spent_s += time.perf_counter() - began_s
    return spent_s


async def timed(rounds: int, act: Callable[[], Awaitable[object]]) -> dict[str, float]:
    taken_ms = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        await act()
        taken_ms.append((time.perf_counter() - began_s) * 1000)
    taken_ms.sort()
    return {
        "p50_ms": round(taken_ms[len(taken_ms) // 2], 1),
        "p95_ms": round(taken_ms[int(len(taken_ms) * 0.95)], 1),
        "max_ms": round(taken_ms[-1], 1),
    }


def questions(
    records: CallRecords, count: int, speech: Speech, chance: random.Random
) -> dict[str, Callable[[], Awaitable[object]]]:
    ours = CallQuery(organisation_id=ORGANISATION)

    def ask(**fields: object) -> Awaitable[object]:
        return records.page(replace(ours, **fields))  # type: ignore[arg-type]

    def moment() -> int:
        return STARTED_MS + chance.randrange(count) * EVERY_MS

    return {
        "list, newest 50": ask,
        "list, 50 from any moment": lambda: ask(to_ms=moment()),
        "filter by agent and outcome": lambda: ask(agent="bank", outcome="failed"),
        "filter by what nobody has": lambda: ask(agent="nobody"),
        "filter by slow answers": lambda: ask(slower_than_ms=1495),
        "find by number": lambda: ask(number=f"+1555{chance.randrange(10_000_000):07d}"),
        "search the commonest word": lambda: ask(words=speech.words[0]),
        "search two common words": lambda: ask(words=f"{speech.words[3]} {speech.words[8]}"),
        "search a rare word": lambda: ask(words=speech.words[chance.randrange(10_000, WORDS)]),
        "search a word in a month": lambda: ask(words=speech.words[50], from_ms=moment()),
        "search a phrase": lambda: ask(
            words=f'"{speech.words[chance.randrange(20)]} {speech.words[chance.randrange(20)]}"'
        ),
        "count all": lambda: records.count(ours),
        "count a common word": lambda: records.count(replace(ours, words=speech.words[3])),
        **overviews(records, count),
        **sums(records, count),
        "open one": lambda: records.open_call(ORGANISATION, f"call-{chance.randrange(count):07d}"),
    }


def overviews(records: CallRecords, count: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """As the page asks, at the moment of the last call: all there is, a week, three days."""
    now_ms = STARTED_MS + count * EVERY_MS

    def ask(days: int, agent: str = "") -> Awaitable[object]:
        asked = OverviewQuery(
            organisation_id=ORGANISATION,
            from_ms=now_ms - days * DAY_MS,
            to_ms=now_ms,
            each_ms=stretch_ms(days * DAY_MS),
            agent=agent,
        )
        return overview(records.database, asked)

    everything = -(-count * EVERY_MS // DAY_MS)
    return {
        "overview of all calls": lambda: ask(everything),
        "overview of one agent's calls": lambda: ask(everything, agent="bank"),
        "overview of a week": lambda: ask(7),
        "overview of three days by the hour": lambda: ask(3),
    }


def sums(records: CallRecords, count: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """As `/v1/costs` asks: of all there is, and of a week."""

    def ask(by: By, from_ms: int | None = None) -> Awaitable[object]:
        return sum_costs(records.database, SumQuery(organisation_id=ORGANISATION, by=by, from_ms=from_ms))

    week_ms = STARTED_MS + count * EVERY_MS - 7 * DAY_MS
    return {
        "costs of all calls by agent": lambda: ask("agent"),
        "costs of all calls by day": lambda: ask("day"),
        "costs of all calls by stage": lambda: ask("stage"),
        "costs of a week by stage": lambda: ask("stage", week_ms),
    }


async def measure(home: Path, url: str, count: int) -> dict[str, object]:
    chance = random.Random(5)
    speech = Speech(chance)
    database = await Database.open(database_url(home, {DATABASE_VARIABLE: url}))
    try:
        records = await CallRecords.open(database, keyring(home, {}))
        have = await records.count(CallQuery(organisation_id=ORGANISATION))
        filled_s = await fill(records, count, speech, chance) if have < count else 0.0
        began_s = time.perf_counter()
        settled = await settle(database, STARTED_MS + count * EVERY_MS)
        settled_s = time.perf_counter() - began_s
        asked = {
            name: await timed(ROUNDS, act) for name, act in questions(records, count, speech, chance).items()
        }
    finally:
        await database.close()
    size = sum(path.stat().st_size for path in home.rglob("antiphon.db*"))
    return {
        "calls": count,
        "engine": url.partition(":")[0] or "sqlite",
        "put_in_per_s": round(count / filled_s) if filled_s else None,
        "stretches_settled": settled,
        "settled_s": round(settled_s, 1),
        "database_mb": round(size / 1e6),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "asked": asked,
        "worst_p95_ms": max(one["p95_ms"] for one in asked.values()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--url", default="", help="a database (default: SQLite in a folder of its own)")
    parser.add_argument("--keep", default="", help="a folder to fill once and ask again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="records-") as folder:
        told = asyncio.run(measure(Path(args.keep or folder), args.url, args.calls))
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
