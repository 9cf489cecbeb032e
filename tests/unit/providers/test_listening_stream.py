"""The stream that all recognisers share, against a link made of queues: idleness, stalls, our own faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.doubles.virtual_loop import live, passes

from antiphon.errors import ProviderProtocolError, ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, ListeningLimits, ListeningStream
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TurnEvent


@dataclass
class Wire:
    """A link and its recogniser in one; `says` is what the vendor says next, `sent` what it was sent."""

    name: str = "acme"
    block_ms: int = 20
    keep_alive_ms: int = 0
    keep_alive_silence: bool = False
    ends_turns: bool = True
    stalls: bool = False
    connections: int = 0
    says: asyncio.Queue[Heard | TurnEvent | Exception] = field(default_factory=asyncio.Queue)
    sent: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def sample_rate_hz(self, line_hz: int) -> int:
        return 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Wire]:
        self.connections += 1
        yield self

    async def send(self, pcm: bytes) -> None:
        if self.stalls:
            await asyncio.Event().wait()
        self._note(f"audio {len(pcm)}")

    async def finish(self) -> None:
        self._note("finish")

    async def expect(self, terms: tuple[str, ...]) -> None:
        self._note(f"expect {' '.join(terms)}")

    async def keep_alive(self) -> None:
        self._note("alive")

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        said = await self.says.get()
        if isinstance(said, Exception):
            raise said
        return [said]

    async def until(self, what: str, count: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.sent.count(what) < count:
                self.changed.clear()
                await self.changed.wait()

    def _note(self, what: str) -> None:
        self.sent.append(what)
        self.changed.set()


@dataclass
class Ear:
    finals: asyncio.Queue[Transcript] = field(default_factory=asyncio.Queue)

    def __call__(self, event: SttEvent) -> None:
        if isinstance(event, Transcript) and event.final:
            self.finals.put_nowait(event)

    async def final(self) -> Transcript:
        return await asyncio.wait_for(self.finals.get(), 10)


def open_stream(
    wire: Wire,
    ear: Ear | None = None,
    *,
    provider_turns: bool = False,
    opens_unseen: bool = False,
    **limits: int,
) -> ListeningStream:
    return ListeningStream(
        wire,
        SttConfig(sample_rate_hz=8_000, provider_turns=provider_turns),
        ear or Ear(),
        terms=lambda vocabulary, expected: tuple(expected),
        limits=ListeningLimits(**{"backoff_first_ms": 1, **limits}),
        opens_unseen=opens_unseen,
    )


async def test_an_idle_connection_is_kept_alive_the_vendors_way() -> None:
    wire = Wire()
    stream = open_stream(wire, keep_alive_ms=5)
    await wire.until("alive", 2)
    await stream.aclose()
    assert set(wire.sent) == {"alive"}
    assert stream.counters.audio_ms == 0


async def test_a_vendor_without_a_message_for_it_is_sent_silence_that_counts_as_audio() -> None:
    wire = Wire(keep_alive_silence=True)
    stream = open_stream(wire, keep_alive_ms=5)
    await wire.until("audio 640", 3)
    await stream.aclose()
    assert stream.counters.audio_ms >= 60


async def test_what_is_said_again_to_a_new_connection_counts_again() -> None:
    wire = Wire()
    stream = open_stream(wire)
    stream.push(bytes(960))  # Two blocks, and some that is none yet.
    await wire.until("audio 640", 2)
    assert stream.sent_ms == 40
    wire.says.put_nowait(ProviderUnavailable("acme", "gone"))
    await wire.until("audio 640", 4)
    assert stream.sent_ms == 80
    await stream.aclose()


def test_one_that_breaks_with_every_first_word_does_not_hear_an_utterance_thirty_times() -> None:
    async def story() -> None:
        wire = Wire()
        wire.says = BreaksWithEveryWord()
        stream = open_stream(wire, backoff_first_ms=100)
        for _ in range(40):
            stream.push(bytes(1600))
            await passes(100)
        assert wire.connections <= 7
        assert stream.sent_ms < 20_000
        await stream.aclose()

    live(story())


class BreaksWithEveryWord(asyncio.Queue[Heard | TurnEvent | Exception]):
    _turn = 0

    async def get(self) -> Heard | TurnEvent | Exception:
        await passes(20)
        self._turn += 1
        return Heard(text="yes") if self._turn % 2 else ProviderUnavailable("acme", "gone")


async def test_what_a_plugin_took_that_never_showed_a_sign_of_life_counts_for_nothing() -> None:
    """It takes audio whether its vendor is there or not."""
    wire = Wire()
    stream = open_stream(wire, opens_unseen=True)
    stream.push(bytes(960))
    await wire.until("audio 640", 2)
    wire.says.put_nowait(ProviderUnavailable("acme", "the key was refused"))
    await wire.until("audio 640", 4)
    assert stream.sent_ms == 0
    wire.says.put_nowait(Heard())
    stream.push(bytes(960))
    await wire.until("audio 640", 7)
    assert stream.sent_ms == 100
    await stream.aclose()


async def test_key_terms_go_out_once_and_only_when_they_are_others() -> None:
    wire = Wire()
    stream = open_stream(wire)
    stream.push(bytes(640))
    await wire.until("audio 640")
    stream.expect(["nine", "ten"])
    stream.expect(["nine", "ten"])
    await wire.until("expect nine ten")
    stream.expect(["nine", "ten"])
    stream.push(bytes(640))
    await wire.until("audio 640", 2)
    assert [sent for sent in wire.sent if sent.startswith("expect")] == ["expect nine ten"]
    await stream.aclose()


async def test_a_network_that_takes_nothing_is_given_up_and_the_words_are_lost_in_time() -> None:
    wire, ear = Wire(stalls=True), Ear()
    stream = open_stream(wire, ear, send_ms=20, final_ms=200)
    stream.push(bytes(640))
    stream.speech_stopped()
    assert (await ear.final()).lost
    assert wire.connections > 1
    await stream.aclose()


async def test_words_that_nobody_calls_the_last_are_the_last_when_no_more_come() -> None:
    wire, ear = Wire(), Ear()
    stream = open_stream(wire, ear, settle_ms=20, final_ms=9_000)
    stream.push(bytes(6_400))
    stream.speech_stopped()
    await wire.until("finish")
    for number in range(3):
        wire.says.put_nowait(Heard(text=str(number), frozen=True, heard_to_ms=400))
    final = await ear.final()
    assert (final.text, final.lost) == ("0 1 2", False)
    assert stream.counters.settled == 1
    await stream.aclose()


async def test_a_fault_of_ours_still_answers_every_end_of_speech() -> None:
    wire, ear = Wire(), Ear()
    stream = open_stream(wire, ear)
    stream.push(bytes(640))
    stream.speech_stopped()
    await wire.until("finish")
    wire.says.put_nowait(ZeroDivisionError("a bug"))
    assert (await ear.final()).lost
    stream.speech_stopped()
    assert (await ear.final()).lost
    assert isinstance(stream.failure, ProviderProtocolError)
    await stream.aclose()


async def test_a_vendor_that_ends_turns_is_not_asked_but_sent_silence_at_the_pace_of_a_line() -> None:
    wire = Wire()
    stream = open_stream(wire, provider_turns=True)
    stream.push(bytes(640))
    stream.speech_stopped()
    await wire.until("audio 3200", 2)
    assert "finish" not in wire.sent
    stream.push(bytes(640))
    await wire.until("audio 640", 3)
    await stream.aclose()


async def test_a_vendor_that_cannot_end_turns_is_asked_as_ever() -> None:
    wire = Wire(ends_turns=False)
    stream = open_stream(wire, provider_turns=True)
    stream.push(bytes(640))
    stream.speech_stopped()
    await wire.until("finish")
    assert wire.sent == ["audio 640", "audio 640", "finish"]
    await stream.aclose()
