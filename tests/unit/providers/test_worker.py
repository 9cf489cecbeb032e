"""The inference worker over a real socket, serving small implementations of the ports written here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conformance.endings import ends_at_once

from antiphon.errors import (
    ConfigError,
    InvariantViolation,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.local.worker.client import WorkerClient
from antiphon.providers.local.worker.lanes import LaneExecutor
from antiphon.providers.local.worker.link import Deadlines
from antiphon.providers.local.worker.offer import Offer
from antiphon.providers.local.worker.server import WorkerServer
from antiphon.speech.ports import SttConfig, SttStream, Transcript, TtsAudio, TtsRequest


class CountingStream:
    """Hears how many bytes were pushed in a turn."""

    def __init__(self, ear: CountingEar, config: SttConfig, emit: Callable[[Transcript], None]) -> None:
        self.ear, self.config, self.emit = ear, config, emit
        self.heard_bytes = 0
        self.segment = 0
        self.expected: tuple[str, ...] = ()

    def push(self, pcm: bytes) -> None:
        if pcm == b"bug":
            raise ZeroDivisionError
        if self.ear.refuses:
            raise ProviderUnavailable("counting", "out of fingers")
        self.heard_bytes += len(pcm)

    def speech_started(self) -> None:
        self.emit(Transcript(segment=self.segment, text="...", final=False))

    def speech_stopped(self) -> None:
        if self.ear.mute:
            return
        words = f"{self.heard_bytes} {self.config.language} {' '.join(self.expected)}".strip()
        self.emit(
            Transcript(
                segment=self.segment, text=words, final=True, confidence=0.5, word_ends_ms=(3, 7), took_ms=9
            )
        )

    def turn_committed(self) -> None:
        self.segment += 1
        self.heard_bytes = 0

    def expect(self, phrases: Sequence[str]) -> None:
        self.expected = tuple(phrases)

    async def aclose(self) -> None:
        self.ear.closed.set()


class CountingEar:
    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.mute = False
        self.refuses = False

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> SttStream:
        return CountingStream(self, config, emit)


class Speller:
    """Speaks one block a letter; holds its breath before the second when told to."""

    def __init__(self) -> None:
        self.breath = asyncio.Event()
        self.breath.set()
        self.cut = asyncio.Event()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if request.voice == "nobody":
            raise ConfigError("there is no voice nobody")
        try:
            for spoken, letter in enumerate(request.ssml or request.text):
                if spoken:
                    await self.breath.wait()
                emit(TtsAudio(pcm=letter.encode() * 2, word_ends_ms=(spoken,)))
        except asyncio.CancelledError:
            self.cut.set()
            raise


class Loudness:
    def __init__(self) -> None:
        self.stuck = False

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        if self.stuck:
            await asyncio.Event().wait()
        return len(pcm) / (16 * sample_rate_hz)


class Lengths:
    async def encode(self, sentences: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        if "bug" in sentences:
            raise ZeroDivisionError
        return np.array([[len(sentence), float(query)] for sentence in sentences], dtype=np.float32)


class World:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "w.sock"
        self.ear, self.speller, self.loudness = CountingEar(), Speller(), Loudness()
        self.executor = LaneExecutor(1)
        self.server = self._server()
        self.may_reconnect = asyncio.Event()

    def _server(self) -> WorkerServer:
        offer = Offer(
            speech_to_text={"counting": self.ear},
            text_to_speech={"speller": self.speller},
            end_of_turn=self.loudness,
            encoder=Lengths(),
        )
        return WorkerServer(offer, self.executor)

    async def client(self, **deadlines: int) -> WorkerClient:
        async def pause(seconds: float) -> None:
            await self.may_reconnect.wait()

        return await WorkerClient.connect(self.socket, deadlines=Deadlines(**deadlines), pause=pause)

    async def die(self) -> None:
        await self.server.aclose()

    async def rise(self) -> None:
        self.server = self._server()
        await self.server.listen(self.socket)
        self.may_reconnect.set()


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[World]:
    world = World(folder)
    await world.server.listen(world.socket)
    try:
        async with asyncio.timeout(20):
            yield world
    finally:
        await world.server.aclose()
        world.executor.shutdown()


class Transcripts:
    """An `emit` that can be waited on."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Transcript] = asyncio.Queue()

    def __call__(self, transcript: Transcript) -> None:
        self._queue.put_nowait(transcript)

    async def final(self) -> Transcript:
        while not (transcript := await self._queue.get()).final:
            pass
        return transcript

    async def next(self) -> Transcript:
        return await self._queue.get()


