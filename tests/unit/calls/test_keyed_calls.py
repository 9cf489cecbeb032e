"""Whole calls over the loopback line by callers who press keys and never say a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doubles.front_desk import FrontDesk, voice
from tests.doubles.media_line import silence
from tests.doubles.paced_loop import live_with_sockets as live

from antiphon.conversation import commands as cmd
from antiphon.runtime.records.lines import CallRecord, CommandEntry
from antiphon.runtime.records.replaying import replay_exactly


def turns(record: CallRecord) -> list[str]:
    entries = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return [command.text for command in entries if isinstance(command, cmd.CommitTurn)]


async def _books(desk: FrontDesk) -> None:
    await desk.hear_out()  # The greeting.
    for keys in ("1#", "1", "1127", "1", "2436#", "04081979#", "1", "#"):
        await desk.press(keys)
        await desk.hear_out()
    desk.line.hang_up()


@pytest.mark.whole
def test_a_caller_who_only_presses_keys_has_his_appointment(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path)
    record, _ = live(desk.answer(_books))
    assert turns(record)[:7] == [
        "dtmf:1", "dtmf:1", "dtmf:1127", "dtmf:1", "dtmf:2436", "dtmf:04081979", "dtmf:1",
    ]  # fmt: skip
    booked = desk.booked("Linda", "Chen")
    assert [(at.appointment_type, at.start.day) for at in booked] == [("physical", 27)], desk.said
    assert replay_exactly(record).difference is None


def test_zero_reaches_a_person_from_anywhere(tmp_path: Path) -> None:
    async def wants_a_person(desk: FrontDesk) -> None:
        await desk.hear_out()
        await desk.press("1#")
        await desk.hear_out()
        await desk.press("0")

    record, outcome = live(FrontDesk(tmp_path).answer(wants_a_person))
    assert (outcome.cause, outcome.reason) == ("escalated", "asked_for_person")
    assert turns(record) == ["dtmf:1", "dtmf:0"]


@pytest.mark.whole
def test_who_is_not_understood_twice_is_offered_the_keys_and_goes_on_with_one(tmp_path: Path) -> None:
    async def mumbles(desk: FrontDesk) -> None:
        await desk.hear_out()
        for _ in range(2):
            await desk.say(voice(900))
            await desk.say(silence(100))
            await desk.hear_out()
        pressed_ms = desk.line.now_ms
        await desk.press("1")  # After the menu one key is the whole answer.
        await desk.hear_out()
        first_ms = next(
            block.at_ms for block in desk.heard if block.at_ms > pressed_ms and block.samples.any()
        )
        assert first_ms - pressed_ms < 1000
        desk.line.hang_up()

    desk = FrontDesk(tmp_path, words=["blah blah", "blub"])
    record, _ = live(desk.answer(mumbles))
    assert turns(record) == ["blah blah", "blub", "dtmf:1"]
    assert any("Press one to book" in text for text in desk.said)
    assert any("seen for" in text for text in desk.said), "the key means: book"


def test_who_is_silent_is_offered_the_keys(tmp_path: Path) -> None:
    async def silent(desk: FrontDesk) -> None:
        await desk.hear_out()
        await desk.hear_out()
        desk.line.hang_up()

    desk = FrontDesk(tmp_path)
    live(desk.answer(silent))
    assert any("Press one to book" in text for text in desk.said)
