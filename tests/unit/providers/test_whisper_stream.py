"""The stream's promises, with decoding under the test's control: a recogniser that reports what it was given,
and an executor that runs a decode when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conformance.endings import ends_at_once

from antiphon.providers.local.whisper.engine import FINAL_BEAM, Recognition
from antiphon.providers.local.whisper.stream import WhisperStream
from antiphon.quality.turns.virtual import VirtualExecutor, VirtualLoop, run_virtually
from antiphon.speech.ports import SttConfig, Transcript

RATE_HZ = 16_000
BLOCK_MS = 100


@dataclass
class Echo:
    """Says how long the audio was: "2.4 s"."""

    asked: list[tuple[float, tuple[str, ...], int]] = field(default_factory=list)
    failing: Exception | None = None
    wordless_until_s: float = 0.0
    guesses_until_s: float = 0.0

    def transcribe(
        self, samples: NDArray[np.float32], *, prompt: Sequence[str] = (), language: str = "en", beam: int = 3
    ) -> Recognition:
        if self.failing is not None:
            raise self.failing
        self.asked.append((len(samples) / RATE_HZ, tuple(prompt), beam))
        words = f"{len(samples) / RATE_HZ:.1f} s" if len(samples) > self.wordless_until_s * RATE_HZ else ""
        guessed = len(samples) <= self.guesses_until_s * RATE_HZ
        return Recognition(text=words, language=language, avg_logprob=-1.5 if guessed else -0.2)


class HeldExecutor(Executor):
    """Keeps work until `run`, in any order."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    async def run(self, at: int = 0) -> None:
        future, work = self.waiting.pop(at)
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work())
            except (RuntimeError, ValueError, LookupError) as error:
                future.set_exception(error)
        await turn_the_loop()

    async def run_all(self) -> None:
        while self.waiting:
            await self.run()


async def turn_the_loop() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


