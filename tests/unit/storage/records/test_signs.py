"""Calls are found by signs of trouble and by ratings, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from tests.unit.runtime.recorded_call import EVENTS, record_call
from tests.unit.storage.records.entries import a_call

from antiphon.conversation import events as e
from antiphon.runtime.records.entries import Filed, taken_of
from antiphon.storage.access import Opinions
from antiphon.storage.keys import keyring
from antiphon.storage.records import CallQuery, CallRecords
from antiphon.storage.records.tables import signs
from antiphon.storage.traces import peek_call


async def found(records: CallRecords, **query: Any) -> list[str]:
    page = await records.page(CallQuery(organisation_id="default", **query))
    return [call.call_id for call in page.calls]


async def test_by_sign_and_by_rating_in_the_call_or_later(records: CallRecords, tmp_path: Path) -> None:
    await records.save(
        [
            a_call("a", after_ms=1, signs=("repeated", "badly_rated"), rating=1),
            a_call("b", after_ms=2, signs=("repeated",)),
            a_call("c", after_ms=3, rating=4),
            a_call("d", after_ms=4),
            a_call("theirs", after_ms=5, signs=("repeated",), rating=1, organisation_id="org_other"),
        ]
    )
    opinions = Opinions(records.database, keyring(tmp_path, {}))
    said = {"source": "reviewer", "labels": (), "comment": ""}
    await opinions.give("default", "d", by="ann", rating=2, **said)
    await opinions.give("org_other", "c", by="eve", rating=1, **said)
    assert await found(records, sign="repeated") == ["b", "a"]
    assert await found(records, sign="badly_rated") == ["a"]
    assert await found(records, sign="unheard_of") == []
    assert await found(records, rated_at_most=2) == ["d", "a"]
    assert await found(records, rated_at_most=5) == ["d", "c", "a"]
    call = await records.find("default", "a")
    assert call is not None
    assert (call.rating, call.signs) == (1, ("repeated", "badly_rated"))


async def test_signs_go_with_their_call_and_are_not_doubled(records: CallRecords) -> None:
    for _ in range(2):
        await records.save([a_call("a", signs=("repeated",))])
    assert await _count(records) == 1
    await records.remove(["a"])
    assert await _count(records) == 0


async def test_a_rating_that_a_caller_gave_comes_from_the_trace(records: CallRecords, tmp_path: Path) -> None:
    asked = e.ToolRequested(
        at_ms=7400,
        reply_id="r3",
        tool_call_id="t2",
        name="feedback.rate",
        arguments='{"rating":2,"comment":"too slow"}',
        effect="write",
    )
    done = e.ToolFinished(at_ms=7401, tool_call_id="t2", ok=True, result='{"rating":2}', took_ms=1)
    place = next(at for at, event in enumerate(EVENTS) if event.at_ms == 7401)
    path = record_call(tmp_path / "calls", [*EVENTS[:place], asked, done, *EVENTS[place:]]).path
    call = peek_call(path)
    assert call is not None
    filed = Filed(organisation_id="default", trace="calls/x/c1.jsonl", trace_bytes=1)
    await records.save([taken_of(call, filed).entry])
    assert await found(records, sign="badly_rated") == ["c1"]
    assert await found(records, rated_at_most=2) == ["c1"]


async def _count(records: CallRecords) -> int:
    async with records.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(signs))).scalar_one())
