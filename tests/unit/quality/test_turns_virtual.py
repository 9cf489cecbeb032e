"""Recordings judged on virtual time: the loop, what is remembered, the verdicts and the curves."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import EnergyVad, silence, tone

from antiphon.conversation import commands as cmd
from antiphon.conversation.policy import Policy, TurnPolicy
from antiphon.quality.turns.caches import KnownLines, KnownScores, Store
from antiphon.quality.turns.cases import Case
from antiphon.quality.turns.curves import Point, at_most_cut, at_most_delay, frontier, plot
from antiphon.quality.turns.judge import (
    CaseOnLine,
    Pause,
    Score,
    Verdict,
    goes_on,
    meeting_verdicts,
    taken_by_core,
    taken_by_rule,
)
from antiphon.quality.turns.line import Ear, LineEvent
from antiphon.quality.turns.mouth import Sentence
from antiphon.quality.turns.virtual import VirtualExecutor, VirtualLoop, run_virtually
from antiphon.quality.turns.world import Agent, Done, Ears, Heard, World
from antiphon.speech.ports import SttConfig, Transcript


def _ear() -> Ear:
    return Ear(EnergyVad(8000), EnergyVad(16000))


class _Stt:
    """Understands "I need a doctor" in any sound, when it is asked to."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def open(self, config: SttConfig, emit: object) -> _Stream:
        return _Stream(self._executor, emit)


class _Stream:
    def __init__(self, executor: Executor, emit: object) -> None:
        self._executor, self._emit, self._segment = executor, emit, 0

    def push(self, pcm: bytes) -> None: ...
    def speech_started(self) -> None: ...
    def expect(self, phrases: object) -> None: ...

    def speech_stopped(self) -> None:
        asyncio.get_running_loop().create_task(self._final(self._segment))

    def turn_committed(self) -> None:
        self._segment += 1

    async def aclose(self) -> None: ...

    async def _final(self, segment: int) -> None:
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._executor, lambda: "I need a doctor.")
        self._emit(Transcript(segment=segment, text=text, final=True))  # type: ignore[operator]


class _Scorer:
    def __init__(self, score: float) -> None:
        self.value, self.asked = score, 0

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        self.asked += 1
        return self.value


def _decided(samples: NDArray[np.int16], *, score: float, says: Sentence | None = None) -> list[Done]:
    heard = Heard(samples=samples, rate_hz=8000, events=_ear().hear(samples, 8000))
    ears = Ears(recogniser=_Stt, scorer=_Scorer(score))  # type: ignore[arg-type]
    policy = Policy(turn=TurnPolicy(adapt=False))
    return run_virtually(lambda loop: World(loop, heard, policy, ears, Agent(says=says)).run())


SPOKEN = np.concatenate([silence(600), tone(900), silence(500), tone(900), silence(3000)])


def test_an_hour_passes_at_once_and_in_order() -> None:
    seen: list[int] = []

    async def main(loop: VirtualLoop) -> int:
        loop.at_ms(1000, lambda: seen.append(loop.now_ms))
        future = loop.run_in_executor(VirtualExecutor(loop, 2500), lambda: seen.append(loop.now_ms))
        await future
        hour = loop.create_future()
        loop.at_ms(3_600_000, lambda: hour.set_result(None))
        await hour
        return loop.now_ms

    assert run_virtually(main) == 3_600_000
    assert seen == [0, 1000]


def test_a_world_that_stands_still_says_so() -> None:
    with pytest.raises(AssertionError, match="stands still"):
        run_virtually(lambda loop: asyncio.Event().wait())


def test_the_real_core_ends_the_turn_in_a_pause_or_after_it_by_the_score() -> None:
    policy = TurnPolicy()
    sure = taken_by_core(_decided(SPOKEN, score=0.95))
    assert len(sure) == 2 and sure[0] - 1500 == pytest.approx(policy.stop_silence_min_ms, abs=20)
    unsure = taken_by_core(_decided(SPOKEN, score=0.1))
    assert len(unsure) == 1 and unsure[0] - 2900 == pytest.approx(policy.stop_silence_max_ms, abs=20)


def test_a_voice_over_the_agent_pauses_and_flushes_it() -> None:
    done = _decided(SPOKEN, score=0.9, says=Sentence(text="We are open all day long.", duration_ms=60_000))
    named = [type(item.command) for item in done]
    paused = next(item.at_ms for item in done if isinstance(item.command, cmd.PausePlayout))
    assert 600 < paused < 800
    assert named.index(cmd.PausePlayout) < named.index(cmd.FlushPlayout)


