"""Callers and lines nobody wishes for, together on one stack: none is lost, none disturbs another."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import pytest_asyncio
from tests.audio.real_lines import IMPATIENT, RealLine, Samples, Watched, assert_replays_exactly
from tests.conftest import speech_directory

from antiphon.agents.ports import ToolContext
from antiphon.agents.tools.appointments import AppointmentView, CalendarView
from antiphon.agents.tools.toolsets import calendar_database
from antiphon.audio.ports import WIDEBAND
from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.quality.callers.calling import LineSettings, PreparedCaller, place, prepare
from antiphon.quality.callers.report import CallReport
from antiphon.quality.callers.script import load_caller
from antiphon.runtime.records.lines import CallRecord, CommandEntry, NoteEntry

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

Kind = TypeVar("Kind", bound=cmd.Command)
PHONE_HZ, WIDEBAND_HZ = 8000, 16000
QUESTION = "What time do you open on Monday?"
THE_HOUR = re.compile(r"\b(8|eight)\b", re.IGNORECASE)
POLITE_ENDS = {"silence", "time_limit", "agent", "escalated"}
FULL_SCALE = 32767

STORY = [
    "Well I have been coming to your clinic for about eleven years now",
    "and my mother came to you before me when the building was still the old one",
    "and she always told me that the nurses were the kindest people in the town",
    "so when my knee began to hurt after we had moved the piano last weekend",
    "because my brother in law said that he could carry it up the stairs alone",
    "which of course he could not because he never listens to anybody",
    "and then the dog ran between our legs just when we had reached the landing",
    "I thought that I would wait for a few days and see how it would be",
    "and my neighbour gave me some cream that smells of eucalyptus and mint",
    "but it did not really help although my cat seems to like it very much",
    "and on Thursday I walked to the market with my daughter to buy some apples",
    "and she said that I was limping like an old pirate in the movies",
    "and then she laughed so loudly that everybody turned around and looked at us",
    "and my grandson wanted to know whether I would get a wooden leg for Christmas",
    "and that is the whole story so I would like to know what time do you open on Monday",
]
STORY_PAUSE_MS = 250
LINES = [
    (QUESTION, PHONE_HZ, "af_heart"),
    (QUESTION, PHONE_HZ, "am_michael"),
    *((text, WIDEBAND_HZ, "bf_emma") for text in STORY),
]
LATE_TICKS_SHARE = 0.05
WORKER_GROWTH_BYTES = 150_000_000


@dataclass(slots=True, kw_only=True)
class Caller:
    """What one of them did and heard; times are call time."""

    call_id: str = ""
    still_up: bool = False
    duration_ms: int = 0
    agent_spoke_ms: int = 0
    spoke_until_ms: int = 0
    answered_after_ms: int = -1
    words: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


async def says_nothing(watched: Watched) -> Caller:
    """A microphone that gives digital silence: his line carries frames, and nothing in them."""
    return await _endures(watched, np.zeros(0, np.int16))


async def hisses(watched: Watched) -> Caller:
    """White noise at -25 dBFS for as long as anybody listens."""
    noise = np.random.default_rng(7).normal(0, 10 ** (-25 / 20) * FULL_SCALE, WIDEBAND_HZ * 90)
    return await _endures(watched, np.clip(noise, -FULL_SCALE, FULL_SCALE).astype(np.int16))


async def plays_hold_music(watched: Watched) -> Caller:
    return await _endures(watched, np.tile(_music(), 3)[: WIDEBAND_HZ * 90])


async def _endures(watched: Watched, sound: Samples) -> Caller:
    """A line with this on it, until the agent has had enough."""
    caller = Caller()
    async with RealLine(watched.stack, IMPATIENT, WIDEBAND) as line:
        caller.call_id = line.line.call_id
        line.line.say(sound)
        await line.until_closed(within_s=110)
        caller.duration_ms, caller.agent_spoke_ms = line.now_ms, line.sound_ms
    return caller


def _music() -> Samples:
    folder = speech_directory()
    if folder is not None:
        samples, rate_hz = read_wav(folder / "noise/hold_music.flac")
        return resample(samples, rate_hz, WIDEBAND_HZ)
    seconds = np.arange(WIDEBAND_HZ * 2) / WIDEBAND_HZ
    chords = [(220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9)] * 4
    waves = [sum(np.sin(2 * np.pi * tone * seconds) for tone in chord) * 1500 for chord in chords]
    return np.concatenate(waves).astype(np.int16)


async def falls_off_the_network(watched: Watched) -> Caller:
    """No frame, no played mark, for ten seconds; then he goes on as if nothing had been."""
    question = await watched.render(QUESTION, rate_hz=PHONE_HZ)
    caller = Caller()
    async with RealLine(watched.stack, watched.clinic.name) as line:
        caller.call_id = line.line.call_id
        await line.until_said()
        line.stall()
        stalled_ms = line.now_ms
        try:
            async with asyncio.timeout(10):
                await watched.stack.exchange.wait_ended(caller.call_id)
        except TimeoutError:
            caller.still_up = line.line.is_open
        line.resume()
        # What waited at the far end is played first.
        await line.until(lambda: line.now_ms - max(line.last_sound_ms, stalled_ms + 8000) > 3000, within_s=30)
        await _asks(watched, line, question, caller)
    return caller


async def shouts(watched: Watched) -> Caller:
    """So close to the microphone that every vowel is clipped at full scale."""
    line = (await watched.render(QUESTION, rate_hz=PHONE_HZ, voice="am_michael")).astype(np.float32)
    loud = np.clip(line * (8 * FULL_SCALE / np.abs(line).max()), -FULL_SCALE, FULL_SCALE).astype(np.int16)
    caller = Caller(facts={"clipped": float((np.abs(loud) >= FULL_SCALE).mean())})
    async with RealLine(watched.stack, watched.clinic.name) as real:
        caller.call_id = real.line.call_id
        await real.until_said()
        await _asks(watched, real, loud, caller)
    return caller


async def talks_without_end(watched: Watched) -> Caller:
    """More than a minute of one breath: no pause is long enough to be the end of a turn."""
    sentences = [await watched.render(text, rate_hz=WIDEBAND_HZ, voice="bf_emma") for text in STORY]
    pause = np.zeros(WIDEBAND_HZ * STORY_PAUSE_MS // 1000, np.int16)
    told = [np.concatenate([_trimmed(text), pause]) for text in sentences]
    caller = Caller()
    async with RealLine(watched.stack, watched.clinic.name, WIDEBAND) as line:
        caller.call_id = line.line.call_id
        await line.until_said()
        caller.facts["began_ms"] = line.now_ms
        await line.say(np.concatenate(told[:7]))
        before_bytes = _resident_bytes(watched)  # Every model has met sentences of every length by now.
        await line.say(np.concatenate(told[7:-1]))
        caller.facts["worker_grew_bytes"] = _resident_bytes(watched) - before_bytes
        await _asks(watched, line, told[-1][: -len(pause)], caller)
    return caller


async def _asks(watched: Watched, line: RealLine, speech: Samples, caller: Caller) -> None:
    """Say it, and hear the answer to its end."""
    caller.spoke_until_ms = await line.say(speech)
    await line.until_said(gap_ms=4000)  # Longer than any pause of an answer on a busy machine.
    answer = line.heard_from(caller.spoke_until_ms)
    sounding = np.nonzero(np.abs(answer.astype(np.int32)) > 300)[0]
    caller.answered_after_ms = int(sounding[0]) * 1000 // line.rate_hz if len(sounding) else -1
    caller.duration_ms, caller.still_up = line.now_ms, line.line.is_open
    caller.words = await watched.words_of(answer, line.rate_hz)


def _trimmed(samples: Samples) -> Samples:
    loud = np.nonzero(np.abs(samples.astype(np.int32)) > 200)[0]
    return samples[loud[0] : loud[-1] + 1]


def _resident_bytes(watched: Watched) -> int:
    statm = Path(f"/proc/{watched.stack.agent_worker.pid}/statm").read_text().split()
    return int(statm[1]) * os.sysconf("SC_PAGE_SIZE")


# ------------------------------------------------------------------ the last slot

RIVALS = {
    "linda": ("Linda Chen", "April eighth nineteen seventy-nine", "C H E N", "af_heart"),
    "grace": ("Grace Martin", "February nineteenth two thousand one", "M A R T I N", "bf_emma"),
}
RIVAL_FILE = """
about: {name} wants the only appointment that is left on a day.
voice: {voice}
opens: Hi, I'd like to book an annual physical on {{day_date}}, please.
facts: {{name: {name}, birth: {birth}, phone: "six one seven, five five five, zero one zero nine",
  spelled: "{spelled}", visit: An annual physical, time: In the morning}}
