"""Scores and confidences that are none: the call goes on, and its trace can be read and replayed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.golden.staged import hang_up
from tests.unit.runtime.stage import Stage, StageLine, StageScore, VirtualClock

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.records.lines import CommandEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.scoring import score_pause
from antiphon.speech.ports import Transcript

ODD = (math.nan, math.inf, -math.inf, -0.2, 1.7)


@pytest.mark.parametrize("score", ODD)
async def test_a_score_that_is_none_leaves_the_turn_to_our_silence(score: float) -> None:
    posted: list[ev.Event] = []
    noted: list[tuple[str, object]] = []
    line = StageLine(VirtualClock())
    await score_pause(
        StageScore(score), line, 0, posted.append, lambda kind, reason: noted.append((kind, reason))
    )
    assert posted == []
    assert noted == [("end_of_turn_failed", f"a score of {score}")]


@pytest.mark.parametrize("score", [0.0, 0.4, 1.0])
async def test_a_score_is_told(score: float) -> None:
    posted: list[ev.Event] = []
    await score_pause(StageScore(score), StageLine(VirtualClock()), 0, posted.append, lambda kind: None)
    assert [event.score for event in posted if isinstance(event, ev.EndOfTurnScored)] == [score]


@pytest.mark.parametrize("confidence", ODD)
async def test_words_of_no_certainty_are_words_and_the_trace_is_whole(
    confidence: float, tmp_path: Path
) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.emit(Transcript(segment=1, text="Are you open today?", final=True, confidence=confidence))
    await stage.clock.advance(600)
    await hang_up(stage)
    record = read_call(stage.trace.path)
    assert record.complete and replay_exactly(record).difference is None
    (final,) = [event for event in record.events if isinstance(event, ev.TranscriptFinal)]
    assert 0 <= final.confidence <= 1
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    assert "Are you open today?" in [c.text for c in commands if isinstance(c, cmd.CommitTurn)]