def test_what_was_asked_once_is_not_asked_again(tmp_path: Path) -> None:
    scorer = _Scorer(0.25)
    path = tmp_path / "sub" / "ears.jsonl"
    for _ in range(2):
        store = Store(path)
        known = KnownScores(scorer, store, "s")
        assert asyncio.run(known.score(b"ab", 8000)) == 0.25
        lines = KnownLines(_ear(), store, "v")
        assert lines.hear(SPOKEN, 8000) == _ear().hear(SPOKEN, 8000)
        store.close()
    assert scorer.asked == 1
    assert asyncio.run(KnownScores(scorer, Store(path), "other").score(b"ab", 8000)) == 0.25
    assert scorer.asked == 2, "another model's answer is another answer"
    path.write_text(path.read_text() + '{"key": "cut sho')
    assert Store(path).get("cut sho") is None


def _event(at_ms: int, began: bool) -> LineEvent:
    return LineEvent(at_ms=at_ms, began=began, date_ms=at_ms - 100, given=0)


LINE = [_event(1100, True), _event(2100, False), _event(2600, True), _event(3600, False)]


def test_a_turn_taken_before_the_caller_is_heard_again_was_cut_off() -> None:
    case = Case(file="f", group="g", set="pauses", ends=True, end_ms=3500)
    on_line = CaseOnLine(case=case, line=LINE, duration_ms=6000)
    assert on_line.verdict([2590, 3900]) == Verdict(heard=True, cut=True, delay_ms=400)
    assert on_line.verdict([3900]) == Verdict(heard=True, cut=False, delay_ms=400)
    assert on_line.verdict([]) == Verdict(heard=True, cut=False, delay_ms=None)


def test_a_clip_that_breaks_off_is_cut_off_by_whoever_takes_it_before_its_end() -> None:
    case = Case(file="f", group="g", set="incomplete", ends=False)
    on_line = CaseOnLine(case=case, line=LINE[:2], duration_ms=3300)
    assert on_line.verdict([3299]).cut and not on_line.verdict([3301]).cut
    assert not CaseOnLine(case=case, line=[], duration_ms=3300).verdict([]).heard


def test_no_rule_takes_a_turn_before_its_words_are_known_or_after_speech_went_on() -> None:
    pauses = [
        Pause(ended_ms=2000, noticed_ms=2100, resumed_ms=2600, score=0.9),
        Pause(ended_ms=3500, noticed_ms=3600, resumed_ms=None, score=0.9),
    ]
    assert taken_by_rule(pauses, lambda pause: 100, 110) == [2210, 3710]
    assert taken_by_rule(pauses, lambda pause: 700, 110) == [4200]


def test_a_pause_of_a_meeting_is_an_end_where_another_speaker_follows() -> None:
    segments = ((0, 1000, "a"), (1500, 3000, "a"), (3200, 5000, "b"), (4000, 4400, "a"))
    assert goes_on(segments, 1000) is True
    assert goes_on(segments, 3000) is False
    assert goes_on(segments, 4400) is True, "somebody speaks on"
    assert goes_on(segments, 5000) is False
    assert goes_on(segments, 100) is None
    pauses = [
        Pause(ended_ms=1000, noticed_ms=1100, resumed_ms=1600, score=0.5),
        Pause(ended_ms=5000, noticed_ms=5100, resumed_ms=None, score=0.5),
    ]
    found = meeting_verdicts(segments, pauses, [1400, 5300])
    assert [verdict.cut for verdict in found["meeting_pauses"]] == [True]
    assert [verdict.delay_ms for verdict in found["meeting_ends"]] == [300]


def test_a_score_counts_cut_offs_among_the_heard_only() -> None:
    verdicts = [Verdict(heard=True, cut=cut, delay_ms=delay) for cut, delay in ((True, 200), (False, 400))]
    score = Score.of([*verdicts, Verdict(heard=False, cut=False, delay_ms=None)])
    assert (score.turns, score.unheard, score.cut_rate, score.delay_mean_ms) == (3, 1, 0.5, 300)


def test_curves_are_read_both_ways_and_drawn() -> None:
    points = [
        Point(name=f"{delay} <ms>", cut_rate=rate, delay_ms=delay, p90_ms=delay)
        for rate, delay in ((0.5, 200), (0.6, 300), (0.2, 500), (0.1, 900))
    ]
    assert [point.delay_ms for point in frontier(points)] == [200, 500, 900]
    assert at_most_cut(points, 0.2) == points[2] and at_most_cut(points, 0.05) is None
    assert at_most_delay(points, 600) == points[2] and at_most_delay(points, 100) is None
    drawn = plot(*[dict.fromkeys(("fixed", "model", "sweep", "presets"), points)] * 2)
    assert drawn.startswith("<svg") and drawn.count("<circle") == 8 and "&lt;ms&gt;" in drawn