@dataclass
class Desk:
    """A stream with its surroundings."""

    engine: Echo = field(default_factory=Echo)
    executor: HeldExecutor = field(default_factory=HeldExecutor)
    said: list[Transcript] = field(default_factory=list)
    rate_hz: int = RATE_HZ
    vocabulary: tuple[str, ...] = ()

    def open(self) -> WhisperStream:
        config = SttConfig(sample_rate_hz=self.rate_hz, vocabulary=self.vocabulary)
        self.stream = WhisperStream(self.engine, self.executor, config, self.said.append)
        return self.stream

    async def hear(self, duration_ms: int, *, run: bool = True, level: int = 3000) -> None:
        block = np.full(self.rate_hz * BLOCK_MS // 1000, level, "<i2").tobytes()
        for _ in range(duration_ms // BLOCK_MS):
            self.stream.push(block)
            await turn_the_loop()
            if run:
                await self.executor.run_all()

    @property
    def finals(self) -> list[Transcript]:
        return [item for item in self.said if item.final]

    @property
    def partials(self) -> list[Transcript]:
        return [item for item in self.said if not item.final]


async def test_partials_come_soon_and_at_least_every_600_ms_of_speech() -> None:
    desk = Desk()
    desk.open().speech_started()
    shown_at_ms: list[int] = []
    for at_ms in range(BLOCK_MS, 5000, BLOCK_MS):
        before = len(desk.said)
        await desk.hear(BLOCK_MS)
        shown_at_ms += [at_ms] * (len(desk.said) - before)

    assert shown_at_ms[0] <= 300
    assert max(np.diff(shown_at_ms)) <= 600


async def test_where_half_a_syllable_gave_no_words_the_next_block_is_tried() -> None:
    desk = Desk(engine=Echo(wordless_until_s=0.35))
    desk.open().speech_started()
    await desk.hear(500)

    assert [seconds for seconds, _, _ in desk.engine.asked] == [0.2, 0.3, 0.4]
    assert [item.text for item in desk.partials] == ["0.4 s"]


async def test_a_guess_is_shown_as_one_once_another_look_at_the_onset_gave_no_better() -> None:
    desk = Desk(engine=Echo(guesses_until_s=0.95))
    desk.open().speech_started()
    await desk.hear(1300)

    shown = [(item.text, item.guess) for item in desk.partials]
    assert shown == [("0.3 s", True), ("0.7 s", True), ("1.1 s", False)]


async def test_what_is_sure_at_the_second_look_was_never_guessed_before() -> None:
    desk = Desk(engine=Echo(guesses_until_s=0.25))
    desk.open().speech_started()
    await desk.hear(400)

    assert [(item.text, item.guess) for item in desk.partials] == [("0.3 s", False)]


@pytest.mark.parametrize("before_ms", range(300, 1000, BLOCK_MS))
async def test_after_a_pause_new_words_come_as_soon_as_at_the_beginning(before_ms: int) -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(before_ms)
    stream.speech_stopped()
    await desk.hear(200)
    stream.speech_started()
    shown = len(desk.partials)
    shown_at_ms = []
    for at_ms in range(BLOCK_MS, 1500, BLOCK_MS):
        await desk.hear(BLOCK_MS)
        if len(desk.partials) > shown:
            shown = len(desk.partials)
            shown_at_ms.append(at_ms)

    assert shown_at_ms[0] == 200
    assert max(np.diff(shown_at_ms)) <= 400


async def test_a_voice_without_words_is_not_listened_to_at_every_block() -> None:
    desk = Desk(engine=Echo(wordless_until_s=60))
    desk.open().speech_started()
    await desk.hear(5000)

    assert not desk.partials
    assert len(desk.engine.asked) < 18


async def test_the_end_of_speech_gives_exactly_one_final_of_all_audio_so_far() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(2000)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [item.text for item in desk.finals] == ["2.0 s"]
    assert desk.said[-1].final
    assert desk.engine.asked[-1][2] == FINAL_BEAM


async def test_going_on_in_the_same_turn_replaces_the_final_of_the_same_segment() -> None:
    desk = Desk()
    stream = desk.open()
    for _ in range(2):
        stream.speech_started()
        await desk.hear(1000)
        stream.speech_stopped()
        await turn_the_loop()
        await desk.executor.run_all()
        await desk.hear(300)

    assert [(item.segment, item.text) for item in desk.finals] == [(0, "1.0 s"), (0, "2.3 s")]


async def test_a_committed_turn_starts_a_new_segment_with_fresh_audio_and_a_pre_roll() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(1000)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()
    stream.turn_committed()
    await desk.hear(10_000)
    stream.speech_started()
    await desk.hear(600)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [(item.segment, item.text) for item in desk.finals] == [(0, "1.0 s"), (1, "1.0 s")]


async def test_speech_under_way_when_a_turn_is_committed_belongs_to_the_next_one() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(2000)
    stream.speech_stopped()
    await turn_the_loop()
    stream.speech_started()
    await desk.hear(500)
    stream.turn_committed()
    await desk.hear(500)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [(item.segment, item.text) for item in desk.finals] == [(0, "2.0 s"), (1, "1.0 s")]


async def test_a_partial_still_running_at_the_end_of_speech_is_never_shown() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(500, run=False)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run(at=len(desk.executor.waiting) - 1)
    await desk.executor.run_all()

    assert [item.final for item in desk.said] == [True]


async def test_a_partial_waits_for_the_one_before_and_then_comes_at_once() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(1500, run=False)
    assert len(desk.executor.waiting) == 1
    assert stream.counters.partials_late == 10

    await desk.executor.run()
    await desk.hear(BLOCK_MS)

    assert [item.text for item in desk.partials] == ["0.2 s", "1.6 s"]


async def test_finals_come_in_the_order_they_were_asked_for() -> None:
    desk = Desk()
    stream = desk.open()
    for _ in range(2):
        stream.speech_started()
        await desk.hear(200, run=False)
        stream.speech_stopped()
        await turn_the_loop()
    await desk.executor.run(at=len(desk.executor.waiting) - 1)
    assert desk.finals == []
    await desk.executor.run_all()

    assert [item.text for item in desk.finals] == ["0.2 s", "0.4 s"]


async def test_a_long_segment_is_frozen_at_the_next_pause() -> None:
    desk = Desk()
    stream = desk.open()
    for duration_ms in (13_000, 1000):
        stream.speech_started()
        await desk.hear(duration_ms)
        stream.speech_stopped()
        await turn_the_loop()
        await desk.executor.run_all()

    assert [(item.segment, item.text) for item in desk.finals] == [(0, "13.0 s"), (1, "1.0 s")]


async def test_a_caller_who_talks_for_two_minutes_costs_bounded_audio_and_loses_none() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(120_000)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert max(seconds for seconds, _, _ in desk.engine.asked) <= 25.2
    latest = {item.segment: item.text for item in desk.said}
    assert sorted(latest) == list(range(len(latest)))
    assert abs(sum(float(text.split()[0]) for text in latest.values()) - 120.0) < 0.6
    assert len(desk.finals) == 1


async def test_the_forced_cut_is_made_where_it_is_quiet() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(21_000)
    await desk.hear(300, level=0)
    await desk.hear(4000)

    frozen = [item for item in desk.said if item.segment == 0][-1]
    assert 21.0 <= float(frozen.text.split()[0]) <= 21.3


async def test_expected_phrases_bias_the_next_segment_and_come_before_the_vocabulary() -> None:
    desk = Desk(vocabulary=("Antiphon",))
    stream = desk.open()
    stream.speech_started()
    await desk.hear(200)
    stream.expect(["Dr. Oyelaran", "Antiphon"])
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()
    stream.turn_committed()
    stream.speech_started()
    await desk.hear(200)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    prompts = [prompt for _, prompt, beam in desk.engine.asked if beam == FINAL_BEAM]
    assert prompts == [("Antiphon",), ("Dr. Oyelaran", "Antiphon")]


async def test_telephone_audio_is_heard_at_twice_its_rate() -> None:
    desk = Desk(rate_hz=8000)
    stream = desk.open()
    stream.speech_started()
    await desk.hear(2000)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [item.text for item in desk.finals] == ["2.0 s"]


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), ValueError("a shape"), IndexError()])
async def test_a_decode_that_fails_still_owes_a_final(error: Exception) -> None:
    desk = Desk(engine=Echo(failing=error))
    stream = desk.open()
    stream.speech_started()
    await desk.hear(100)
    stream.speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [(item.text, item.final, item.confidence) for item in desk.said] == [("", True, 0.0)]
    assert stream.counters.failed == 1