dates: {{day: {day}}}
rules:
  - hears: ["taken", "just been", "gone", "full", "nothing (free|open|left)", "no (openings|appointments)"]
    says: ["The first one, please."]
  - hears: ["how about"]
    says: ["Yes, please."]
goal: {{kind: booked, last_name: {last}, type: physical}}
"""


async def _rivals(watched: Watched, day: date, folder: Path) -> list[PreparedCaller]:
    now = datetime.now(watched.clinic.zone)
    prepared = []
    for key, (name, birth, spelled, voice) in RIVALS.items():
        path = folder / f"{key}.yaml"
        last = name.split()[1]
        ahead = f"+{(day - now.date()).days}d"
        text = RIVAL_FILE.format(name=name, birth=birth, spelled=spelled, voice=voice, last=last, day=ahead)
        path.write_text(text, encoding="utf-8")
        prepared.append(
            await prepare(load_caller(path), path, watched.stack.caller_models, LineSettings(), now)
        )
    return prepared


async def _leave_one_slot(watched: Watched) -> datetime:
    """Book a day of next week or later full with others, by the agent's own tools, but for one physical."""
    tools = watched.stack.exchange.agents[watched.clinic.name].tools
    context = ToolContext(call_id="", idempotency_key="", now=datetime.now(watched.clinic.zone))

    async def free(day: date, **wish: str) -> list[dict[str, str]]:
        asked = {"appointment_type": "physical", "from_date": f"{day}", "to_date": f"{day}", "limit": 20}
        result = await tools["clinic.find_slots"].run({**asked, **wish}, context)
        slots: list[dict[str, str]] = result.value["slots"]
        return slots

    days = [context.now.date() + timedelta(days=ahead) for ahead in range(8, 22)]
    openings = [(day, slots[0]) for day in days if (slots := await free(day))]
    day, kept = openings[0]
    booked = 0
    for provider in ("patel", "nguyen", "okafor"):
        while slots := [slot for slot in await free(day, provider=provider) if slot != kept]:
            for slot in slots:
                booked += 1
                born = date(1950, 1, 1) + timedelta(days=booked)
                patient = {"first_name": "Pat", "last_name": "Filler", "date_of_birth": f"{born}"}
                result = await tools["clinic.book"].run(
                    {"slot_id": slot["slot_id"], "appointment_type": "physical", **patient},
                    ToolContext(call_id="fill", idempotency_key=f"fill-{booked}", now=context.now),
                )
                assert result.ok, result
    assert await free(day) == [kept]
    return datetime.fromisoformat(kept["start"])


