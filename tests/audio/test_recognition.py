"""Real recordings through the recogniser as in a call: blocks, voice activity, partials, finals, mu-law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.audio.carried_voice import BECKETT_TEXT, TWO_CITIES_S, TWO_CITIES_TEXT, carried_recording

from antiphon.audio.resample import resample
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.whisper import WhisperStt
from antiphon.quality.listening import Heard, listen, through_phone
from antiphon.quality.recordings import Recording, load, read_manifest
from antiphon.quality.wer import WordErrors, slot_recall, wer

pytestmark = [pytest.mark.models, pytest.mark.own_pace]


@dataclass(frozen=True, slots=True)
class Sample:
    """`count` recordings of a kind, spread over the folder, and the word error rate they must stay under.

    Over a whole kind the bound is 2 points above full context; a sample of ten sentences varies by 3 more.
    """

    kind: str
    count: int
    bound: float

    def __str__(self) -> str:
        return self.kind


SAMPLE = (
    Sample("clean", 12, 0.10),
    Sample("accents", 3, 0.10),
    Sample("phone8k", 9, 0.13),
    Sample("voicemail", 3, 0.10),
    Sample("conversation", 2, 0.13),
)
PHONE_SAMPLE = (Sample("clean", 8, 0.16), Sample("voicemail", 2, 0.12))


@pytest.fixture(scope="module")
def stt() -> WhisperStt:
    if not is_installed("whisper-tiny.en"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return WhisperStt("tiny.en")


@pytest.fixture(scope="module")
def multilingual_stt() -> WhisperStt:
    if not is_installed("whisper-base"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return WhisperStt("base")


@pytest.fixture(scope="module")
def vads() -> dict[int, SileroVad]:
    if not is_installed("silero-vad"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return {rate_hz: SileroVad(rate_hz) for rate_hz in (8000, 16000)}


def spread(folder: Path, kind: str, count: int, languages: Sequence[str] = ("en",)) -> list[Recording]:
    """`count` labelled recordings of a kind, evenly spread over the folder."""
    usable = [
        item
        for item in read_manifest(folder)
        if item.kind == kind and item.wer_ok and item.language in languages
    ]
    return [usable[len(usable) * k // count] for k in range(min(count, len(usable)))]


async def hear(
    stt: WhisperStt, vads: dict[int, SileroVad], folder: Path, recording: Recording, *, phone: bool = False
) -> Heard:
    samples, rate_hz = load(folder, recording)
    if phone:
        samples, rate_hz = through_phone(samples, rate_hz)
    elif rate_hz not in vads:
        samples, rate_hz = resample(samples, rate_hz, 16000), 16000
    return await listen(stt, vads[rate_hz], samples, language=recording.main_language)


@pytest.mark.speech_dir
@pytest.mark.parametrize("sample", SAMPLE, ids=str)
async def test_real_speech_is_understood_as_in_a_call(
    stt: WhisperStt, vads: dict[int, SileroVad], speech_dir: Path, sample: Sample
) -> None:
    total, recalled, slots = WordErrors(), 0, 0
    for recording in spread(speech_dir, sample.kind, sample.count):
        heard = await hear(stt, vads, speech_dir, recording)
        total += wer(recording.transcript or "", heard.text)
        found, there = slot_recall(recording.slots, heard.text)
        recalled, slots = recalled + found, slots + there

    assert total.rate <= sample.bound, total
    assert recalled >= 0.75 * slots


@pytest.mark.speech_dir
@pytest.mark.parametrize("sample", PHONE_SAMPLE, ids=str)
async def test_real_speech_is_understood_over_the_phone_codec(
    stt: WhisperStt, vads: dict[int, SileroVad], speech_dir: Path, sample: Sample
) -> None:
    total = WordErrors()
    for recording in spread(speech_dir, sample.kind, sample.count):
        heard = await hear(stt, vads, speech_dir, recording, phone=True)
        total += wer(recording.transcript or "", heard.text)

    assert total.rate <= sample.bound, total


@pytest.mark.speech_dir
async def test_other_languages_are_understood_by_the_multilingual_model(
    multilingual_stt: WhisperStt, vads: dict[int, SileroVad], speech_dir: Path
) -> None:
    total = WordErrors()
    for recording in spread(speech_dir, "multilingual", 6, ("es", "fr", "it")):
        heard = await hear(multilingual_stt, vads, speech_dir, recording)
        total += wer(recording.transcript or "", heard.text, recording.main_language)

    assert total.rate <= 0.15, total


@pytest.mark.speech_dir
async def test_no_words_come_of_silence_and_hardly_any_of_noise(
    stt: WhisperStt, vads: dict[int, SileroVad], speech_dir: Path
) -> None:
    wordless = [item for item in read_manifest(speech_dir) if item.kind in ("silence", "noise")]
    talking = []
    for recording in wordless:
        heard = await hear(stt, vads, speech_dir, recording)
        if any(transcript.text for transcript in heard.transcripts):
            talking.append(recording.file)

    assert len(talking) <= 0.05 * len(wordless), talking


async def test_a_carried_reader_is_understood_with_a_final_for_every_pause(
    stt: WhisperStt, vads: dict[int, SileroVad]
) -> None:
    samples, rate_hz = carried_recording("two_cities.wav", TWO_CITIES_S)
    heard = await listen(stt, vads[16000], resample(samples, rate_hz, 16000))

    assert wer(TWO_CITIES_TEXT, heard.text).rate <= 0.12, heard.text
    assert len(heard.finals_took_ms) == heard.utterances >= 8


async def test_a_carried_reader_is_understood_over_the_phone_codec(
    stt: WhisperStt, vads: dict[int, SileroVad]
) -> None:
    samples, rate_hz = through_phone(*carried_recording("beckett.wav"))
    heard = await listen(stt, vads[rate_hz], samples)

    assert wer(BECKETT_TEXT, heard.text).rate <= 0.25, heard.text
