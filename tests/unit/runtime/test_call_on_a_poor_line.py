"""A whole call on a line that is measured: its trace, its screen, and the words it does not believe."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from tests.unit.runtime.stage import Stage, settle

from antiphon.audio.line_quality import LineSecond
from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import LinePolicy
from antiphon.runtime.records.lines import CallRecord, CommandEntry, EventEntry, NoteEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.screen import render_call
from antiphon.runtime.records.summary import summarise
from antiphon.speech.ports import Transcript

GOOD = LineSecond(
    voiced=True, level_dbfs=-26, noise_dbfs=-60, snr_db=30, clipped_pct=0, lost_pct=0, bandwidth_hz=3400
)
NOISY = dataclasses.replace(GOOD, snr_db=-1.0)
LINE = LinePolicy(fallback=("ask",), ask="Could you say that again?")


async def seconds(stage: Stage, *measured: LineSecond) -> None:
    for second in measured:
        await stage.clock.advance(1000)
        stage.call.line_measured(second)


async def ended(stage: Stage) -> CallRecord:
    stage.call.end(now=True)
    await stage.call.wait_ended()
    return read_call(stage.trace.path)


async def test_a_poor_line_is_in_the_trace_on_the_screen_and_answered_by_the_files_fallback(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, policy=Policy(line_quality=LINE))
    await stage.begin()
    await seconds(stage, *[NOISY] * 5)
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.emit(Transcript(segment=0, text="moo say at wine", final=True, confidence=0.21))
    await stage.clock.advance(1500)
    assert stage.voices[0].asked[-1] == "Could you say that again?"
    await seconds(stage, *[GOOD] * 8)
    record = await ended(stage)
    assert replay_exactly(record).difference is None
    graded = [
        e.event for e in record.entries if isinstance(e, EventEntry) and isinstance(e.event, ev.LineGraded)
    ]
    assert [(grade.poor, grade.causes) for grade in graded] == [(True, "noisy"), (False, "")]
    finals = [e.event for e in record.entries if isinstance(e, EventEntry)]
    assert [e.confidence for e in finals if isinstance(e, ev.TranscriptFinal)] == [0.21]
    committed = [
        e for e in record.entries if isinstance(e, CommandEntry) and isinstance(e.command, cmd.CommitTurn)
    ]
    assert committed == []
    (note,) = [e for e in record.entries if isinstance(e, NoteEntry) and e.type == "line_quality"]
    assert (note.fields["seconds"], note.fields["voiced_seconds"]) == (13, 13)
    screen = "\n".join(render_call(record))
    assert "poor (noisy): level -26 dBFS, -1 dB over the noise, up to 3400 Hz" in screen
    assert "good again" in screen
    assert "[misheard] moo say at wine" in screen


async def test_a_good_line_leaves_nothing_in_the_trace(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    await seconds(stage, *[GOOD] * 20)
    record = await ended(stage)
    assert not [
        e for e in record.entries if "line_quality" in e.raw.decode() or "LineGraded" in e.raw.decode()
    ]
    assert "LINE" not in "\n".join(line.split("  ")[0] for line in render_call(record))


async def test_words_a_vendor_made_up_are_dropped_and_the_trace_says_which(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    for _ in range(3):
        stage.call.caller_audio(bytes(1600))
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms)
    stage.stt.emit(Transcript(segment=0, text="Thank you", final=False))
    stage.stt.final("Thank you for watching!")
    await settle()
    await stage.clock.advance(2000)
    record = await ended(stage)
    (final,) = [
        e.event
        for e in record.entries
        if isinstance(e, EventEntry) and isinstance(e.event, ev.TranscriptFinal)
    ]
    assert final.text == ""
    assert not [
        e for e in record.entries if isinstance(e, EventEntry) and isinstance(e.event, ev.TranscriptPartial)
    ]
    (note,) = [e for e in record.entries if isinstance(e, NoteEntry) and e.type == "transcript_cleaned"]
    assert note.fields == {"segment": 0, "reason": "credits", "heard": "Thank you for watching!"}
    assert summarise(record)["turns"] == []


async def test_what_the_cache_spared_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.note("phrase_cached", provider="acme/one", characters=20)
    record = await ended(stage)
    assert summarise(record)["cost"]["cached_phrases"] == 1
    assert "1 phrases came from the cache" in "\n".join(render_call(record))


async def test_the_recogniser_hears_filtered_audio_only_where_the_file_wants_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    blocks = [rng.normal(0, 500, 800).astype("<i2").tobytes() for _ in range(30)]
    levels = []
    for wanted in (False, True):
        stage = Stage(tmp_path / str(wanted))
        stage.call.parts = dataclasses.replace(stage.call.parts, suppress_noise=wanted)
        await stage.begin()
        for block in blocks:
            stage.call.caller_audio(block)
        heard = np.frombuffer(b"".join(stage.stt.pushed), "<i2")[-8000:]
        levels.append(20 * np.log10(np.sqrt(np.mean(heard.astype(float) ** 2))))
        await ended(stage)
    assert levels[0] - levels[1] > 4
