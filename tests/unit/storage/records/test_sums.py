"""Costs added up by the database are those of the calls, on both databases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.storage.records.entries import CALL, STARTED_MS, a_call

from antiphon.storage.records import LIVE, CallEntry, CallRecords, StageCostEntry
from antiphon.storage.records.sums import CostSum, SumQuery, sum_costs

DAY_MS = 86_400_000


def paid(call_id: str, *stages: StageCostEntry, **summary: Any) -> CallEntry:
    total = sum((stage.cost_usd for stage in stages), Decimal(0))
    call = a_call(call_id, **summary)
    return replace(call, summary=replace(call.summary, cost_usd=total), costs=stages)


def stage(role: str, provider: str, usd: str, wasted: str = "0", unpriced: int = 0) -> StageCostEntry:
    return StageCostEntry(
        role=role,
        provider=provider,
        requests=1,
        cost_usd=Decimal(usd),
        wasted_usd=Decimal(wasted),
        unpriced=unpriced,
    )


@pytest.fixture
async def records_with_costs(records: CallRecords) -> CallRecords:
    await records.save(
        [
            paid("a", stage("llm", "x/one", "0.01", "0.002"), stage("tts", "y/two", "0.000000001")),
            paid("b", stage("llm", "x/one", "0.02", unpriced=3), after_ms=DAY_MS),
            paid("c", stage("llm", "x/one", "1"), agent="bank"),
            paid("theirs", stage("llm", "x/one", "5"), organisation_id="org_other"),
            paid("free"),
            paid("goes-on", state=LIVE),
        ]
    )
    return records


async def summed(records: CallRecords, **query: Any) -> tuple[list[CostSum], int]:
    return await sum_costs(records.database, SumQuery(organisation_id="default", **query))


async def test_by_agent(records_with_costs: CallRecords) -> None:
    sums, calls = await summed(records_with_costs)
    bank, clinic = sums
    assert calls == 4
    assert (bank.name, bank.calls, bank.total_usd) == ("bank", 1, Decimal(1))
    assert (clinic.name, clinic.calls) == ("clinic", 3)
    assert clinic.total_usd == Decimal("0.030000001"), "not a billionth is lost"
    assert clinic.wasted_usd == Decimal("0.002")
    assert clinic.unpriced == 3
    assert clinic.duration_ms == 3 * CALL.summary.duration_ms


async def test_by_day(records_with_costs: CallRecords) -> None:
    sums, _ = await summed(records_with_costs, by="day")
    assert [(one.name, one.calls, one.total_usd) for one in sums] == [
        ("2026-05-28", 3, Decimal("1.010000001")),
        ("2026-05-29", 1, Decimal("0.02")),
    ]


async def test_by_stage(records_with_costs: CallRecords) -> None:
    sums, calls = await summed(records_with_costs, by="stage")
    assert calls == 4
    assert [(one.name, one.calls, one.total_usd, one.wasted_usd) for one in sums] == [
        ("llm x/one", 3, Decimal("1.03"), Decimal("0.002")),
        ("tts y/two", 1, Decimal("0.000000001"), Decimal(0)),
    ]


async def test_of_a_time_and_of_one_agent(records_with_costs: CallRecords) -> None:
    (clinic,), calls = await summed(records_with_costs, agent="clinic", to_ms=STARTED_MS + DAY_MS)
    assert (calls, clinic.calls, clinic.total_usd) == (2, 2, Decimal("0.010000001"))
    assert await summed(records_with_costs, from_ms=STARTED_MS + 2 * DAY_MS) == ([], 0)