async def test_end_of_speech_without_any_audio_gives_an_empty_final() -> None:
    desk = Desk()
    desk.open().speech_stopped()
    await turn_the_loop()
    await desk.executor.run_all()

    assert [(item.text, item.final) for item in desk.said] == [("", True)]


async def test_a_decode_that_is_running_is_neither_waited_for_nor_heard_of_after_closing() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(600, run=False)
    stream.speech_stopped()
    await turn_the_loop()
    running = [future for future, _ in desk.executor.waiting if future.set_running_or_notify_cancel()]
    assert running
    assert await ends_at_once(asyncio.create_task(stream.aclose()))
    for future in running:  # As a thread ends that nobody could stop.
        future.set_result((Recognition(text="too late"), "too late", False))
    await turn_the_loop()
    assert desk.said == []


async def test_nothing_is_said_after_closing() -> None:
    desk = Desk()
    stream = desk.open()
    stream.speech_started()
    await desk.hear(600, run=False)
    stream.speech_stopped()
    stream.speech_started()
    stream.speech_stopped()
    await turn_the_loop()
    # Its decodes are held: closing waits for none of them.
    assert await ends_at_once(asyncio.create_task(stream.aclose()))
    await desk.executor.run_all()
    stream.push(b"\0\0" * 1600)
    stream.speech_stopped()
    await turn_the_loop()

    assert desk.said == []
    assert desk.executor.waiting == []


def test_what_is_heard_on_virtual_time_does_not_depend_on_how_busy_the_machine_is() -> None:
    """How long a decode took is asked of the loop it runs on: another clock would move the next partial."""
    said: list[Transcript] = []

    async def listen(loop: VirtualLoop) -> None:
        config = SttConfig(sample_rate_hz=RATE_HZ)
        stream = WhisperStream(Echo(), VirtualExecutor(loop, 300), config, said.append)
        block, over = np.full(RATE_HZ * BLOCK_MS // 1000, 3000, "<i2").tobytes(), loop.create_future()
        stream.speech_started()
        for at_ms in range(0, 2000, BLOCK_MS):
            loop.at_ms(at_ms, lambda: stream.push(block))
        loop.at_ms(2000, stream.speech_stopped)
        loop.at_ms(3000, lambda: over.set_result(None))
        await over
        await stream.aclose()

    run_virtually(listen)
    assert {transcript.took_ms for transcript in said} == {300}
