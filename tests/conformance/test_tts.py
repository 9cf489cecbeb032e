"""What every voice owes its callers, whichever engine is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conformance.endings import ends_at_once

from antiphon.errors import ConfigError
from antiphon.providers.local.kokoro import KokoroTts
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.piper import PiperTts
from antiphon.runtime.metering import MeteredTts
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest
from antiphon.storage.blobs import BlobFolder

pytestmark = pytest.mark.models

SENTENCE = "We have an opening on Tuesday at nine thirty."


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    tts: TextToSpeech
    voice: str


def piper(folder: Path) -> Candidate:
    return Candidate(tts=PiperTts(), voice="joe")


def kokoro(folder: Path) -> Candidate:
    return Candidate(tts=KokoroTts(), voice="af_heart")


def cached_piper(folder: Path) -> Candidate:
    return Candidate(
        tts=CachingTts(PiperTts(), PhraseCache(BlobFolder(folder, max_bytes=1 << 28)), "local/piper-joe"),
        voice="joe",
    )


CANDIDATES: dict[str, tuple[Callable[[Path], Candidate], str]] = {
    "piper": (piper, "piper-joe"),
    "kokoro": (kokoro, "kokoro-82m"),
    "cached": (cached_piper, "piper-joe"),
}


@pytest.fixture(
    scope="module",
    params=["piper", pytest.param("kokoro", marks=pytest.mark.own_pace), "cached"],
)
def candidate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    make, model = CANDIDATES[request.param]
    if not is_installed(model):
        pytest.skip(f"the model {model} is not installed: antiphon models fetch {model}")
    return make(tmp_path_factory.mktemp("phrases"))


async def spoken(candidate: Candidate, text: str, rate_hz: int = 16000, speed: float = 1.0) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    request = TtsRequest(text=text, voice=candidate.voice, sample_rate_hz=rate_hz, speed=speed)
    await candidate.tts.synthesize(request, said.append)
    return said


def samples(said: list[TtsAudio]) -> NDArray[np.int16]:
    return np.frombuffer(b"".join(audio.pcm for audio in said), dtype="<i2")


async def test_words_become_audible_audio_of_a_plausible_length(candidate: Candidate) -> None:
    audio = samples(await spoken(candidate, SENTENCE)).astype(np.float64)
    seconds = len(audio) / 16000
    assert 1.5 <= seconds <= 5, "nine words"
    assert 20 * np.log10(np.sqrt(np.mean(audio**2)) / 32768) > -32
    assert np.abs(audio).max() < 32767, "not clipped"


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
async def test_the_length_does_not_depend_on_the_rate_that_was_asked_for(
    candidate: Candidate, rate_hz: int
) -> None:
    audio = samples(await spoken(candidate, "Thank you, goodbye.", rate_hz))
    assert 0.7 <= len(audio) / rate_hz <= 2.5


async def test_speech_begins_at_once(candidate: Candidate) -> None:
    audio = np.abs(samples(await spoken(candidate, SENTENCE)).astype(np.int32))
    assert np.argmax(audio > 400) / 16 < 120, "ms of silence before the first sound"


async def test_audio_comes_in_blocks_before_everything_is_spoken(candidate: Candidate) -> None:
    said = await spoken(candidate, "Good morning. " + SENTENCE)
    assert len(said) >= 2
    assert len(said[0].pcm) < sum(len(audio.pcm) for audio in said) / 2


async def test_words_end_in_order_within_the_audio(candidate: Candidate) -> None:
    text = "Good morning. " + SENTENCE
    said = await spoken(candidate, text)
    ends = said[-1].word_ends_ms
    assert len(ends) == len(text.split())
    assert list(ends) == sorted(ends)
    assert ends[0] > 0
    assert ends[-1] <= len(samples(said)) / 16
    assert said[0].word_ends_ms == ends[: len(said[0].word_ends_ms)], "the words so far"


async def test_a_word_ends_where_its_sound_ends(candidate: Candidate) -> None:
    said = await spoken(candidate, "Stop.")
    sound = np.flatnonzero(np.abs(samples(said).astype(np.int32)) > 300)
    assert said[-1].word_ends_ms[0] == pytest.approx(sound[-1] / 16, abs=120)


async def test_speed_shortens_speech(candidate: Candidate) -> None:
    slow = len(samples(await spoken(candidate, SENTENCE, speed=0.75)))
    fast = len(samples(await spoken(candidate, SENTENCE, speed=1.4)))
    assert fast < 0.8 * slow


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—", "\n", "\0"])
async def test_nothing_to_say_is_no_error_and_no_audio(candidate: Candidate, text: str) -> None:
    assert await spoken(candidate, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "42",
        "Müller, Øre & Łódź",
        "日本語 text",
        "ok 😀 fine",
        "x" * 60,
        "A\0B",
        "[[eI]]",
        "<b>hi</b> %s {0}",
        "I'm",
    ],
)
async def test_odd_text_is_spoken_somehow(candidate: Candidate, text: str) -> None:
    said = await spoken(candidate, text)
    assert len(samples(said)) > 0
    assert said[-1].word_ends_ms[-1] > 0


async def test_a_long_text_is_spoken_completely(candidate: Candidate) -> None:
    text = "Please bring your card and come ten minutes early, " * 4 + "thank you."
    said = await spoken(candidate, text)
    assert 7 < len(samples(said)) / 16000 < 30
    assert len(said[-1].word_ends_ms) == len(text.split())


async def test_cancelling_stops_between_blocks_and_leaves_the_voice_usable(candidate: Candidate) -> None:
    said: list[TtsAudio] = []
    began = asyncio.Event()

    def emit(audio: TtsAudio) -> None:
        said.append(audio)
        began.set()

    request = TtsRequest(
        text="One moment now. " + "This sentence will never be heard by anyone at all. " * 5,
        voice=candidate.voice,
        sample_rate_hz=8000,
    )
    task = asyncio.create_task(candidate.tts.synthesize(request, emit))
    await began.wait()
    task.cancel()
    assert await ends_at_once(task), "the model works on the next sentence, and is not waited for"
    assert task.cancelled()
    stopped_at = len(said)
    assert len(samples(said)) / 8000 < 8, "some of it was never spoken"
    assert len(samples(await spoken(candidate, "Still here."))) > 0
    assert len(said) == stopped_at, "nothing is emitted after the cancellation"


async def test_several_requests_at_once_do_not_mix(candidate: Candidate) -> None:
    texts = ["Yes.", "Thank you very much indeed.", "One moment please, I will have a look at the calendar."]
    lengths = [
        len(samples(said)) for said in await asyncio.gather(*(spoken(candidate, text) for text in texts))
    ]
    assert lengths == sorted(lengths)


async def test_a_call_may_ask_it_to_be_ready_as_it_asks_a_vendor(candidate: Candidate) -> None:
    tts = CachingTts(MeteredTts("local/any", candidate.tts), PhraseCache(None), "local/any")
    await tts.warm(TtsRequest(text="", voice=candidate.voice, sample_rate_hz=8000))
    assert len(samples(await spoken(candidate, "Still here."))) > 0


async def test_an_unknown_voice_is_refused_with_the_known_ones(candidate: Candidate) -> None:
    with pytest.raises(ConfigError, match=candidate.voice):
        await spoken(Candidate(tts=candidate.tts, voice="nobody"), "Hello.")
