"""All calls together: sums by time, agent and end, delays as percentiles; nobody counts another's calls. On
SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from tests.unit.storage.records.entries import STARTED_MS, SUMMARY, a_call

from antiphon.storage.records import LIVE, CallEntry, CallRecords
from antiphon.storage.records.counting import Span, sums_of
from antiphon.storage.records.overview import Overview, OverviewQuery, overview, percentile_of

HOUR_MS = 3_600_000
FROM_MS = STARTED_MS - STARTED_MS % HOUR_MS
QUERY = OverviewQuery(
    organisation_id="default", from_ms=FROM_MS, to_ms=FROM_MS + 24 * HOUR_MS, each_ms=HOUR_MS
)


def call(name: str, hour: int = 0, **facts: Any) -> CallEntry:
    entry = a_call(name)
    started_at_ms = FROM_MS + hour * HOUR_MS + 1
    return replace(entry, summary=replace(SUMMARY, call_id=name, started_at_ms=started_at_ms, **facts))


async def seen(records: CallRecords, **asked: Any) -> Overview:
    return await overview(records.database, replace(QUERY, **asked))


async def test_calls_are_summed_by_time_agent_and_end(records: CallRecords) -> None:
    await records.save(
        [
            call("a", cost_usd=Decimal("0.1"), duration_ms=60_000, errors=2),
            call(
                "b", outcome="escalated", cost_usd=Decimal("0.2"), duration_ms=30_000, end_cause="escalated"
            ),
            call("c", 5, agent="bank", outcome="failed", cost_complete=False, cost_usd=Decimal(0)),
            call("going on", 5, state=LIVE, duration_ms=0, outcome="unfinished"),
            call("too late", 24),
            call("too early", -1),
        ]
    )
    found = await seen(records)
    assert (found.total.calls, found.total.errors, found.total.interruptions) == (3, 2, 3)
    assert found.total.outcomes == {"contained": 1, "escalated": 1, "failed": 1}
    assert found.total.cost_usd == Decimal("0.3")
    assert not found.total.costed
    assert [(one.from_ms, one.sum.calls) for one in found.stretches] == [
        (FROM_MS, 2),
        (FROM_MS + 5 * HOUR_MS, 1),
    ]
    assert {name: one.calls for name, one in found.agents.items()} == {"bank": 1, "clinic": 2}
    assert found.agents["clinic"].duration_ms == 90_000
    assert found.agents["clinic"].costed
    assert found.endings == {"caller_hung_up": 2, "escalated": 1}
    assert (await seen(records, agent="bank")).total.calls == 1


async def test_delays_are_percentiles_over_calls(records: CallRecords) -> None:
    await records.save(
        call(f"c{number}", response_p50_ms=number * 10, response_p99_ms=number * 100)
        for number in range(1, 101)
    )
    await records.save([call("unanswered", 1, response_p50_ms=None, response_p99_ms=None)])
    found = await seen(records)
    assert (found.delays.p50_ms, found.delays.p99_ms) == (500, 9900)
    assert (found.stretches[1].delays.p50_ms, found.stretches[1].delays.p99_ms) == (None, None)


async def test_another_organisations_calls_are_not_counted(records: CallRecords) -> None:
    await records.save([call("ours"), call("theirs", organisation_id="other")])
    assert (await seen(records)).total.calls == 1
    assert (await seen(records, organisation_id="nobody")).total.calls == 0


async def test_the_sums_are_read_from_one_index(records: CallRecords) -> None:
    """Rows hold sealed words; a hundred thousand of them are a tenth of a gigabyte."""
    span = Span(organisation_id="default", from_ms=FROM_MS, to_ms=FROM_MS + HOUR_MS)
    compiled = sums_of(span, HOUR_MS).compile(compile_kwargs={"literal_binds": True})
    async with records.database.reading() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL chooses by statistics")
        plan = (await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))).all()
    assert any("COVERING INDEX calls_at_a_glance" in str(row) for row in plan)


@pytest.mark.parametrize(
    ("counts", "percent", "expected"),
    [
        ({}, 50, None),
        ({7: 1}, 99, 7),
        ({1: 50, 2: 50}, 50, 1),
        ({1: 50, 2: 50}, 51, 2),
        ({1: 99, 9: 1}, 99, 1),
    ],
)
def test_a_percentile_is_the_nearest_rank(counts: dict[int, int], percent: float, expected: int) -> None:
    assert percentile_of(counts, percent) == expected