# ------------------------------------------------------------------ all of them at once


@dataclass(slots=True, kw_only=True)
class Crowd:
    callers: dict[str, Caller]
    rivals: list[CallReport]
    last_slot: datetime
    late_share: float


# Two crowds: two cores decode one endless talker or two bookings beside the rest, not all of it in time.
WITH_THE_STORY = {"story": talks_without_end, "nothing": says_nothing, "network": falls_off_the_network}
WITH_THE_RIVALS = {"shout": shouts, "hiss": hisses, "music": plays_hold_music}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    """Everybody calls, in two crowds; lines are rendered before, so that the calls have the machine."""
    last_slot = await _leave_one_slot(watched)
    rivals = await _rivals(watched, last_slot.date(), tmp_path_factory.mktemp("rivals"))
    for text, rate_hz, voice in LINES:
        await watched.render(text, rate_hz=rate_hz, voice=voice)
    counters = watched.stack.plane.counters
    ticks, late = counters.ticks, counters.ticks_late
    async with asyncio.TaskGroup() as calls:
        alone = {name: calls.create_task(call(watched)) for name, call in WITH_THE_STORY.items()}
    async with asyncio.TaskGroup() as calls:
        alone |= {name: calls.create_task(call(watched)) for name, call in WITH_THE_RIVALS.items()}
        at_once = [
            calls.create_task(place(watched.stack, watched.clinic, watched.home, rival, LineSettings()))
            for rival in rivals
        ]
    share = (counters.ticks_late - late) / (counters.ticks - ticks)
    return Crowd(
        callers={name: task.result() for name, task in alone.items()},
        rivals=[task.result() for task in at_once],
        last_slot=last_slot,
        late_share=share,
    )


@pytest.mark.parametrize("name", ["nothing", "hiss", "music"])
async def test_a_line_without_words_is_asked_again_and_let_go_politely(
    watched: Watched, crowd: Crowd, name: str
) -> None:
    caller = crowd.callers[name]
    record = watched.record(caller.call_id)
    assert _commands(record, cmd.EndCall)[0].cause in POLITE_ENDS
    heard = [command.text for command in _commands(record, cmd.ReportHeard) if command.text]
    assert len(heard) >= 3, heard  # The greeting, at least one more try, a goodbye.
    assert caller.agent_spoke_ms >= 5000


async def test_a_line_that_gave_no_frames_for_ten_seconds_goes_on(watched: Watched, crowd: Crowd) -> None:
    caller = crowd.callers["network"]
    assert caller.still_up
    assert THE_HOUR.search(caller.words), caller.words


