"""What every vendor owes that transcribes recordings, on the real SDK against its double; and every fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.doubles.coded_speech import spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.socket_vendor import KEY
from tests.doubles.speech_http import AssemblyAiHttp, DeepgramHttp, OpenAiAudioHttp

from antiphon.errors import (
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.assemblyai.batch import AssemblyAiBatch
from antiphon.providers.assemblyai.stt import AssemblyAiConfig
from antiphon.providers.deepgram.batch import DeepgramBatch
from antiphon.providers.deepgram.client import DeepgramConfig
from antiphon.providers.openai.audio_client import OpenAiAudioConfig
from antiphon.providers.openai.batch import OpenAiBatch
from antiphon.speech.ports import BatchConfig, BatchTranscription

WORDS = "hello please book my visit on monday at"
PCM = spoken(WORDS, 8_000)
PATIENT_S, HASTY_S = 30.0, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchVendor:
    """Attributes: extras: it finds sentiment, topics and a summary. dated: words have times of their own."""

    name: str
    wire: Callable[[], Any]
    make: Callable[[str, float], BatchTranscription]
    dated: bool = True
    speakers: tuple[str, ...] = ()
    extras: bool = False

    @asynccontextmanager
    async def bench(
        self, faulty: Faulty | None = None, deadline_s: float = PATIENT_S
    ) -> AsyncIterator[tuple[HttpVendor, BatchTranscription]]:
        async with HttpVendor(wire=self.wire(), faulty=faulty or Faulty(), answers_get=True) as double:
            yield double, self.make(double.url, deadline_s)


def _openai(model: str) -> Callable[[str, float], BatchTranscription]:
    return lambda url, deadline_s: OpenAiBatch(model, OpenAiAudioConfig(key=KEY, url=f"{url}/v1"), deadline_s)


VENDORS = (
    BatchVendor(
        name="deepgram/nova-3",
        wire=DeepgramHttp,
        make=lambda url, deadline_s: DeepgramBatch("nova-3", DeepgramConfig(key=KEY, url=url), deadline_s),
        speakers=("0", "1"),
        extras=True,
    ),
    BatchVendor(
        name="assemblyai/best",
        wire=AssemblyAiHttp,
        make=lambda url, deadline_s: AssemblyAiBatch(
            "best", AssemblyAiConfig(key=KEY, url=url), deadline_s=deadline_s, poll_s=0.01
        ),
        speakers=("A", "B"),
        extras=True,
    ),
    BatchVendor(
        name="openai/gpt-4o-transcribe", wire=OpenAiAudioHttp, make=_openai("gpt-4o-transcribe"), dated=False
    ),
    BatchVendor(name="openai/whisper-1", wire=OpenAiAudioHttp, make=_openai("whisper-1")),
    BatchVendor(
        name="openai/gpt-4o-transcribe-diarize",
        wire=OpenAiAudioHttp,
        make=_openai("gpt-4o-transcribe-diarize"),
        dated=False,
        speakers=("A", "B"),
    ),
)
FAILURES: dict[Fault, type[ProviderError]] = {
    Fault.REFUSE: ProviderUnavailable,
    Fault.HANG: ProviderUnavailable,
    Fault.DROP_MID_STREAM: ProviderUnavailable,
    Fault.MALFORMED: ProviderProtocolError,
    Fault.RATE_LIMIT: ProviderUnavailable,
    Fault.AUTH: ProviderRejected,
    Fault.CLOSE_CODE: ProviderUnavailable,
    Fault.NO_RESULT: ProviderProtocolError,
}

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


async def test_a_recording_becomes_words(vendor: BatchVendor) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(PCM, 8_000, BatchConfig(vocabulary=("Garcia",)))
    assert found.text == WORDS
    if vendor.dated:
        assert [word.text for word in found.words] == WORDS.split()
        assert [word.end_ms for word in found.words] == [140 * number + 100 for number in range(8)]
        assert found.words[0].speaker == ""


async def test_speakers_are_told_apart_where_the_vendor_can(vendor: BatchVendor) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(PCM, 8_000, BatchConfig(diarize=True))
    if vendor.speakers:
        first, second = vendor.speakers
        assert [word.speaker for word in found.words] == [first] * 4 + [second] * 4
        assert [word.text for word in found.words] == WORDS.split()
    else:
        assert all(word.speaker == "" for word in found.words)


async def test_sentiment_topics_and_summary_where_the_vendor_has_them(vendor: BatchVendor) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(PCM, 8_000, BatchConfig(sentiment=True, topics=True, summary=True))
        plain = await batch.transcribe(PCM, 8_000, BatchConfig())
    assert (plain.sentiment, plain.topics, plain.summary) == ((), (), "")
    if not vendor.extras:
        assert (found.sentiment, found.topics, found.summary) == ((), (), "")
        return
    start_ms, end_ms, feeling = found.sentiment[0]
    assert (start_ms, feeling in {"positive", "negative"}) == (0, True)
    assert end_ms in {100, 3 * 140 + 100}
    assert found.topics[0] in {"Appointments", "MedicalHealth"}
    assert found.summary == "Somebody books a visit."


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: fault.value)
async def test_every_fault_ends_within_the_deadline_as_the_right_error(
    vendor: BatchVendor, fault: Fault
) -> None:
    # The first piece of an answer is all of it: it must break before.
    async with vendor.bench(Faulty(fault=fault, after=0), HASTY_S) as (_, batch):
        with pytest.raises(ProviderError) as raised:
            async with asyncio.timeout(20):
                await batch.transcribe(PCM, 8_000, BatchConfig())
    assert type(raised.value) is FAILURES[fault], raised.value
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert "hello" not in str(raised.value)


async def test_a_slow_answer_is_an_answer(vendor: BatchVendor) -> None:
    async with vendor.bench(Faulty(fault=Fault.SLOW_FIRST_BYTE, delay_ms=50)) as (_, batch):
        assert (await batch.transcribe(PCM, 8_000, BatchConfig())).text == WORDS
