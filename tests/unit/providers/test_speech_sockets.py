"""Sockets that many calls speak over, on the doubles of the vendors that have them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.doubles.cartesia_speech import CartesiaTongue, cartesia_speech
from tests.doubles.coded_speech import CodedEar
from tests.doubles.contexts_double import ContextsDouble
from tests.doubles.elevenlabs_speech import ElevenLabsTongue, elevenlabs_speech
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY

from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.providers.cartesia.tts import CartesiaConfig, CartesiaTts
from antiphon.providers.elevenlabs.tts import ElevenLabsConfig, ElevenLabsTts
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest

WORDS = "hello please book my visit on monday"
LIMITS = SpeakingLimits(connect_ms=10_000, first_ms=10_000, stall_ms=10_000)
WAIT_S = 20.0


def elevenlabs(double: ContextsDouble, limits: SpeakingLimits = LIMITS) -> ElevenLabsTts:
    return ElevenLabsTts(ElevenLabsConfig(key=KEY, url=double.url), limits)


def cartesia(double: ContextsDouble, limits: SpeakingLimits = LIMITS) -> CartesiaTts:
    return CartesiaTts(CartesiaConfig(key=KEY, url=double.url), limits)


Maker = Callable[..., ElevenLabsTts | CartesiaTts]
BOTH = pytest.mark.parametrize(
    ("serve", "make"),
    [(elevenlabs_speech, elevenlabs), (cartesia_speech, cartesia)],
    ids=["elevenlabs", "cartesia"],
)


def asked(text: str = WORDS, voice: str = "v1", language: str = "en-US") -> TtsRequest:
    return TtsRequest(text=text, voice=voice, sample_rate_hz=8_000, language=language)


async def said(tts: TextToSpeech, request: TtsRequest | None = None) -> str:
    ear = CodedEar(8_000)
    async with asyncio.timeout(WAIT_S):
        await tts.synthesize(request or asked(), lambda audio: ear.push(audio.pcm))
    return ear.text


async def spoken_until_first(tts: TextToSpeech, request: TtsRequest | None = None) -> asyncio.Task[None]:
    """A sentence in the middle of which somebody is."""
    first = asyncio.Event()
    task = asyncio.ensure_future(tts.synthesize(request or asked(), lambda _: first.set()))
    async with asyncio.timeout(WAIT_S):
        await first.wait()
    return task


async def cancelled(task: asyncio.Task[None]) -> float:
    """Seconds until it was over."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return loop.time() - begun_s


