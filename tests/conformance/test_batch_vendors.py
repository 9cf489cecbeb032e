"""What everybody owes that transcribes recordings: vendors on the real SDK against their doubles, with every
fault; and the embedded recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from tests.audio.carried_voice import BECKETT_TEXT, carried_recording
from tests.conformance.endings import ends_at_once
from tests.doubles.coded_speech import spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.socket_vendor import KEY
from tests.doubles.speech_http import AssemblyAiHttp, DeepgramHttp, OpenAiAudioHttp

from antiphon.audio.resample import resample
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
from antiphon.providers.local.models import is_installed
from antiphon.providers.openai.audio_client import OpenAiAudioConfig
from antiphon.providers.openai.batch import OpenAiBatch
from antiphon.providers.registry import Registry
from antiphon.quality.wer import wer
from antiphon.speech.ports import BatchConfig, BatchTranscription

RATE_HZ = 8_000
WORDS = "hello please book my visit on monday at"
PCM = spoken(WORDS, RATE_HZ)
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
    text: str = WORDS
    wrong_max: float = 0.0  # Of its words.

    @property
    def pcm(self) -> bytes:
        """The recording with `text`, at `RATE_HZ`."""
        return PCM

    @asynccontextmanager
    async def bench(
        self, faulty: Faulty | None = None, deadline_s: float = PATIENT_S
    ) -> AsyncIterator[tuple[HttpVendor, BatchTranscription]]:
        async with HttpVendor(wire=self.wire(), faulty=faulty or Faulty(), answers_get=True) as double:
            yield double, self.make(double.url, deadline_s)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[asyncio.Task[Any]]:
        """With a recording that will not be done for long."""
        async with self.bench(Faulty(fault=Fault.HANG)) as (double, batch):
            task = asyncio.create_task(batch.transcribe(self.pcm, RATE_HZ, BatchConfig()))
            await double.waiting.wait()
            yield task


class EmbeddedWhisper:
    """Of the same shape, with nobody to ask and a reader who is really heard."""

    name, dated, extras = "local/whisper-tiny.en", True, False
    speakers: tuple[str, ...] = ()
    text, wrong_max = BECKETT_TEXT, 0.25

    @property
    def pcm(self) -> bytes:
        samples, rate_hz = carried_recording("beckett.wav")
        return resample(samples, rate_hz, RATE_HZ).astype("<i2").tobytes()

    @asynccontextmanager
    async def bench(self) -> AsyncIterator[tuple[None, BatchTranscription]]:
        for model in ("whisper-tiny.en", "silero-vad"):
            if not is_installed(model):
                pytest.skip(f"the model {model} is not installed: antiphon models fetch {model}")
        yield None, _embedded(self.name)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[asyncio.Task[Any]]:
        """As `BatchVendor`: a thread is at work on it."""
        async with self.bench() as (_, batch):
            task = asyncio.create_task(batch.transcribe(self.pcm * 6, RATE_HZ, BatchConfig()))
            await asyncio.sleep(0)
            yield task


@cache
def _embedded(name: str) -> BatchTranscription:
    return Registry(environment={}).batch_stt(name)


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
EMBEDDED = pytest.param(EmbeddedWhisper(), marks=[pytest.mark.models, pytest.mark.own_pace])
Anybody = BatchVendor | EmbeddedWhisper

everybody = pytest.mark.parametrize(
    "vendor", [*VENDORS, EMBEDDED], ids=[*(vendor.name for vendor in VENDORS), EmbeddedWhisper.name]
)
vendors = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


@everybody
async def test_a_recording_becomes_words(vendor: Anybody) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(vendor.pcm, RATE_HZ, BatchConfig(vocabulary=("Garcia",)))
    assert wer(vendor.text, found.text).rate <= vendor.wrong_max, found.text
    if vendor.dated:
        assert [word.text for word in found.words] == found.text.split()
        starts_ms = [word.start_ms for word in found.words]
        assert starts_ms == sorted(starts_ms)
        assert starts_ms[-1] < found.words[-1].end_ms <= len(vendor.pcm) * 500 // RATE_HZ
        assert found.words[0].speaker == ""


@vendors
async def test_words_have_the_times_that_the_vendor_told(vendor: BatchVendor) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(PCM, RATE_HZ, BatchConfig())
    assert found.text == WORDS
    if vendor.dated:
        assert [word.end_ms for word in found.words] == [140 * number + 100 for number in range(8)]


@everybody
async def test_speakers_are_told_apart_where_the_vendor_can(vendor: Anybody) -> None:
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(vendor.pcm, RATE_HZ, BatchConfig(diarize=True))
    if vendor.speakers:
        first, second = vendor.speakers
        assert [word.speaker for word in found.words] == [first] * 4 + [second] * 4
        assert [word.text for word in found.words] == WORDS.split()
    else:
        assert all(word.speaker == "" for word in found.words)


@everybody
async def test_sentiment_topics_and_summary_where_the_vendor_has_them(vendor: Anybody) -> None:
    wanted = BatchConfig(sentiment=True, topics=True, summary=True)
    async with vendor.bench() as (_, batch):
        found = await batch.transcribe(vendor.pcm, RATE_HZ, wanted)
        plain = await batch.transcribe(vendor.pcm, RATE_HZ, BatchConfig())
    assert (plain.sentiment, plain.topics, plain.summary) == ((), (), "")
    if not vendor.extras:
        assert (found.sentiment, found.topics, found.summary) == ((), (), "")
        return
    start_ms, end_ms, feeling = found.sentiment[0]
    assert (start_ms, feeling in {"positive", "negative"}) == (0, True)
    assert end_ms in {100, 3 * 140 + 100}
    assert found.topics[0] in {"Appointments", "MedicalHealth"}
    assert found.summary == "Somebody books a visit."


@everybody
async def test_who_is_not_waited_for_any_more_is_let_go_at_once(vendor: Anybody) -> None:
    async with vendor.busy() as task:
        task.cancel()
        assert await ends_at_once(task)
    assert task.cancelled()


@vendors
@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: fault.value)
async def test_every_fault_ends_within_the_deadline_as_the_right_error(
    vendor: BatchVendor, fault: Fault
) -> None:
    # The first piece of an answer is all of it: it must break before.
    async with vendor.bench(Faulty(fault=fault, after=0), HASTY_S) as (_, batch):
        with pytest.raises(ProviderError) as raised:
            async with asyncio.timeout(20):
                await batch.transcribe(PCM, RATE_HZ, BatchConfig())
    assert type(raised.value) is FAILURES[fault], raised.value
    if fault is Fault.RATE_LIMIT:
        assert isinstance(raised.value, ProviderUnavailable)
        assert raised.value.retry_after_ms == 2_000, "the vendor said when it may be asked again"
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert "hello" not in str(raised.value)


@vendors
async def test_a_slow_answer_is_an_answer(vendor: BatchVendor) -> None:
    async with vendor.bench(Faulty(fault=Fault.SLOW_FIRST_BYTE, delay_ms=50)) as (_, batch):
        assert (await batch.transcribe(PCM, RATE_HZ, BatchConfig())).text == WORDS
