"""What every `SpeechToText` owes a call, on a real voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.audio.carried_voice import BECKETT_TEXT, carried_recording
from tests.conformance.endings import ends_at_once

from antiphon.audio.resample import resample
from antiphon.errors import ConfigError
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.whisper import WhisperStt
from antiphon.quality.listening import through_phone
from antiphon.quality.wer import wer
from antiphon.speech.ports import SpeechToText, SttConfig, SttStream, Transcript

BLOCK_MS = 100
FINAL_WAIT_S = 30.0


def _whisper() -> SpeechToText:
    if not is_installed("whisper-tiny.en"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return WhisperStt("tiny.en")


@pytest.fixture(params=[pytest.param(_whisper, marks=pytest.mark.models, id="whisper")], scope="module")
def stt(request: pytest.FixtureRequest) -> SpeechToText:
    build: Callable[[], SpeechToText] = request.param
    return build()


@pytest.fixture(scope="module")
def voice() -> NDArray[np.int16]:
    """Ten seconds of a real reader at 16 kHz."""
    samples, rate_hz = carried_recording("beckett.wav")
    return resample(samples, rate_hz, 16000)


@dataclass
class Ear:
    """Collects transcripts and waits for finals."""

    transcripts: list[Transcript] = field(default_factory=list)
    finals: asyncio.Queue[Transcript] = field(default_factory=asyncio.Queue)

    def __call__(self, transcript: Transcript) -> None:
        self.transcripts.append(transcript)
        if transcript.final:
            self.finals.put_nowait(transcript)

    async def final(self) -> Transcript:
        return await asyncio.wait_for(self.finals.get(), FINAL_WAIT_S)


async def push(stream: SttStream, samples: NDArray[np.int16], rate_hz: int = 16000) -> None:
    step = rate_hz * BLOCK_MS // 1000
    for at in range(0, len(samples), step):
        stream.push(samples[at : at + step].tobytes())
        await asyncio.sleep(0)


async def say(stream: SttStream, samples: NDArray[np.int16], rate_hz: int = 16000) -> None:
    stream.speech_started()
    await push(stream, samples, rate_hz)
    stream.speech_stopped()


async def test_a_real_voice_is_understood(stt: SpeechToText, voice: NDArray[np.int16]) -> None:
    ear = Ear()
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    await say(stream, voice)
    final = await ear.final()
    await stream.aclose()

    assert wer(BECKETT_TEXT, final.text).rate <= 0.25
    assert final.took_ms > 0
    assert 0.0 < final.confidence <= 1.0


async def test_a_real_voice_is_understood_on_the_phone(stt: SpeechToText, voice: NDArray[np.int16]) -> None:
    ear = Ear()
    samples, rate_hz = through_phone(voice, 16000)
    stream = stt.open(SttConfig(sample_rate_hz=rate_hz), ear)
    await say(stream, samples, rate_hz)
    final = await ear.final()
    await stream.aclose()

    assert wer(BECKETT_TEXT, final.text).rate <= 0.25


async def test_segments_grow_and_every_end_of_speech_has_one_final(
    stt: SpeechToText, voice: NDArray[np.int16]
) -> None:
    ear = Ear()
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    finals = []
    for part in (voice[:48_000], voice[48_000:96_000], voice[96_000:144_000]):
        await say(stream, part)
        finals.append(await ear.final())
        stream.turn_committed()
    await stream.aclose()

    assert [final.segment for final in finals] == [0, 1, 2]
    assert all(final.text for final in finals)
    assert ear.finals.empty()


async def test_no_transcript_of_a_segment_follows_its_last_final(
    stt: SpeechToText, voice: NDArray[np.int16]
) -> None:
    ear = Ear()
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    await say(stream, voice[:64_000])
    await ear.final()
    stream.turn_committed()
    await say(stream, voice[64_000:128_000])
    await ear.final()
    await stream.aclose()

    for segment in (0, 1):
        assert [item.final for item in ear.transcripts if item.segment == segment][-1]


async def test_a_line_without_a_sound_gives_an_empty_final(stt: SpeechToText) -> None:
    ear = Ear()
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    await say(stream, np.zeros(32_000, np.int16))
    final = await ear.final()
    await stream.aclose()

    assert final.text == ""
    assert all(not item.text for item in ear.transcripts)


async def test_steady_noise_taken_for_speech_gives_no_words(stt: SpeechToText) -> None:
    ear = Ear()
    noise = (1000 * np.random.default_rng(7).standard_normal(48_000)).astype(np.int16)
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    await say(stream, noise)
    final = await ear.final()
    await stream.aclose()

    assert final.text == ""


async def test_closing_in_the_middle_of_a_decode_is_silent(
    stt: SpeechToText, voice: NDArray[np.int16]
) -> None:
    ear = Ear()
    stream = stt.open(SttConfig(sample_rate_hz=16000), ear)
    await say(stream, voice)
    assert await ends_at_once(asyncio.create_task(stream.aclose())), "the decode is not waited for"
    heard = len(ear.transcripts)
    stream.push(voice[:1600].tobytes())
    # The threads are done with the closed stream's work when they have done the next one's.
    after = Ear()
    following = stt.open(SttConfig(sample_rate_hz=16000), after)
    for part in (voice[:32_000], voice[32_000:64_000]):
        await say(following, part)
        await after.final()
    await following.aclose()

    assert len(ear.transcripts) == heard
    assert ear.finals.empty()


async def test_two_calls_at_once_do_not_hear_each_other(stt: SpeechToText, voice: NDArray[np.int16]) -> None:
    speaking, silent = Ear(), Ear()
    one = stt.open(SttConfig(sample_rate_hz=16000), speaking)
    other = stt.open(SttConfig(sample_rate_hz=16000), silent)
    await asyncio.gather(say(one, voice[:64_000]), say(other, np.zeros(64_000, np.int16)))
    heard, nothing = await speaking.final(), await silent.final()
    await one.aclose()
    await other.aclose()

    assert heard.text
    assert nothing.text == ""


def test_a_language_it_does_not_speak_is_refused_at_the_door(stt: SpeechToText) -> None:
    with pytest.raises(ConfigError, match="de-DE"):
        stt.open(SttConfig(sample_rate_hz=16000, language="de-DE"), lambda _: None)
