"""Whole calls we place, over the loopback line: a person hears the agent, a machine gets its message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tests.doubles.front_desk import FrontDesk, voice
from tests.doubles.media_line import silence, tone
from tests.doubles.virtual_loop import live

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.quality.answerers.sounds import fax_answer
from antiphon.quality.answerers.sounds import tone as beep
from antiphon.runtime.exchange import Outcome
from antiphon.runtime.records.lines import CallRecord, CommandEntry
from antiphon.runtime.records.replaying import replay_exactly

MESSAGE = "This is Willow Street Family Health. {disclosures} Please call us back."
LEAVES = {"answering_machine": {"machine": "leave_message", "message": MESSAGE}}
AI = "My name is Robin, and I am an AI assistant."
GREETING = ("Hello, you've reached Tom. Leave a message after the tone.",)
FIRST_WORDS_MAX_MS = 700  # After the last of a person's hello. docs/decisions/0025.


def commands(record: CallRecord) -> list[cmd.AnyCommand]:
    return [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]


def verdicts(record: CallRecord) -> list[ev.AnswererJudged]:
    return [event for event in record.events if isinstance(event, ev.AnswererJudged)]


def heard(record: CallRecord) -> list[str]:
    return [command.text for command in commands(record) if isinstance(command, cmd.ReportHeard)]


def place(desk: FrontDesk, script: Any, *, outbound: bool = True) -> tuple[CallRecord, Outcome]:
    return live(desk.answer(script, outbound=outbound))


async def _machine(desk: FrontDesk) -> None:
    await desk.wait(400)
    await desk.say(voice(4000))
    await desk.say(silence(600))
    await desk.say(beep(400, 1000.0))


def test_a_person_hears_the_agent_soon_after_his_hello(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=["Hello?"], changes=LEAVES)
    ended_ms = 0

    async def person(desk: FrontDesk) -> None:
        nonlocal ended_ms
        await desk.wait(600)
        await desk.say(voice(450))
        ended_ms = desk.line.now_ms
        await desk.hear_out()
        desk.line.hang_up()

    record, outcome = place(desk, person)
    loud_ms = [block.at_ms for block in desk.heard if block.samples.any()]
    assert ended_ms < loud_ms[0] <= ended_ms + FIRST_WORDS_MAX_MS
    assert [judged.verdict for judged in verdicts(record)] == ["human"]
    assert AI in heard(record)[0], "he is told what he talks to"
    assert outcome.cause == "caller_hangup"


def test_the_message_is_left_after_the_beep_with_the_disclosures_in_it(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=GREETING, changes=LEAVES)
    record, outcome = place(desk, _machine)
    beeps = [event for event in record.events if isinstance(event, ev.BeepHeard)]
    loud_ms = [block.at_ms for block in desk.heard if block.samples.any()]
    assert len(beeps) == 1 and abs(beeps[0].tone_hz - 1000) < 15
    assert 0 < loud_ms[0] - beeps[0].ended_ms < 400, "after the beep, and soon"
    assert heard(record) == [MESSAGE.replace("{disclosures}", AI)]
    assert outcome.cause == "message_left"


def test_the_whole_story_of_a_machine_replays(tmp_path: Path) -> None:
    record, _ = place(FrontDesk(tmp_path, words=GREETING, changes=LEAVES), _machine)
    assert record.complete and replay_exactly(record).difference is None


def test_a_machine_is_hung_up_on_where_the_file_says_so(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=GREETING, changes={"answering_machine": {"machine": "hang_up"}})
    record, outcome = place(desk, _machine)
    assert outcome.cause == "machine" and not any(block.samples.any() for block in desk.heard)
    assert "tone" in verdicts(record)[0].evidence


def test_a_machine_taken_for_a_person_still_gets_its_message(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=["Hello.", "leave a message after the tone"], changes=LEAVES)

    async def slow_machine(desk: FrontDesk) -> None:
        await desk.wait(400)
        await desk.say(voice(400))
        await desk.say(silence(1500))
        await desk.say(voice(2000))
        await desk.say(silence(700))
        await desk.say(beep(500, 850.0))

    record, outcome = place(desk, slow_machine)
    assert [judged.verdict for judged in verdicts(record)] == ["human", "machine"]
    assert heard(record)[-1] == MESSAGE.replace("{disclosures}", AI)
    assert outcome.cause == "message_left"


def test_a_fax_hears_nothing(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, changes=LEAVES)

    async def fax(desk: FrontDesk) -> None:
        await desk.wait(800)
        await desk.say(fax_answer())

    _, outcome = place(desk, fax)
    assert outcome.cause == "fax" and not any(block.samples.any() for block in desk.heard)


def test_whoever_says_nothing_is_spoken_to_in_time(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, changes=LEAVES)

    async def nobody(desk: FrontDesk) -> None:
        await desk.hear_out()
        desk.line.hang_up()

    record, _ = place(desk, nobody)
    loud_ms = [block.at_ms for block in desk.heard if block.samples.any()]
    assert 4000 <= loud_ms[0] <= 4500
    assert [judged.verdict for judged in verdicts(record)] == ["silence"]


def test_a_call_that_comes_in_is_greeted_at_once_whatever_the_file_says(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, changes=LEAVES)

    async def caller(desk: FrontDesk) -> None:
        await desk.hear_out()
        desk.line.hang_up()

    record, _ = place(desk, caller, outbound=False)
    loud_ms = [block.at_ms for block in desk.heard if block.samples.any()]
    assert loud_ms[0] < 300 and verdicts(record) == []


def test_a_tone_in_the_agents_ear_is_not_the_callers_voice(tmp_path: Path) -> None:
    """The detector of these tests takes every loud sound for a voice, as the real one takes some tones."""
    desk = FrontDesk(tmp_path, changes=LEAVES)

    async def only_a_beep(desk: FrontDesk) -> None:
        await desk.wait(900)
        await desk.say(np.concatenate([tone(500)[:0], beep(500, 1400.0)]))

    record, outcome = place(desk, only_a_beep)
    assert [judged.verdict for judged in verdicts(record)] == ["machine"]
    assert outcome.cause == "message_left"
