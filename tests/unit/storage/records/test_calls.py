"""Calls go into the index and come out as they were; they are listed, filtered, searched and counted; nobody
sees another organisation's; no words of a person lie there in clear. On SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from tests.unit.storage.records.entries import CALL, STARTED_MS, a_call

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.access import Database, Opinions
from antiphon.storage.keys import keyring
from antiphon.storage.records import CUT_SHORT, LIVE, CallQuery, CallRecords
from antiphon.storage.records.tables import calls

OURS = CallQuery(organisation_id="default")


async def ids(records: CallRecords, **asked: object) -> list[str]:
    page = await records.page(replace(OURS, **asked))  # type: ignore[arg-type]
    assert len(page.calls) == await records.count(replace(OURS, **asked))  # type: ignore[arg-type]
    return [call.call_id for call in page.calls]


async def test_what_is_opened_is_what_was_put_in(records: CallRecords) -> None:
    await records.save([CALL])
    assert await records.open_call("default", "c1") == CALL
    assert await records.find("default", "c1") == CALL.summary


async def test_a_call_that_is_put_in_again_is_there_once_as_it_was_last(records: CallRecords) -> None:
    await records.save([replace(CALL, summary=replace(CALL.summary, state=LIVE), transcript=())])
    await records.save([CALL])
    assert await ids(records) == ["c1"]
    assert await records.open_call("default", "c1") == CALL
    assert await ids(records, words="cleaning") == ["c1"]


async def test_calls_are_listed_newest_first_page_by_page(records: CallRecords) -> None:
    await records.save(a_call(f"c{number}", after_ms=number * 10) for number in range(7))
    seen, after = [], ""
    while True:
        page = await records.page(OURS, after=after, limit=3)
        seen += [call.call_id for call in page.calls]
        if not (after := page.after):
            break
    assert seen == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]


async def test_calls_of_one_ms_are_all_there(records: CallRecords) -> None:
    await records.save(a_call(f"c{number}") for number in range(200))
    assert await records.count(OURS) == 200


async def test_a_position_that_nobody_gave_is_refused(records: CallRecords) -> None:
    with pytest.raises(ConfigError, match="after"):
        await records.page(OURS, after="nowhere")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"agent": "bank"}, ["other"]),
        ({"line": "browser"}, ["other"]),
        ({"direction": "outbound"}, ["other"]),
        ({"state": CUT_SHORT}, ["other"]),
        ({"end_cause": "error"}, ["other"]),
        ({"outcome": "failed"}, ["other"]),
        ({"number": "+49 30 1234"}, ["other"]),
        ({"number": "+15550199"}, ["one"]),
        ({"number": "+1555"}, []),
        ({"from_ms": STARTED_MS + 1}, ["other"]),
        ({"from_ms": STARTED_MS + 1000}, ["other"]),
        ({"to_ms": STARTED_MS + 1000}, ["one"]),
        ({"slower_than_ms": 700}, ["other"]),
        ({"agent": "clinic", "end_cause": "error"}, []),
        ({}, ["other", "one"]),
    ],
)
async def test_a_filter_finds_what_fits(
    records: CallRecords, asked: dict[str, object], found: list[str]
) -> None:
    facts = {"line": "browser", "direction": "outbound", "state": CUT_SHORT, "end_cause": "error"}
    facts |= {"outcome": "failed", "caller": "+49301234", "called": "", "agent": "bank"}
    other = a_call("other", after_ms=1000, response_p95_ms=701, **facts)
    await records.save([a_call("one"), other])
    assert await ids(records, **asked) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cleaning", ["b", "a"]),
        ("CLEANING book", ["a"]),
        ('"a cleaning"', ["a"]),
        ('"cleaning a"', []),
        ('"tomorrow please"', []),  # The one ends a turn, the other begins the next.
        ("cleaning -book", ["b"]),
        ('cleaning -"a cleaning"', ["b"]),
        ("id like", ["a"]),
        ("Muller", ["b"]),
        ("clean", []),
        ("-cleaning", []),
        ("cleaning* OR book) --", []),
        ('"', ["c", "b", "a"]),
        ("'; DROP TABLE calls; --", []),
        ("zz", []),
    ],
)
async def test_words_are_found_as_words_and_phrases(
    records: CallRecords, words: str, found: list[str]
) -> None:
    await records.save(
        [
            a_call("a", "I'd like to book a cleaning tomorrow", "please"),
            a_call("b", "Cleaning for Müller, at 10", after_ms=10),
            a_call("c", "nothing", after_ms=20),
        ]
    )
    if words == '"':
        assert await ids(records, words=" ") == found
    else:
        assert await ids(records, words=words) == found


async def test_nobody_sees_another_organisations_calls(records: CallRecords) -> None:
    await records.save([CALL, a_call("theirs", organisation_id="acme")])
    assert await ids(records) == await ids(records, words="cleaning") == ["c1"]
    assert await ids(records, number="+15550100") == ["c1"]
    assert await records.open_call("default", "theirs") is None
    assert await records.find("acme", "c1") is None
    theirs = await records.page(CallQuery(organisation_id="acme", words="cleaning"))
    assert [call.call_id for call in theirs.calls] == ["theirs"]


async def test_a_call_that_is_taken_out_leaves_nothing(records: CallRecords, database: Database) -> None:
    await records.save([CALL, a_call("c2", "hello")])
    assert await records.remove(["c1", "unknown"]) == 1
    assert await ids(records) == ["c2"]
    assert await ids(records, words="cleaning") == []
    async with database.reading() as connection:
        for table in ("tool_calls", "call_costs", "turns", "recordings", "call_words"):
            rows = (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            assert rows == 1 if table != "call_costs" else rows == 2, table


PERSONAL = ("5550100", "cleaning", "Zoe", "Quill", "Thursday")


async def test_nothing_of_a_person_lies_in_the_database_in_clear(
    records: CallRecords, database: Database, tmp_path: Path, address: str
) -> None:
    await records.save([CALL])
    if address.startswith("sqlite"):
        await database.close()
        raw = b"".join(path.read_bytes() for path in tmp_path.glob("antiphon.db*"))
        assert b"c1.jsonl" in raw
    else:
        async with database.reading() as connection:
            tables = (
                await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))
            ).scalars()
            dumps = [
                str((await connection.execute(text(f'SELECT * FROM "{name}"'))).all()) for name in tables
            ]
        raw = "".join(dumps).encode()
        assert b"c1.jsonl" in raw
    assert [word for word in PERSONAL if word.encode() in raw] == []


async def test_words_put_in_another_calls_place_are_refused(records: CallRecords, database: Database) -> None:
    await records.save([CALL, a_call("c2", "hello")])
    async with database.transaction() as connection:
        theirs = (await connection.execute(calls.select().where(calls.c.call_id == "c2"))).mappings().one()
        moved = {name: theirs[name] for name in ("personal", "key_name", "key_wrapped")}
        await connection.execute(update(calls).where(calls.c.call_id == "c1").values(moved))
    with pytest.raises(ConfigError, match="was changed"):
        await records.find("default", "c1")


async def test_two_who_put_the_same_call_in_at_once_leave_one(records: CallRecords) -> None:
    """Two servers on one database, or a server and `antiphon calls index`: neither is told of the other."""
    for number in range(5):
        call = a_call(f"c{number}", after_ms=number)
        await asyncio.gather(*(records.save([call]) for _ in range(3)))
        assert await ids(records) == [f"c{n}" for n in range(number, -1, -1)]


async def test_a_call_that_others_put_in_all_the_while_is_told_without_what_is_in_it(
    records: CallRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def clash(*_: object) -> None:
        raise IntegrityError("INSERT", {"note": CALL.note}, ValueError())

    monkeypatch.setattr(CallRecords, "_put", clash)
    with pytest.raises(AntiphonError, match="others put the same calls in") as told:
        await records.save([CALL])
    assert CALL.note not in "".join(traceback.format_exception(told.value))


async def test_calls_are_found_by_how_long_they_were(records: CallRecords) -> None:
    short, long = a_call("short"), a_call("long")
    await records.save(
        [
            replace(short, summary=replace(short.summary, duration_ms=999)),
            replace(long, summary=replace(long.summary, duration_ms=60_000)),
        ]
    )
    assert await ids(records, duration_from_ms=999, duration_to_ms=60_000) == ["short"]
    assert await ids(records, duration_from_ms=1000) == ["long"]


async def test_calls_are_found_by_the_flag_somebody_put_on_them(records: CallRecords, tmp_path: Path) -> None:
    await records.save([a_call("plain"), a_call("flagged"), a_call("elsewhere")])
    opinions = Opinions(records.database, keyring(tmp_path, {}))
    said = {"by": "us", "source": "reviewer", "rating": None, "comment": "flagged"}
    await opinions.give("default", "plain", labels=("not flagged", "flagged2"), **said)
    await opinions.give("default", "flagged", labels=("rude", "flagged"), **said)
    await opinions.give("other", "elsewhere", labels=("flagged",), **said)
    assert await ids(records, flagged=True) == ["flagged"]
