"""Counts that are kept of hours and days that are over tell what the calls themselves tell, whatever is
saved, changed and removed meanwhile. On SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import delete, func, select, update
from tests.unit.storage.records.entries import SUMMARY, a_call

from antiphon.storage.records import COMPLETE, LIVE, CallEntry, CallRecords, StageCostEntry
from antiphon.storage.records.overview import Overview, OverviewQuery, overview
from antiphon.storage.records.stretches import DAY_MS, HOUR_MS, settle
from antiphon.storage.records.sums import CostSum, SumQuery, sum_costs
from antiphon.storage.records.tables import calls, stretches

FROM_MS = 20_600 * DAY_MS
DAYS = 3
NOW_MS = FROM_MS + DAYS * DAY_MS + 5 * HOUR_MS // 2


def call(name: str, started_at_ms: int, chance: random.Random, **facts: object) -> CallEntry:
    told: dict[str, object] = {
        "call_id": name,
        "started_at_ms": started_at_ms,
        "organisation_id": chance.choice(("default", "default", "other")),
        "agent": chance.choice(("clinic", "bank")),
        "outcome": chance.choice(("contained", "failed")),
        "end_cause": chance.choice(("caller_hung_up", "agent")),
        "state": chance.choice((COMPLETE, COMPLETE, COMPLETE, LIVE)),
        "duration_ms": chance.randrange(1000, 90_000),
        "errors": chance.randrange(3),
        "cost_usd": Decimal(chance.randrange(10**9)) / 10**9,
        "cost_complete": chance.random() < 0.9,
        "response_p50_ms": chance.choice((None, 300, 470, 480, 900)),
        "response_p99_ms": chance.choice((None, 700, 2000)),
    }
    used = tuple(
        StageCostEntry(
            role=role,
            provider=f"{role}/usual",
            requests=2,
            cost_usd=Decimal(chance.randrange(10**9)) / 10**9,
            wasted_usd=Decimal(chance.randrange(10**8)) / 10**9,
            unpriced=chance.randrange(2),
        )
        for role in ("llm", "tts")
    )
    summary = replace(SUMMARY, **(told | facts))  # type: ignore[arg-type]
    return replace(a_call(name), summary=summary, costs=used)


def some(count: int, seed: int) -> list[CallEntry]:
    chance = random.Random(seed)
    return [call(f"c{n}", FROM_MS + chance.randrange(DAYS * DAY_MS), chance) for n in range(count)]


async def views(records: CallRecords) -> list[Overview]:
    """By the hour and by the day, edges within hours, of one agent and of all."""
    asked = OverviewQuery(organisation_id="default", from_ms=FROM_MS, to_ms=NOW_MS, each_ms=DAY_MS)
    return [
        await overview(records.database, query)
        for query in (
            asked,
            replace(asked, agent="bank"),
            replace(asked, organisation_id="other"),
            replace(
                asked, from_ms=FROM_MS + 5 * HOUR_MS // 2, to_ms=NOW_MS - 7 * HOUR_MS // 3, each_ms=2 * DAY_MS
            ),
            replace(asked, from_ms=NOW_MS - 3 * DAY_MS, each_ms=HOUR_MS),
            replace(asked, from_ms=FROM_MS + 1, to_ms=FROM_MS + HOUR_MS, each_ms=HOUR_MS),
        )
    ]


async def sums(records: CallRecords) -> list[tuple[list[CostSum], int]]:
    """By each name, of all time and of some, of one agent and of all."""
    asked = [SumQuery(organisation_id="default", by=by) for by in ("agent", "day", "stage")]
    edges = {"from_ms": FROM_MS + 5 * HOUR_MS // 2, "to_ms": NOW_MS - 7 * HOUR_MS // 3}
    asked += [replace(one, agent="bank") for one in asked] + [replace(one, **edges) for one in asked]
    return [await sum_costs(records.database, query) for query in asked]


async def kept(records: CallRecords) -> int:
    async with records.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(stretches))).scalar_one())


async def uncounted(records: CallRecords) -> list[Overview]:
    """As if nothing had ever been kept."""
    async with records.database.transaction() as connection:
        await connection.execute(delete(stretches))
    return await views(records)


async def test_what_is_kept_tells_what_the_calls_tell(records: CallRecords) -> None:
    await records.save(some(40, seed=1))
    before, cost_before = await views(records), await sums(records)
    assert before[0].total.calls > 15
    (llm, tts), _ = cost_before[2]
    assert (llm.unpriced > 0, llm.wasted_usd > 0, tts.total_usd > 0) == (True, True, True)
    assert await settle(records.database, NOW_MS) > DAYS
    assert await settle(records.database, NOW_MS) == 0, "counted twice"
    assert await views(records) == before
    assert await sums(records) == cost_before


async def test_an_overview_reads_what_is_kept_and_not_the_calls(records: CallRecords) -> None:
    await records.save(some(24, seed=2))
    await settle(records.database, NOW_MS)
    before = (await views(records))[0]
    async with records.database.transaction() as connection:
        await connection.execute(update(calls).values(errors=1000))
    assert (await views(records))[0].total.errors == before.total.errors < 1000
    many = await kept(records)
    await settle(records.database, NOW_MS + 30 * DAY_MS)
    assert 0 < await kept(records) < many, "its hours tell what the day tells"


async def test_nothing_that_happens_to_calls_makes_the_counts_wrong(records: CallRecords) -> None:
    seed = 1
    chance = random.Random(seed)
    entries = {entry.summary.call_id: entry for entry in some(24, seed)}
    await records.save(entries.values())
    for at_ms in (NOW_MS - DAY_MS, NOW_MS):
        await settle(records.database, at_ms)
        names = sorted(entries)
        again = [
            call(name, entries[name].summary.started_at_ms + chance.choice((0, 0, DAY_MS)), chance)
            for name in chance.sample(names, 4)
        ]
        gone = chance.sample(names, 3)
        late = call(f"late{at_ms}", FROM_MS + chance.randrange(DAYS * DAY_MS), chance, state=COMPLETE)
        await records.save([*again, late])
        await records.remove(gone)
        told = await views(records)
        assert await kept(records), "everything was let go of"
        assert told == await uncounted(records)


async def test_a_call_saved_while_its_day_is_counted_is_not_lost(records: CallRecords) -> None:
    """Whoever comes second waits for the first, or lets go of what it counted."""
    for number, made in enumerate(some(6, seed=5)):
        ours = replace(made.summary, organisation_id="default", state=COMPLETE)
        await asyncio.gather(records.save([replace(made, summary=ours)]), settle(records.database, NOW_MS))
        if number % 3 == 2:
            assert (await views(records))[0].total.calls == number + 1
