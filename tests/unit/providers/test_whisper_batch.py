"""Whole recordings by the embedded recogniser: where it listens, when words were said, and that it hears."""

from __future__ import annotations

import asyncio
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.errors import ConfigError
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.whisper.stretches import STRETCH_MAX_SAMPLES, stretches
from antiphon.providers.local.whisper.word_times import dated_words
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.quality.wer import wer
from antiphon.speech.ports import BatchConfig, BatchTranscription, TtsAudio, TtsRequest

RATE_HZ, WINDOW = 16_000, 512


class Loudness:
    """Voice activity that calls everything loud speech."""

    sample_rate_hz, window_samples = RATE_HZ, WINDOW

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        loud: NDArray[np.bool_] = np.abs(windows[:, WINDOW // 8 :]).max(axis=1) > 0.1
        return loud.astype(np.float32)

    def reset(self, rows: NDArray[np.intp]) -> None: ...


def sound(*parts_ms: int) -> NDArray[np.float32]:
    """Silence and sound in turn, silence first."""
    levels = [np.full(ms * 16, 0.5 if number % 2 else 0.0) for number, ms in enumerate(parts_ms)]
    return np.concatenate(levels).astype(np.float32)


def found(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    return [(each.start // 16, each.end // 16) for each in stretches(Loudness(), samples)]


def test_speech_is_found_with_room_around_it_and_the_silence_between_is_not() -> None:
    begins_and_ends = found(sound(1000, 2000, 3000, 1500, 1000))
    assert np.allclose(begins_and_ends, [(750, 3250), (5750, 7750)], atol=32)


def test_a_pause_for_breath_is_no_end_and_a_click_no_beginning() -> None:
    (only,) = found(sound(1000, 800, 400, 800, 2000, 40, 1000))
    assert np.allclose(only, (750, 3250), atol=32)


def test_silence_and_nothing_are_nothing() -> None:
    assert found(sound(5000)) == found(sound(0)) == found(sound(10)) == []


def test_long_speech_is_cut_where_it_is_quiet_and_nothing_is_left_out() -> None:
    samples = sound(0, 70_000)
    dips = [at * 16_000 for at in (25, 47)]
    for at in dips:
        samples[at : at + 4_000] *= 0.4  # Still speech, only softer.
    parts = stretches(Loudness(), samples)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert (parts[0].start, parts[-1].end) == (0, len(samples))
    assert all(part.end - part.start <= STRETCH_MAX_SAMPLES for part in parts)
    assert np.allclose([part.end for part in parts[:2]], [at + 2_000 for at in dips], atol=2_100)


def test_words_are_dated_by_the_first_frame_of_their_first_piece() -> None:
    pieces = ["ĠHi", ",", "ĠDoc", "tor", "."]
    path = [(0, 5), (0, 9), (1, 14), (2, 20), (3, 26), (3, 30), (4, 33), (5, 40)]
    assert list(dated_words("Hi, Doctor.", pieces, path, 10_000)) == [
        ("Hi,", 100, 400),
        ("Doctor.", 400, 800),
    ]
    assert list(dated_words("Hi, Doctor.", pieces, path, 700))[-1] == ("Doctor.", 400, 700)


def test_a_script_without_spaces_has_text_and_no_dates() -> None:
    assert list(dated_words("你好。再见", ["Ġ你", "好", "。", "Ġ再", "见"], [(0, 1)], 1000)) == []


@pytest.mark.parametrize("name", ["local/whisper-tiny.en", "local/whisper-base"])
def test_it_is_offered_like_any_vendors(name: str) -> None:
    known = Registry(environment={}).known_as(Role.BATCH_STT, name)
    assert known.capabilities.word_times and known.capabilities.vocabulary
    assert known.licence == "MIT"


# ---- with the models

FIRST, SECOND = "Good morning, this is the front desk.", "Your appointment is on Friday at nine."
PAUSE_MS = 3_000
LONG = (
    "The clinic is open on weekdays from eight in the morning until five in the afternoon. "
    "On Thursdays the doctors work in the other building, which is behind the river. "
    "Please bring a card, a list of your medicines, and the letter of your last hospital. "
    "Children are welcome in the waiting room, and there is a playground on the second floor. "
    "If the weather is bad, the bus does not stop at the corner but at the train station. "
    "Somebody will call you on the day before and ask whether you still want to come. "
    "The parking garage costs two dollars an hour, and the first twenty minutes are free. "
    "We are looking forward to your visit."
)


@cache
def whisper(name: str = "local/whisper-tiny.en") -> BatchTranscription:
    for model in (name.removeprefix("local/"), "silero-vad", "piper-joe"):
        if not is_installed(model):
            pytest.skip(f"the model {model} is not installed: antiphon models fetch {model}")
    return Registry(environment={}).batch_stt(name)


async def spoken(*texts: str, rate_hz: int = 8_000) -> bytes:
    """With a pause before, between and behind."""
    tts, voice = Registry(environment={}).tts("local/piper-joe")
    said: list[TtsAudio] = [silence := TtsAudio(pcm=bytes(PAUSE_MS * rate_hz // 500))]
    for text in texts:
        await tts.synthesize(TtsRequest(text=text, voice=voice, sample_rate_hz=rate_hz), said.append)
        said.append(silence)
    return b"".join(audio.pcm for audio in said)


@pytest.mark.models
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000])
async def test_a_recording_becomes_words_with_their_times(rate_hz: int) -> None:
    batch = whisper()
    pcm = await spoken(FIRST, SECOND, rate_hz=rate_hz)
    heard = await batch.transcribe(pcm, rate_hz, BatchConfig())
    assert wer(f"{FIRST} {SECOND}", heard.text).errors <= 2, heard.text
    assert [word.text for word in heard.words] == heard.text.split()
    starts = [word.start_ms for word in heard.words]
    assert starts == sorted(starts)
    assert all(word.start_ms <= word.end_ms for word in heard.words)
    assert starts[0] == pytest.approx(PAUSE_MS, abs=350)
    assert max(np.diff(starts)) > PAUSE_MS - 300, "the pause lies between the sentences"
    assert heard.words[-1].end_ms == pytest.approx(len(pcm) * 500 // rate_hz - PAUSE_MS, abs=500)
    assert (heard.language, heard.topics, heard.sentiment, heard.summary) == ("en", (), (), "")


@pytest.mark.models
async def test_what_lasts_longer_than_whisper_hears_is_heard_to_its_end() -> None:
    batch = whisper()
    heard = await batch.transcribe(await spoken(LONG), 8_000, BatchConfig())
    assert heard.words[-1].end_ms > 35_000, "more than Whisper hears at once"
    assert wer(LONG, heard.text).rate < 0.15, heard.text


@pytest.mark.models
async def test_a_recording_on_which_nobody_speaks_has_no_words() -> None:
    batch = whisper()
    hiss = np.random.default_rng(7).normal(0, 60, 8_000 * 20).astype("<i2").tobytes()
    for pcm in (b"", b"\0", bytes(160_000), hiss):
        heard = await batch.transcribe(pcm, 8_000, BatchConfig())
        assert (heard.text, heard.words) == ("", ())


@pytest.mark.models
async def test_a_language_it_does_not_speak_is_refused_with_one_that_does() -> None:
    with pytest.raises(ConfigError, match="whisper-base"):
        await whisper().transcribe(bytes(1000), 8_000, BatchConfig(language="fr-FR"))


@pytest.mark.models
async def test_two_recordings_at_once_are_each_their_own() -> None:
    batch = whisper()
    one, other = await spoken(FIRST), await spoken(SECOND)
    heard = await asyncio.gather(*(batch.transcribe(pcm, 8_000, BatchConfig()) for pcm in (one, other)))
    assert wer(FIRST, heard[0].text).errors <= 1
    assert wer(SECOND, heard[1].text).errors <= 1