async def test_a_shouting_caller_is_understood(crowd: Crowd) -> None:
    caller = crowd.callers["shout"]
    assert caller.facts["clipped"] > 0.05
    assert THE_HOUR.search(caller.words), caller.words


async def test_a_minute_without_an_end_is_followed_and_answered(watched: Watched, crowd: Crowd) -> None:
    caller = crowd.callers["story"]
    record = watched.record(caller.call_id)
    began_ms, ended_ms = caller.facts["began_ms"], caller.spoke_until_ms
    assert ended_ms - began_ms >= 50_000
    words = [
        event.at_ms
        for event in record.events
        if isinstance(event, ev.TranscriptPartial | ev.TranscriptFinal)
        and began_ms <= event.at_ms <= ended_ms
    ]
    gaps = np.diff([began_ms, *words, ended_ms])
    assert gaps.max() <= 5000, gaps
    assert 0 <= caller.answered_after_ms <= 3000
    assert caller.facts["worker_grew_bytes"] <= WORKER_GROWTH_BYTES


async def test_two_callers_who_want_the_last_slot_share_it_not(watched: Watched, crowd: Crowd) -> None:
    calendar = CalendarView(calendar_database(watched.clinic, watched.home))
    holders = [item for item in calendar.appointments() if item.start == crowd.last_slot]
    rivals = {name.split()[1] for name, *_ in RIVALS.values()}
    winners = [item.last_name for item in holders if item.last_name in rivals]
    assert len(winners) == 1, [_line(item) for item in holders]
    (loser,) = rivals - set(winners)
    report = next(item for item in crowd.rivals if item.data["caller"] == _key(loser))
    offered = _starts_told(watched, report) - {crowd.last_slot}
    assert offered, report.data["turns"]


async def test_every_record_is_whole_and_replays(watched: Watched, crowd: Crowd) -> None:
    for caller in crowd.callers.values():
        assert_replays_exactly(watched.record(caller.call_id))
    for report in crowd.rivals:
        assert_replays_exactly(watched.record(report.data["call_id"]))


async def test_the_crowd_breaks_nothing_and_delays_nobody(watched: Watched, crowd: Crowd) -> None:
    assert not watched.errors
    assert not watched.stack.plane.live_calls
    assert crowd.late_share <= LATE_TICKS_SHARE


def _line(item: AppointmentView) -> str:
    return f"{item.last_name} with {item.provider_id} at {item.start}"


def _key(last_name: str) -> str:
    return next(key for key, (name, *_) in RIVALS.items() if name.endswith(last_name))


def _starts_told(watched: Watched, report: CallReport) -> set[datetime]:
    """Every start the tools of this call offered."""
    found: set[datetime] = set()
    for event in watched.record(report.data["call_id"]).events:
        if isinstance(event, ev.ToolFinished):
            value = json.loads(event.result).get("value") or {}
            offers = [slot for key in ("slots", "nearest", "alternatives") for slot in value.get(key, [])]
            found |= {datetime.fromisoformat(slot["start"]) for slot in offers}
    return found


def _commands(record: CallRecord, kind: type[Kind]) -> list[Kind]:
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return [command for command in commands if isinstance(command, kind)]


# ------------------------------------------------------------------ the models die


async def test_a_call_outlives_its_inference_worker(watched: Watched) -> None:
    """Killed while the caller speaks: his words are lost, he is not."""
    question = await watched.render(QUESTION, rate_hz=PHONE_HZ)
    worker = watched.stack.agent_worker
    killed = worker.pid
    assert killed is not None
    async with RealLine(watched.stack, watched.clinic.name) as line:
        await line.until_said()
        span = line.line.say(question)
        middle_ms = (span.start_ms + span.end_ms) // 2
        await line.until(lambda: line.now_ms >= middle_ms, within_s=30)
        os.kill(killed, signal.SIGKILL)
        killed_ms = line.now_ms
        await line.until(lambda: line.last_sound_ms > killed_ms, within_s=30)
        silent_ms = line.last_sound_ms - span.end_ms
        async with asyncio.timeout(60):
            await worker.until_running()
        await line.until(lambda: line.now_ms - line.last_sound_ms > 1500, within_s=30)
        caller = Caller(call_id=line.line.call_id)
        await _asks(watched, line, question, caller)
        if not THE_HOUR.search(caller.words):
            await _asks(watched, line, question, caller)
    assert worker.pid != killed and worker.restarts
    assert silent_ms <= 4000  # The apology is kept ready: it needs no worker.
    assert caller.still_up and THE_HOUR.search(caller.words), caller.words
    record = watched.record(caller.call_id)
    assert_replays_exactly(record)
    notes = [entry.type for entry in record.entries if isinstance(entry, NoteEntry)]
    assert "hearing_failed" in notes, notes
