"""Rime beyond the contract: word times, sockets that outlive an interruption, and what its messages mean."""

from __future__ import annotations

import asyncio

import pytest
from tests.conformance.tts_vendors import PATIENT
from tests.doubles.coded_speech import CodedEar
from tests.doubles.rime_speech import RimeSocket
from tests.doubles.socket_vendor import KEY

from antiphon.errors import ProviderProtocolError
from antiphon.providers.registry import Registry
from antiphon.providers.rime import wire
from antiphon.providers.rime.tts import RimeConfig, RimeHttpTts, RimeTts
from antiphon.providers.roles import Role
from antiphon.speech.ports import TtsAudio, TtsRequest

WORDS = "please book my visit on monday"
WAIT_S = 20.0


def request_for(text: str = WORDS, **changes: object) -> TtsRequest:
    values: dict[str, object] = {"text": text, "voice": "astra", "sample_rate_hz": 8_000, **changes}
    return TtsRequest(**values)  # type: ignore[arg-type]


def rime(double: RimeSocket) -> RimeTts:
    return RimeTts(RimeConfig(key=KEY, url=double.url), PATIENT)


async def speak(tts: RimeTts, request: TtsRequest) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    async with asyncio.timeout(WAIT_S):
        await tts.synthesize(request, said.append)
    return said


async def interrupt(tts: RimeTts, text: str) -> list[TtsAudio]:
    """The caller speaks up at the first piece."""
    said: list[TtsAudio] = []

    def emit(audio: TtsAudio) -> None:
        said.append(audio)
        task.cancel()

    task = asyncio.create_task(tts.synthesize(request_for(text), emit))
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait([task])
    assert task.cancelled()
    return said


def understood(said: list[TtsAudio]) -> str:
    ear = CodedEar(8_000)
    for audio in said:
        ear.push(audio.pcm)
    return ear.text


async def until_cleared(double: RimeSocket) -> None:
    async with asyncio.timeout(WAIT_S):
        peer = await double.server.peer()
        await peer.until(lambda _: double.cleared > 0)


async def test_a_sentence_that_comes_while_a_socket_opens_waits_for_it() -> None:
    async with RimeSocket() as double:
        tts = rime(double)
        async with asyncio.timeout(WAIT_S):
            _, said = await asyncio.gather(tts.warm(request_for("")), speak(tts, request_for()))
        assert understood(said) == WORDS
        assert double.connections == 1


async def test_a_socket_that_was_closed_at_rest_is_replaced_before_the_next_sentence() -> None:
    async with RimeSocket() as double:
        tts = rime(double)
        await tts.warm(request_for(""))
        peer = await double.server.peer()
        await peer.close()
        async with asyncio.timeout(WAIT_S):
            await peer.gone.wait()
            while double.connections < 2:
                await tts.warm(request_for(""))
        assert understood(await speak(tts, request_for())) == WORDS
        assert double.connections == 2


@pytest.mark.parametrize("segments", [1, 2, 3])
async def test_words_are_dated_from_the_beginning_of_the_sentence(segments: int) -> None:
    async with RimeSocket(segments=segments) as double:
        said = await speak(rime(double), request_for("Please book my visit, on Monday!".lower()))
    # A segment's last word ends 40 ms before the segment does, which is all that its times tell.
    lost = [40 * (number * segments // 6) for number in range(6)]
    expected = [100 + 140 * number - lost[number] for number in range(6)]
    assert said[-1].word_ends_ms == tuple(expected)


async def test_a_mark_in_the_text_does_not_shift_the_words() -> None:
    async with RimeSocket() as double:
        said = await speak(rime(double), request_for("yes thanks"))
    assert said[-1].word_ends_ms == (100, 240)


async def test_an_interrupted_socket_is_cleared_and_speaks_again_without_a_word_of_before() -> None:
    async with RimeSocket(paused=asyncio.Event(), spares="cancel cancel", names_done=False) as double:
        tts = rime(double)
        assert len(await interrupt(tts, WORDS)) == 1
        await until_cleared(double)
        double.paused = None
        assert understood(await speak(tts, request_for("yes thanks"))) == "yes thanks"
        assert understood(await speak(tts, request_for("hello"))) == "hello"
        assert double.connections == 1


async def test_a_socket_that_was_closed_while_nobody_spoke_is_replaced_without_an_error() -> None:
    async with RimeSocket() as double:
        tts = rime(double)
        await speak(tts, request_for("yes"))
        double.server.cut()  # The client has not noticed by the time it speaks again.
        assert understood(await speak(tts, request_for("yes thanks"))) == "yes thanks"
    assert double.connections == 2


async def test_every_voice_has_a_connection_of_its_own_and_two_at_once_have_two() -> None:
    async with RimeSocket() as double:
        tts = rime(double)
        await asyncio.gather(speak(tts, request_for("yes")), speak(tts, request_for("no")))
        assert double.connections == 2
        await speak(tts, request_for("no", voice="mistv2/cove", speed=2.0, language="de-DE"))
    assert double.connections == 3
    assert double.requests[-1].parameters["speedAlpha"] == "0.5"
    assert double.requests[-1].parameters["lang"] == "ger"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        '{"data": "AAA="}',
        '{"type": "chunk", "data": "?"}',
        '{"type": "chunk", "data": 7}',
        '{"type": "timestamps", "word_timestamps": {"words": ["a"], "start": [], "end": [1]}}',
        b"\xff",
    ],
)
def test_a_message_that_is_not_theirs_is_no_speech(message: str | bytes) -> None:
    with pytest.raises(ProviderProtocolError):
        wire.said(message)


def test_a_kind_of_message_they_may_add_says_nothing() -> None:
    assert wire.said('{"type": "novelty", "extra": {}}') == wire.Said()


def test_both_ways_are_offered_and_only_the_socket_dates_words() -> None:
    registry = Registry(environment={"RIME_API_KEY": "k"})
    socket, http = (
        registry.known_as(Role.TTS, name).capabilities for name in ("rime/coda/astra", "rime/http/coda/astra")
    )
    assert (socket.word_times, http.word_times) == (True, False)
    assert isinstance(registry.tts("rime/coda/luna")[0], RimeTts)
    engine, voice = registry.tts("rime/http/mistv3/cove")
    assert isinstance(engine, RimeHttpTts)
    assert voice == "mistv3/cove"


@pytest.mark.parametrize(
    ("name", "word_times", "japanese"),
    [
        ("rime/luna", True, True),
        ("rime/coda/luna", True, True),
        ("rime/mistv2/luna", True, False),
        ("rime/http/mistv3/luna", False, False),
        ("rime/http/coda/luna", False, True),
    ],
)
def test_a_speaker_nobody_listed_can_do_what_his_model_can(
    name: str, word_times: bool, japanese: bool
) -> None:
    found = Registry(environment={"RIME_API_KEY": "k"}).known_as(Role.TTS, name).capabilities
    assert (found.word_times, "ja" in found.languages) == (word_times, japanese)


def test_http_needs_no_package_of_its_own() -> None:
    matrix = dict(Registry(environment={"RIME_API_KEY": "k"}).matrix(Role.TTS))
    assert (matrix["rime/coda/astra"].extra, matrix["rime/http/coda/astra"].extra) == ("rime", "")
