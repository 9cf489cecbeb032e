"""How any embedded voice speaks, shown with an engine that hums instead of a model."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest
from tests.conformance.endings import TURNS_MAX, ends_at_once

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.loudness import VoiceGains
from antiphon.providers.local.phonetics import Piece
from antiphon.providers.local.speaking import ENGINE_ERRORS, Spoken, speak
from antiphon.speech.ports import TtsAudio, TtsRequest

RATE_HZ = 22050
WORD_SAMPLES = RATE_HZ // 5
LEADING_SILENCE = RATE_HZ // 4


class HummingEngine:
    """Hums 200 ms a word after 250 ms of silence."""

    name = "local/hum"
    sample_rate_hz = RATE_HZ

    def __init__(self) -> None:
        self.speeds: list[float] = []
        self.gains = VoiceGains()
        self.fails = False
        self.hangs = False
        self.obeys = True  # What it is told in the middle of its run.
        self.may_end = threading.Event()
        self.hanging = threading.Event()
        self.terminated = threading.Event()

    def check(self, request: TtsRequest) -> None:
        pass

    def speak(self, piece: Piece, request: TtsRequest, speed: float, run: onnxruntime.RunOptions) -> Spoken:
        self.speeds.append(speed)
        if self.fails:
            raise ENGINE_ERRORS[1]("the model is out of order\nwith a long story")
        if self.hangs:
            self.hanging.set()
            engine_turn = threading.Event()
            while not (run.terminate and self.obeys) and not self.may_end.is_set():
                engine_turn.wait(0.001)
            self.terminated.set()
            if not self.may_end.is_set():
                raise ENGINE_ERRORS[1]("terminated")
        hum = np.sin(np.arange(WORD_SAMPLES * len(piece.words)) * 2 * np.pi * 300 / RATE_HZ).astype(
            np.float32
        )
        samples = np.concatenate((np.zeros(LEADING_SILENCE, dtype=np.float32), hum * 0.01))
        ends = tuple(LEADING_SILENCE + WORD_SAMPLES * (at + 1) for at in range(len(piece.words)))
        return Spoken(blocks=iter(np.array_split(samples, 3)), word_ends=ends)


@pytest.fixture
def engine() -> HummingEngine:
    return HummingEngine()


async def spoken(engine: HummingEngine, text: str, speed: float = 1.0) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    request = TtsRequest(text=text, voice="hum", sample_rate_hz=8000, speed=speed)
    with ThreadPoolExecutor(1) as executor:
        await speak(engine, request, said.append, executor)
    return said


async def test_leading_silence_is_cut_and_word_ends_move_with_it(engine: HummingEngine) -> None:
    (audio,) = await spoken(engine, "one two")
    samples = np.frombuffer(audio.pcm, dtype="<i2")
    assert np.argmax(np.abs(samples) > 200) / 8 == pytest.approx(20, abs=6)
    assert list(audio.word_ends_ms) == pytest.approx([220, 420], abs=6)


async def test_word_ends_of_later_sentences_count_from_the_start_of_the_request(
    engine: HummingEngine,
) -> None:
    await spoken(engine, "get to know the level")
    first_ms = sum(len(audio.pcm) for audio in await spoken(engine, "one two.")) / 16
    said = await spoken(engine, "one two. three")
    assert said[-1].word_ends_ms[2] == pytest.approx(first_ms + 220, abs=6)


async def test_blocks_are_sent_as_the_model_makes_them_once_the_level_is_known(engine: HummingEngine) -> None:
    assert len(await spoken(engine, "one two three")) == 1
    again = await spoken(engine, "one two three")
    assert len(again) > 2
    counts = [len(audio.word_ends_ms) for audio in again]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 3


async def test_a_whispering_engine_leaves_at_speaking_level(engine: HummingEngine) -> None:
    (audio,) = await spoken(engine, "one two three")
    samples = np.frombuffer(audio.pcm, dtype="<i2")[800:3200].astype(np.float64)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768) == pytest.approx(-25, abs=1.5), "18 dB at most"


async def test_what_is_to_be_written_down_is_spoken_more_slowly(engine: HummingEngine) -> None:
    await spoken(engine, "The number is four one five, five five five, right?")
    assert engine.speeds == [1.0, pytest.approx(1 / 1.2), 1.0]


@pytest.mark.parametrize(("asked", "given"), [(0.0, 0.5), (0.1, 0.5), (1.3, 1.3), (9.0, 2.0)])
async def test_speed_is_kept_within_what_can_be_understood(
    engine: HummingEngine, asked: float, given: float
) -> None:
    await spoken(engine, "hello", speed=asked)
    assert engine.speeds == [given]


async def test_an_engine_that_fails_is_a_provider_that_is_unavailable(engine: HummingEngine) -> None:
    engine.fails = True
    with pytest.raises(ProviderUnavailable, match=r"^local/hum: the model is out of order$"):
        await spoken(engine, "hello")


async def test_cancelling_stops_the_model_in_the_middle_of_its_run(engine: HummingEngine) -> None:
    engine.hangs = True
    said: list[TtsAudio] = []
    request = TtsRequest(text="hello", voice="hum", sample_rate_hz=8000)
    with ThreadPoolExecutor(2) as executor:
        task = asyncio.create_task(speak(engine, request, said.append, executor))
        await asyncio.to_thread(engine.hanging.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(engine.terminated.wait, 10)
    assert said == []


async def test_who_cancels_waits_for_no_model_and_hears_no_more_of_it(engine: HummingEngine) -> None:
    await spoken(engine, "get to know the level")
    engine.hangs, engine.obeys = True, False
    said: list[TtsAudio] = []
    request = TtsRequest(text="hello there. and more", voice="hum", sample_rate_hz=8000)
    with ThreadPoolExecutor(1) as executor:
        task = asyncio.create_task(speak(engine, request, said.append, executor))
        await asyncio.to_thread(engine.hanging.wait, 10)
        task.cancel()
        assert await ends_at_once(task)
        assert task.cancelled()
        engine.may_end.set()
    for _ in range(TURNS_MAX):
        await asyncio.sleep(0)
    assert engine.terminated.is_set(), "it went on to its end, in its own thread"
    assert said == []