async def until(double: ContextsDouble, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        await double.until(condition)


@BOTH
async def test_a_warm_socket_carries_the_first_sentence(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        tts = make(double)
        await tts.warm(asked(""))
        assert (double.connections, double.requests) == (1, [])
        await asyncio.gather(*(tts.warm(asked("")) for _ in range(5)))
        assert await said(tts) == WORDS
        assert double.connections == 1
        await tts.aclose()


@BOTH
async def test_warming_a_vendor_that_is_away_is_no_error(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve(faulty=Faulty(fault=Fault.REFUSE)) as double:
        tts = make(double)
        await tts.warm(asked(""))
        with pytest.raises(ProviderUnavailable):
            await said(tts)


@BOTH
async def test_an_interrupted_sentence_is_over_within_fifty_milliseconds_and_cancelled_by_name(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        double.held = asyncio.Event()
        tts = make(double)
        task = await spoken_until_first(tts)
        assert await cancelled(task) < 0.05
        await until(double, lambda: bool(double.cancelled))
        assert double.cancelled == [double.requests[0].context]
        await tts.aclose()


@BOTH
async def test_what_still_comes_of_a_cancelled_sentence_is_heard_in_no_other(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        double.held, double.talks_on = asyncio.Event(), True
        tts = make(double)
        await cancelled(await spoken_until_first(tts))
        double.held.set()
        assert await said(tts, asked("cancel my visit")) == "cancel my visit"
        assert double.connections == 1
        await tts.aclose()


@BOTH
async def test_a_socket_that_was_closed_while_idle_costs_the_next_sentence_nothing(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        tts = make(double)
        await said(tts)
        await double.vendor.peers[0].close(1008, "input_timeout_exceeded")
        assert await said(tts) == WORDS
        assert double.connections == 2
        await tts.aclose()


@BOTH
async def test_nor_does_one_that_breaks_just_as_the_sentence_is_sent(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        tts = make(double)
        await said(tts)
        double.faulty.fault, double.faulty.times = (
            Fault.REFUSE,
            1,
        )  # The sentence takes it.
        assert await said(tts) == WORDS
        assert (double.connections, len(double.requests)) == (2, 3)
        await tts.aclose()


@BOTH
async def test_one_broken_socket_is_everybodys_error_and_the_next_sentence_gets_a_new_one(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        double.held = asyncio.Event()
        tts = make(double)
        tasks = [await spoken_until_first(tts) for _ in range(3)]
        assert double.connections == 1
        double.vendor.cut()
        async with asyncio.timeout(WAIT_S):
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in ended] == [ProviderUnavailable] * 3
        double.held.set()
        assert await said(tts) == WORDS
        await tts.aclose()


@BOTH
@pytest.mark.parametrize(
    ("fault", "expected"), [(Fault.AUTH, ProviderRejected), (Fault.RATE_LIMIT, ProviderUnavailable)]
)
async def test_a_refusal_on_a_standing_connection_is_one_sentences_alone(
    serve: Callable[..., ContextsDouble], make: Maker, fault: Fault, expected: type[ProviderError]
) -> None:
    async with serve() as double:
        tts = make(double)
        await said(tts)
        double.faulty.fault = fault
        with pytest.raises(expected):
            await said(tts)
        double.faulty.fault = Fault.NONE
        assert await said(tts) == WORDS
        assert double.connections == 1
        await tts.aclose()


@BOTH
async def test_a_connection_that_has_gone_silent_is_not_used_again(
    serve: Callable[..., ContextsDouble], make: Maker
) -> None:
    async with serve() as double:
        tts = make(double, SpeakingLimits(connect_ms=10_000, first_ms=200, stall_ms=100))
        await tts.warm(asked(""))
        double.faulty.fault = Fault.HANG
        with pytest.raises(ProviderUnavailable, match="no audio in time"):
            await said(tts)
        double.faulty.fault = Fault.NONE
        patient = asked()
        assert await said(tts, patient) == WORDS
        assert double.connections == 2
        await tts.aclose()


async def test_elevenlabs_never_has_more_than_five_contexts_on_a_socket_cancelled_ones_included() -> None:
    tongue = ElevenLabsTongue(forgets_late=True)
    async with elevenlabs_speech(tongue) as double:
        double.held = asyncio.Event()
        tts = elevenlabs(double)
        for _ in range(7):  # Somebody who interrupts faster than the vendor clears away.
            await cancelled(await spoken_until_first(tts))
        await until(double, lambda: len(double.cancelled) == 7)
        assert double.connections == 2
        await tongue.forget()
        double.held.set()
        assert await said(tts, asked("visit")) == "visit"
        texts = await asyncio.gather(*(said(tts, asked("hello")) for _ in range(5)))
        assert texts == ["hello"] * 5
        assert double.connections == 2
        await tts.aclose()


async def test_twelve_callers_at_once_speak_over_three_elevenlabs_sockets() -> None:
    async with elevenlabs_speech() as double:
        double.held = asyncio.Event()
        tts = elevenlabs(double)
        tasks = [asyncio.ensure_future(said(tts)) for _ in range(12)]
        await until(double, lambda: len(double.requests) == 12)
        double.held.set()
        assert await asyncio.gather(*tasks) == [WORDS] * 12
        assert double.connections == 3
        await tts.aclose()


async def test_elevenlabs_voices_and_languages_have_sockets_of_their_own() -> None:
    async with elevenlabs_speech() as double:
        tts = elevenlabs(double)
        await said(tts)
        await said(tts, asked(voice="v2"))
        await said(tts, asked(language="es-MX"))
        await said(tts, asked(language="es-ES", voice="eleven_multilingual_v2/v1"))
        queries = [peer.query for peer in double.vendor.peers]
        assert [query.get("language_code") for query in queries] == [["en"], ["en"], ["es"], None]
        assert queries[3]["model_id"] == ["eleven_multilingual_v2"]
        await tts.aclose()


async def test_cartesia_voices_share_one_socket() -> None:
    async with cartesia_speech() as double:
        tts = cartesia(double)
        for voice in ("v1", "sonic-3/v2", "sonic-latest/v3"):
            await said(tts, asked(voice=voice))
        assert [sentence.voice for sentence in double.requests] == [
            "sonic-3.5/v1",
            "sonic-3/v2",
            "sonic-latest/v3",
        ]
        assert double.connections == 1
        await tts.aclose()


@pytest.mark.parametrize(
    ("serve", "make"),
    [
        (lambda: elevenlabs_speech(ElevenLabsTongue(dates_first=True)), elevenlabs),
        (lambda: cartesia_speech(CartesiaTongue(dates_late=False)), cartesia),
        (lambda: cartesia_speech(CartesiaTongue(splits_marks=True)), cartesia),
    ],
    ids=["a sentence at once", "before the sound", "marks as words"],
)
async def test_however_words_are_dated_they_end_where_they_end(
    serve: Callable[[], ContextsDouble], make: Maker
) -> None:
    heard: list[TtsAudio] = []
    async with serve() as double:
        tts = make(double)
        async with asyncio.timeout(WAIT_S):
            await tts.synthesize(asked(), heard.append)
        await tts.aclose()
    ends_ms = next(audio.word_ends_ms for audio in reversed(heard) if audio.word_ends_ms)
    assert list(ends_ms) == pytest.approx([100 + 140 * number for number in range(7)], abs=2)
