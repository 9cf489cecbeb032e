"""What every vendor that speaks owes a call, on the real SDK against the vendor's double; and every fault."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.conformance.endings import ends_at_once
from tests.conformance.tts_vendors import HASTY, VENDORS, TtsVendor
from tests.doubles.coded_speech import CodedEar
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpRequest
from tests.doubles.socket_vendor import KEY

from antiphon.errors import ProviderError, ProviderUnavailable
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Capabilities, Role
from antiphon.speech.ports import CountsCharacters, TextToSpeech, TtsAudio, TtsRequest, WarmsVoices

WORDS = "hello please book my visit on monday"
MARKED = (
    'hello <break time="300ms"/> please <emphasis level="strong">book my</emphasis> '
    '<prosody rate="slow"><phoneme alphabet="ipa" ph="ˈvɪzɪt">visit</phoneme></prosody> on monday'
)
WAIT_S = 20.0

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


def request_for(vendor: TtsVendor, text: str = WORDS, rate_hz: int = 8_000, speed: float = 1.0) -> TtsRequest:
    return TtsRequest(text=text, voice=vendor.voice, sample_rate_hz=rate_hz, speed=speed)


async def speak(tts: TextToSpeech, request: TtsRequest) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    async with asyncio.timeout(WAIT_S):
        await tts.synthesize(request, said.append)
    return said


def heard_text(request: Any) -> str:
    """What a double was asked to say, by whatever name."""
    if isinstance(request, HttpRequest):
        return str(request.json.get("text", request.json.get("input")))
    return str(request.text)


def understood(said: list[TtsAudio], rate_hz: int = 8_000) -> str:
    ear = CodedEar(rate_hz)
    for audio in said:
        ear.push(audio.pcm)  # Refuses half samples.
    return ear.text


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 24_000, 48_000])
async def test_words_are_spoken_at_the_rate_of_the_line(vendor: TtsVendor, rate_hz: int) -> None:
    async with vendor.bench() as (_, tts):
        said = await speak(tts, request_for(vendor, rate_hz=rate_hz))
    assert understood(said, rate_hz) == WORDS
    length_ms = sum(len(audio.pcm) for audio in said) / 2 / rate_hz * 1000
    assert length_ms == pytest.approx(7 * 140 + vendor.rest_ms, abs=5)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 24_000])
async def test_a_voice_that_dates_its_words_dates_all_of_them_where_they_end(
    vendor: TtsVendor, rate_hz: int
) -> None:
    async with vendor.bench() as (_, tts):
        said = await speak(tts, request_for(vendor, rate_hz=rate_hz))
    ends_ms = [audio.word_ends_ms for audio in said if audio.word_ends_ms]
    if not vendor.dates_words:
        assert ends_ms == []
        return
    each_ms = [100 + 140 * number for number in range(len(WORDS.split()))]
    assert list(ends_ms[-1]) == pytest.approx(each_ms, abs=2)
    for before, after in itertools.pairwise(ends_ms):
        assert after[: len(before)] == before, "a date is not taken back"


async def test_audio_comes_before_everything_is_spoken(vendor: TtsVendor) -> None:
    async with vendor.bench() as (_, tts):
        said = await speak(tts, request_for(vendor))
    assert len(said) >= 2


async def test_voice_and_speed_reach_the_vendor(vendor: TtsVendor) -> None:
    async with vendor.bench() as (double, tts):
        await speak(tts, request_for(vendor))
        await speak(tts, request_for(vendor, speed=1.2))
        await speak(tts, request_for(vendor, speed=9.0))
    assert {vendor.heard_voice(request) for request in double.requests} == {vendor.voice}
    speeds = [vendor.heard_speed(request) for request in double.requests]
    if not vendor.takes_speed:
        assert speeds == [1.0] * 3
        assert declared_of(vendor).speeds == (1.0, 1.0)
        return
    assert speeds[:2] == [1.0, 1.2]
    assert 1.2 <= speeds[2] < 9.0, "no faster than the vendor can"
    if declared := declared_of(vendor).speeds:
        assert declared[0] < 1 < declared[1] == speeds[2], "the check of an agent file says so beforehand"
    else:
        assert speeds[2] >= 2, "as fast as an agent file may ask for"


def declared_of(vendor: TtsVendor) -> Capabilities:
    """What the registry says of the name that an agent file would have."""
    prefix = vendor.name.rpartition("/")[0]
    name = vendor.name if prefix == "livekit" else f"{prefix}/{vendor.voice}"
    return Registry(environment={}).known_as(Role.TTS, name).capabilities


def takes_marks(vendor: TtsVendor) -> bool:
    return declared_of(vendor).ssml


@pytest.mark.parametrize("speed", [1.0, 1.2])
async def test_marks_reach_a_vendor_that_takes_them_and_no_other(vendor: TtsVendor, speed: float) -> None:
    async with vendor.bench() as (double, tts):
        said = await speak(tts, replace(request_for(vendor, speed=speed), ssml=MARKED))
    (request,) = double.requests
    assert understood(said) == WORDS
    if takes_marks(vendor):
        assert MARKED in request.markup
        assert vendor.heard_speed(request) == speed
        return
    assert not getattr(request, "markup", "")
    assert heard_text(request).strip() == WORDS


async def test_letters_that_mean_something_to_xml_are_said_and_not_read(vendor: TtsVendor) -> None:
    async with vendor.bench() as (double, tts):
        await speak(tts, request_for(vendor, "hello <break/> & <speak>goodbye</speak>"))
    (request,) = double.requests
    assert heard_text(request).strip() == "hello <break/> & <speak>goodbye</speak>"


async def test_what_is_charged_for_is_what_was_sent(vendor: TtsVendor) -> None:
    async with vendor.bench() as (_, tts):
        plain = request_for(vendor)
        marked = replace(plain, ssml=MARKED)
        if not isinstance(tts, CountsCharacters):
            assert not takes_marks(vendor), "a vendor of marks says how it counts them"
            return
        assert tts.characters(plain) == len(WORDS)
        charged = len(MARKED) if takes_marks(vendor) else len(WORDS)
        assert charged <= tts.characters(marked) <= charged + len("<speak></speak>")


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—", "\n"])
async def test_nothing_to_say_is_no_request_and_no_audio(vendor: TtsVendor, text: str) -> None:
    async with vendor.bench() as (double, tts):
        assert await speak(tts, request_for(vendor, text)) == []
    assert double.requests == []


async def test_two_callers_at_once_get_their_own_words(vendor: TtsVendor) -> None:
    async with vendor.bench() as (_, tts):
        one, other = await asyncio.gather(
            speak(tts, request_for(vendor, "hello please")),
            speak(tts, request_for(vendor, "cancel my visit")),
        )
    assert (understood(one), understood(other)) == ("hello please", "cancel my visit")


async def test_the_connection_stays_warm_between_sentences(vendor: TtsVendor) -> None:
    async with vendor.bench() as (double, tts):
        for _ in range(3):
            await speak(tts, request_for(vendor))
    assert double.connections == 1


async def test_a_connection_is_open_before_the_first_sentence_and_carries_it(vendor: TtsVendor) -> None:
    async with vendor.bench() as (double, tts):
        assert isinstance(tts, WarmsVoices) == vendor.warms
        if not isinstance(tts, WarmsVoices):
            return
        nothing = request_for(vendor, "")
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*(tts.warm(nothing) for _ in range(5)))
            assert (double.connections, double.requests) == (1, []), "open, and nothing asked for"
            assert understood(await speak(tts, request_for(vendor))) == WORDS
            await tts.warm(nothing)
        assert double.connections == 1


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG, Fault.AUTH, Fault.RATE_LIMIT, Fault.CLOSE_CODE])
async def test_warming_a_vendor_in_trouble_is_nobodys_failure(vendor: TtsVendor, fault: Fault) -> None:
    async with vendor.bench(Faulty(fault=fault), HASTY) as (_, tts):
        if isinstance(tts, WarmsVoices):
            async with asyncio.timeout(WAIT_S):
                await tts.warm(request_for(vendor, ""))
        with pytest.raises(ProviderError) as raised:
            await speak(tts, request_for(vendor))
    assert type(raised.value) is vendor.failures[fault]


async def test_a_cancelled_sentence_is_silent_at_once_and_the_vendor_is_told(vendor: TtsVendor) -> None:
    said: list[TtsAudio] = []
    first = asyncio.Event()

    def emit(audio: TtsAudio) -> None:
        said.append(audio)
        first.set()

    async with vendor.bench() as (double, tts):
        double.faulty.fault = Fault.HANG
        task = asyncio.create_task(tts.synthesize(request_for(vendor), emit))
        async with asyncio.timeout(WAIT_S):
            await double.waiting.wait()
        task.cancel()
        assert await ends_at_once(task)
        assert task.cancelled()
        async with asyncio.timeout(WAIT_S):
            await double.gone.wait()
        count = len(said)
        double.faulty.fault = Fault.NONE
        assert understood(await speak(tts, request_for(vendor))) == WORDS, "and is well for the next"
    assert len(said) == count == 0


async def test_cancelling_while_it_speaks_emits_nothing_more(vendor: TtsVendor) -> None:
    said: list[TtsAudio] = []

    async with vendor.bench() as (_, tts):
        task: asyncio.Task[None]

        def emit(audio: TtsAudio) -> None:
            said.append(audio)
            task.cancel()

        task = asyncio.create_task(tts.synthesize(request_for(vendor, " ".join([WORDS] * 20)), emit))
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait([task])
    assert task.cancelled()
    assert len(said) == 1


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
async def test_every_fault_ends_within_the_deadline_as_the_right_error(
    vendor: TtsVendor, fault: Fault
) -> None:
    expected = vendor.failures[fault]
    async with vendor.bench(Faulty(fault=fault, delay_ms=100), HASTY) as (_, tts):
        if expected is None:
            assert understood(await speak(tts, request_for(vendor))) == WORDS
            return
        with pytest.raises(ProviderError) as raised:
            await speak(tts, request_for(vendor))
    assert type(raised.value) is expected
    if fault is Fault.RATE_LIMIT:
        assert isinstance(raised.value, ProviderUnavailable)
        assert raised.value.retry_after_ms == (2_000 if vendor.counts_when else None)
    assert KEY not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert "hello" not in str(raised.value)


async def test_a_vendor_that_comes_back_is_used_again(vendor: TtsVendor) -> None:
    async with vendor.bench(Faulty(fault=Fault.CLOSE_CODE, times=1)) as (_, tts):
        with pytest.raises(ProviderError):
            await speak(tts, request_for(vendor))
        assert understood(await speak(tts, request_for(vendor))) == WORDS
