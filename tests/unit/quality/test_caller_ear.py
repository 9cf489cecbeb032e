"""The ear cuts what comes down the line into utterances, dated to the sample, and never stalls the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from tests.doubles.media_line import silence, tone
from tests.doubles.virtual_loop import live

from antiphon.quality.callers.ear import FINAL_WAIT_S, UTTERANCE_MAX_MS, WAITING_MAX, Ear, HeardUtterance
from antiphon.speech.ports import Samples, SttConfig, Transcript

RATE_HZ = 8000


class SaysLength:
    """A recogniser whose words are the milliseconds it was given; `answers_after_s` None never answers.

    `opened` holds one list of milliseconds a stream.
    """

    def __init__(self, *answers_after_s: float | None) -> None:
        self.answers_after_s = list(answers_after_s)
        self.opened: list[list[int]] = []
        self.closed = 0

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> LengthStream:
        assert config.sample_rate_hz == RATE_HZ
        self.opened.append([])
        return LengthStream(self, emit)


class LengthStream:
    def __init__(self, owner: SaysLength, emit: Callable[[Transcript], None]) -> None:
        self.owner, self.emit = owner, emit
        self.segment = 0
        self.samples = 0

    def push(self, pcm: bytes) -> None:
        self.samples += len(pcm) // 2

    def speech_started(self) -> None: ...

    def speech_stopped(self) -> None:
        duration_ms = self.samples * 1000 // RATE_HZ
        self.owner.opened[-1].append(duration_ms)
        after_s = self.owner.answers_after_s.pop(0) if self.owner.answers_after_s else 0.1
        if after_s is not None:
            final = Transcript(segment=self.segment, text=f"{duration_ms} ms", final=True)
            asyncio.get_running_loop().call_later(after_s, self.emit, final)

    def turn_committed(self) -> None:
        self.segment += 1
        self.samples = 0

    def expect(self, phrases: Sequence[str]) -> None: ...

    async def aclose(self) -> None:
        self.owner.closed += 1


class Listening:
    """An ear, what it told, and a way to play to it."""

    def __init__(self, recogniser: SaysLength) -> None:
        self.began: list[tuple[int, int]] = []
        self.ear = Ear(recogniser, RATE_HZ, lambda number, at_ms: self.began.append((number, at_ms)))
        self.at_ms = 0

    def play(self, *parts: Samples) -> None:
        sound = np.concatenate(parts)
        for start in range(0, len(sound), RATE_HZ // 50):
            self.ear.hear(self.at_ms, sound[start : start + RATE_HZ // 50])
            self.at_ms += 20

    async def understood(self, count: int) -> list[HeardUtterance]:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.ear.run())
            found = [await self.ear.utterances.get() for _ in range(count)]
            running.cancel()
        return found


def hear(recogniser: SaysLength, count: int, *parts: Samples) -> tuple[Listening, list[HeardUtterance]]:
    async def listen() -> tuple[Listening, list[HeardUtterance]]:
        listening = Listening(recogniser)
        listening.play(*parts)
        return listening, await listening.understood(count)

    return live(listen())


def test_a_silence_of_900_ms_ends_an_utterance_and_a_shorter_one_does_not() -> None:
    listening, found = hear(
        SaysLength(),
        2,
        silence(200),
        tone(500),
        silence(800),
        tone(300),
        silence(1000),
        tone(400),
        silence(920),
    )
    assert [(item.number, item.began_ms) for item in found] == [(1, 200), (2, 2800)]
    assert [item.ended_ms for item in found] == pytest.approx([1800, 3200], abs=1)
    assert listening.began == [(1, 200), (2, 2800)]


def test_sound_is_dated_to_the_sample_inside_its_block() -> None:
    listening, found = hear(SaysLength(), 1, silence(213), tone(100), silence(407), tone(100), silence(1000))
    assert listening.ear.onsets_ms == [213, 720]
    assert found[0].began_ms == 213
    assert found[0].ended_ms == pytest.approx(819, abs=1)


def test_short_silences_inside_words_are_no_onsets() -> None:
    listening, _ = hear(SaysLength(), 1, silence(100), *[tone(80), silence(100)] * 3, silence(1000))
    assert listening.ear.onsets_ms == [100]


def test_the_recogniser_is_given_a_little_silence_before_the_first_sound() -> None:
    recogniser = SaysLength()
    hear(recogniser, 1, silence(2000), tone(500), silence(1000))
    (durations,) = recogniser.opened
    assert durations == [320 + 500 + 900]


def test_silence_and_a_hiss_are_never_an_utterance() -> None:
    async def listen() -> Listening:
        listening = Listening(SaysLength())
        listening.play(silence(3000), (tone(2000, amplitude=60)))
        listening.ear.hear(listening.at_ms, silence(0))
        return listening

    listening = live(listen())
    assert not listening.began and not listening.ear.hears_speech and not listening.ear.onsets_ms


def test_the_ear_knows_that_the_agent_is_still_speaking() -> None:
    async def listen() -> list[bool]:
        listening = Listening(SaysLength())
        states = []
        for part in (tone(200), silence(500), silence(500)):
            listening.play(part)
            states.append(listening.ear.hears_speech)
        return states

    assert live(listen()) == [True, True, False]


def test_an_answer_that_never_comes_is_no_words_and_the_next_is_understood() -> None:
    recogniser = SaysLength(None, 0.1)
    listening, found = hear(recogniser, 2, tone(500), silence(1000), tone(700), silence(1000))
    assert [item.text for item in found] == ["", "1700 ms"]  # 100 ms more are left of the pause before it.
    assert listening.ear.unanswered == 1


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one() -> None:
    recogniser = SaysLength(FINAL_WAIT_S + 0.05, 0.1)
    _, found = hear(recogniser, 2, tone(500), silence(1000), tone(700), silence(1000))
    assert [item.text for item in found] == ["", "1700 ms"]
    assert len(recogniser.opened) == 2 and recogniser.closed == 1


def test_an_utterance_understood_in_pieces_is_put_together() -> None:
    class PiecesStream(LengthStream):
        def speech_stopped(self) -> None:
            for segment, text in enumerate(["We open", "at eight", "on Mondays."]):
                self.emit(Transcript(segment=segment, text=text, final=segment == 2))

    class Pieces(SaysLength):
        def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> LengthStream:
            return PiecesStream(self, emit)

    _, found = hear(Pieces(), 1, tone(40_000), silence(1000))
    assert [item.text for item in found] == ["We open at eight on Mondays."]


def test_an_agent_that_never_pauses_is_heard_in_pieces_that_fit_into_memory() -> None:
    listening, found = hear(SaysLength(), 2, tone(2 * UTTERANCE_MAX_MS))
    assert [number for number, _ in listening.began] == [1, 2]
    assert [item.text for item in found] == [f"{UTTERANCE_MAX_MS} ms"] * 2


def test_more_than_the_recogniser_can_follow_is_dropped_and_counted_and_never_raises() -> None:
    async def listen() -> int:
        listening = Listening(SaysLength())
        listening.play(*[tone(40), silence(920)] * (WAITING_MAX + 5))
        return listening.ear.dropped

    assert live(listen()) == 5