HELLO = TtsRequest(text="abc", voice="any", sample_rate_hz=8000)


async def test_a_stream_hears_through_the_socket_what_it_would_hear_beside_it(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        heard = Transcripts()
        config = SttConfig(sample_rate_hz=8000, language="pt-BR", vocabulary=("Aetna",))
        stream = client.speech_to_text("counting").open(config, heard)
        stream.push(bytes(100))
        stream.speech_started()
        stream.push(bytes(60))
        stream.expect(["yes", "no"])
        stream.speech_stopped()
        assert await heard.next() == Transcript(segment=0, text="...", final=False)
        expected = Transcript(
            segment=0,
            text="160 pt-BR yes no",
            final=True,
            confidence=0.5,
            word_ends_ms=(3, 7),
            took_ms=9,
        )
        assert await heard.final() == expected
        stream.turn_committed()
        stream.push(bytes(2))
        stream.speech_stopped()
        assert (await heard.final()).segment == 1
        assert (await client.counts()).streams == 1
        await stream.aclose()
        await world.ear.closed.wait()
        assert (await client.counts()).streams == 0
        await client.aclose()


async def test_speech_comes_back_in_blocks_as_it_is_made(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        world.speller.breath.clear()
        blocks: list[TtsAudio] = []
        begun = asyncio.Event()

        def emit(audio: TtsAudio) -> None:
            blocks.append(audio)
            begun.set()

        speaking = asyncio.create_task(client.text_to_speech("speller").synthesize(HELLO, emit))
        await begun.wait()
        assert blocks == [TtsAudio(pcm=b"aa", word_ends_ms=(0,))]
        world.speller.breath.set()
        await speaking
        assert [block.pcm for block in blocks] == [b"aa", b"bb", b"cc"]
        await client.aclose()


async def test_marks_reach_the_voice_in_the_worker(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        blocks: list[TtsAudio] = []
        marked = replace(HELLO, ssml="a<break/>")
        await client.text_to_speech("speller").synthesize(marked, blocks.append)
        assert b"".join(block.pcm[:1] for block in blocks) == b"a<break/>"
        await client.aclose()


async def test_cancelling_the_caller_stops_the_voice_in_the_worker(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        world.speller.breath.clear()
        begun = asyncio.Event()
        speaking = asyncio.create_task(
            client.text_to_speech("speller").synthesize(HELLO, lambda _audio: begun.set())
        )
        await begun.wait()
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        await world.speller.cut.wait()
        await client.aclose()


async def test_who_cancels_a_voice_in_the_worker_does_not_wait_for_it(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        world.speller.breath.clear()
        blocks: list[TtsAudio] = []
        begun = asyncio.Event()

        def emit(audio: TtsAudio) -> None:
            blocks.append(audio)
            begun.set()

        speaking = asyncio.create_task(client.text_to_speech("speller").synthesize(HELLO, emit))
        await begun.wait()
        world.speller.breath.set()  # The next blocks are on their way when it is cancelled.
        speaking.cancel()
        assert await ends_at_once(speaking)
        await client.counts()  # All that the worker said before its answer has come.
        assert [block.pcm for block in blocks] == [b"aa"]
        await client.aclose()


async def test_a_stream_that_is_closed_waits_for_no_worker_and_is_told_no_more(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        heard: list[Transcript] = []
        stream = client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), heard.append)
        stream.speech_started()
        stream.speech_stopped()
        assert await ends_at_once(asyncio.create_task(stream.aclose()))
        await world.ear.closed.wait()
        await client.counts()
        assert heard == []
        await client.aclose()


async def test_scores_and_vectors_are_those_of_the_engine(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        assert await client.end_of_turn().score(bytes(8000), 8000) == 8000 / 128000
        assert await client.end_of_turn().score(bytes(999_999), 8000) == 1.0  # Only 8 s travel.
        vectors = await client.encoder().encode(["one", "three"], query=True)
        np.testing.assert_array_equal(vectors, np.array([[3, 1], [5, 1]], dtype=np.float32))
        await client.aclose()


async def test_errors_keep_their_meaning_across_the_socket(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        nobody = TtsRequest(text="a", voice="nobody", sample_rate_hz=8000)
        with pytest.raises(ConfigError, match="no voice nobody"):
            await client.text_to_speech("speller").synthesize(nobody, lambda _audio: None)
        with pytest.raises(ProviderRejected, match="does not serve"):
            await client.text_to_speech("choir").synthesize(HELLO, lambda _audio: None)
        with pytest.raises(ProviderRejected, match="does not serve"):
            client.speech_to_text("lip reading").open(SttConfig(sample_rate_hz=8000), lambda _heard: None)
        with pytest.raises(ProviderProtocolError, match="ZeroDivisionError"):
            await client.encoder().encode(["bug"], query=False)
        # And none of them cost the connection.
        assert (await client.counts()).streams == 0
        await client.aclose()


async def test_an_answer_that_is_late_is_unavailable_and_its_work_is_dropped(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client(score=1)
        world.loudness.stuck = True
        with pytest.raises(ProviderUnavailable, match="no answer within 1 ms"):
            await client.end_of_turn().score(b"", 8000)
        await client.aclose()


async def test_a_voice_that_stalls_is_given_up(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client(voice=1)
        world.speller.breath.clear()
        with pytest.raises(ProviderUnavailable, match="no answer within 1 ms"):
            await client.text_to_speech("speller").synthesize(HELLO, lambda _audio: None)
        await world.speller.cut.wait()
        await client.aclose()


async def test_a_final_that_does_not_come_in_time_comes_empty(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client(final=1)
        world.ear.mute = True
        heard = Transcripts()
        stream = client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), heard)
        stream.speech_stopped()
        assert await heard.final() == Transcript(segment=0, text="", final=True, confidence=0.0, lost=True)
        await client.aclose()


async def test_an_engine_that_gives_up_a_stream_still_answers_every_final(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        world.ear.refuses = True
        heard = Transcripts()
        stream = client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), heard)
        stream.push(b"ab")
        stream.speech_stopped()
        assert (await heard.final()).text == ""
        stream.speech_stopped()
        assert (await heard.final()).text == ""
        await client.aclose()


async def test_pending_calls_fail_when_the_worker_dies_and_new_ones_work_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        world.loudness.stuck = True
        waiting = asyncio.create_task(client.end_of_turn().score(b"", 8000))
        await client.counts()  # The score has reached the worker when this is answered.
        await world.die()
        with pytest.raises(ProviderUnavailable, match="went away"):
            await waiting
        with pytest.raises(ProviderUnavailable, match="not there"):
            await client.encoder().encode(["one"], query=True)
        with pytest.raises(ProviderUnavailable, match="not there"):
            client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), lambda _heard: None)
        world.loudness.stuck = False
        await world.rise()
        await client.until_connected()
        assert await client.end_of_turn().score(bytes(128000), 8000) == 1.0
        await client.aclose()


async def test_an_open_stream_survives_the_death_of_the_worker(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        heard = Transcripts()
        stream = client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), heard)
        stream.expect(["Thursday"])
        world.ear.mute = True
        stream.speech_stopped()
        await client.counts()
        await world.die()
        assert await heard.final() == Transcript(segment=0, text="", final=True, confidence=0.0, lost=True)
        stream.speech_stopped()  # Nobody is there to hear it.
        assert (await heard.final()).text == ""
        world.ear.mute = False
        await world.rise()
        await client.until_connected()
        stream.push(bytes(10))
        stream.speech_stopped()
        final = await heard.final()
        assert (final.segment, final.text) == (1, "10 en-US Thursday")
        await client.aclose()


async def test_a_call_that_fails_on_what_it_hears_does_not_deafen_the_others(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: complaints.append(context["exception"])
        )

        def broken(_heard: object) -> None:
            raise InvariantViolation("this call is lost")

        config = SttConfig(sample_rate_hz=8000)
        lost = client.speech_to_text("counting").open(config, broken)
        lost.speech_stopped()
        await client.text_to_speech("speller").synthesize(HELLO, broken)
        heard = Transcripts()
        other = client.speech_to_text("counting").open(config, heard)
        other.speech_stopped()
        assert (await heard.final()).final
        assert len(complaints) == 1 + len(HELLO.text)
        await client.aclose()


async def test_an_engine_that_breaks_on_one_stream_still_serves_the_others(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: complaints.append(context["exception"])
        )
        config = SttConfig(sample_rate_hz=8000)
        client.speech_to_text("counting").open(config, lambda _heard: None).push(b"bug")
        heard = Transcripts()
        other = client.speech_to_text("counting").open(config, heard)
        other.speech_stopped()
        assert (await heard.final()).final
        assert [type(complaint) for complaint in complaints] == [ZeroDivisionError]
        await client.aclose()


async def test_a_closed_stream_says_nothing_more(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        heard: list[Transcript] = []
        stream = client.speech_to_text("counting").open(SttConfig(sample_rate_hz=8000), heard.append)
        stream.speech_stopped()
        await stream.aclose()
        await client.counts()
        assert heard == []
        await client.aclose()


async def test_connecting_to_nobody_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="nobody listens"):
        await WorkerClient.connect(tmp_path / "no.sock")


async def test_a_client_that_talks_nonsense_is_hung_up_on_and_the_others_do_not_notice(
    tmp_path: Path,
) -> None:
    async with world_in(tmp_path) as world:
        client = await world.client()
        reader, writer = await asyncio.open_unix_connection(world.socket)
        writer.write(b"\x05\x00\x00\x00hello")
        await reader.read()  # The greeting, then the end.
        writer.close()
        reader, writer = await asyncio.open_unix_connection(world.socket)
        writer.write(b"\xff\xff\xff\xff")
        await reader.read()
        writer.close()
        assert (await client.encoder().encode(["ab"], query=False))[0, 0] == 2
        await client.aclose()


async def test_a_socket_path_too_long_for_the_system_is_a_clear_error(tmp_path: Path) -> None:
    server = WorkerServer(Offer(), LaneExecutor(1))
    with pytest.raises(ConfigError, match="too long"):
        await server.listen(tmp_path / ("x" * 120))


async def test_partial_words_are_dropped_and_counted_for_a_client_that_does_not_read(tmp_path: Path) -> None:
    async with world_in(tmp_path) as world:
        flood = Flood()
        world.server = WorkerServer(Offer(speech_to_text={"flood": flood}), world.executor)
        socket = tmp_path / "f.sock"
        await world.server.listen(socket)
        lazy = await WorkerClient.connect(socket)
        watching = await WorkerClient.connect(socket)
        stream = lazy.speech_to_text("flood").open(SttConfig(sample_rate_hz=8000), lambda _heard: None)
        assert lazy._writer is not None
        lazy._writer.transport.pause_reading()  # type: ignore[attr-defined]
        stream.push(b"go")
        await flood.done.wait()
        counts = await watching.counts()
        assert 0 < counts.dropped_partials < Flood.PARTIALS
        await lazy.aclose()
        await watching.aclose()


class Flood:
    """Says far more than any socket buffers."""

    PARTIALS = 4000

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> SttStream:
        flood = self

        class Stream(CountingStream):
            def push(self, pcm: bytes) -> None:
                for _ in range(flood.PARTIALS):
                    self.emit(Transcript(segment=0, text="word " * 100, final=False))
                flood.done.set()

        return Stream(CountingEar(), config, emit)
