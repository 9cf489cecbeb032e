"""A vendor whose socket carries many sentences, each a context of its own: faults are played per sentence, so
that a connection which was opened in good times can go bad later. What is said over it is a `Tongue`'s
business: one per vendor's format.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from tests.doubles.coded_speech import HeardWord, blocks, spoken, timed
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import Peer, SocketVendor, pause

PIECE_BYTES = 1_001  # Not a whole number of samples: a client that takes pieces for samples hears noise.


@dataclass(kw_only=True)
class Sentence:
    """What a client asked for. `fault`: What was played to it."""

    context: str
    text: str
    voice: str
    speed: float
    rate_hz: int
    fault: Fault = Fault.NONE


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Part of a sentence's sound, with the words that begin in it; times from the sentence's first sample."""

    pcm: bytes
    words: list[HeardWord]
    start_ms: float


class Tongue(Protocol):
    """One vendor's format."""

    async def talk(self, peer: Peer, double: ContextsDouble) -> None:
        """The vendor's side of a connection; hands whole sentences to `double.say`."""

    def sound(self, sentence: Sentence, piece: Piece) -> list[Mapping[str, Any]]: ...

    def end(self, context: str) -> list[Mapping[str, Any]]: ...

    def refusal(self, fault: Fault, context: str) -> Mapping[str, Any]:
        """The vendor's own words for AUTH and RATE_LIMIT on a connection that stands."""


@dataclass(kw_only=True)
class ContextsDouble:
    """`async with` it; then `url` is where it listens.

    Attributes:
        requests: Every sentence that was asked for. cancelled: Contexts the client cancelled.
        talks_on: Words of a cancelled context that are still sent, as what is under way is.
        waiting: Set while an answer is withheld. gone: Set when such a client cancelled or left.
        held: While set to an unset event, nothing is said after the first piece of a sentence.
    """

    tongue: Tongue
    vendor: SocketVendor
    requests: list[Sentence] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    talks_on: bool = False
    held: asyncio.Event | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _speaking: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _unspoken: set[int] = field(default_factory=set)  # Peers whose own fault was played.

    @property
    def faulty(self) -> Faulty:
        return self.vendor.faulty

    @property
    def url(self) -> str:
        return self.vendor.http_url

    @property
    def connections(self) -> int:
        return len(self.vendor.peers)

    async def __aenter__(self) -> Self:
        await self.vendor.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in list(self._speaking.values()):
            task.cancel()
        await self.vendor.__aexit__(*error)
        assert not self.vendor.complaints, "\n".join(self.vendor.complaints)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns when `condition` holds; looked at with every request and cancellation. Bound it."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def talk(self, peer: Peer) -> None:
        try:
            await self.tongue.talk(peer, self)
        finally:
            if self.waiting.is_set():
                self.gone.set()

    def say(self, peer: Peer, sentence: Sentence) -> None:
        self.requests.append(sentence)
        self.changed.set()
        sentence.fault = self._fault(peer)
        task = asyncio.ensure_future(self._say(peer, sentence, sentence.fault))
        self._speaking[sentence.context] = task
        task.add_done_callback(lambda _: self._speaking.pop(sentence.context, None))

    def cancel(self, context: str) -> None:
        """The client wants no more of it."""
        self.cancelled.append(context)
        self.changed.set()
        if self.waiting.is_set():
            self.gone.set()
        if not self.talks_on and (task := self._speaking.get(context)) is not None:
            task.cancel()

    def _fault(self, peer: Peer) -> Fault:
        """A connection's own fault is for its first sentence; then each has the fault of its time."""
        first = id(peer) not in self._unspoken
        self._unspoken.add(id(peer))
        if first and peer.fault is not Fault.NONE:
            fault, peer.fault = peer.fault, Fault.NONE
            return fault
        return self.faulty.next()

    async def _say(self, peer: Peer, sentence: Sentence, fault: Fault) -> None:
        match fault:
            case Fault.HANG:
                self.waiting.set()
                return
            case Fault.REFUSE:
                peer.socket.transport.abort()
                return
            case Fault.AUTH | Fault.RATE_LIMIT:
                await peer.send(self.tongue.refusal(fault, sentence.context))
                return
            case Fault.CLOSE_CODE:
                await peer.close(*self.vendor.close_code)
                return
            case Fault.MALFORMED:
                await peer.send(self.vendor.malformed)
            case Fault.SLOW_FIRST_BYTE:
                await pause(self.faulty.delay_ms)
        for number, piece in enumerate(_pieces(sentence) if fault is not Fault.NO_RESULT else ()):
            if fault is Fault.DROP_MID_STREAM and number >= self.faulty.after:
                peer.socket.transport.abort()
                return
            for message in self.tongue.sound(sentence, piece):
                await peer.send(message)
            if self.held is not None:
                await self.held.wait()
        for message in self.tongue.end(sentence.context):
            await peer.send(message)


def _pieces(sentence: Sentence) -> list[Piece]:
    dated = timed(sentence.text)
    pieces, start_ms = [], 0.0
    for pcm in blocks(spoken(sentence.text, sentence.rate_hz), PIECE_BYTES):
        end_ms = start_ms + len(pcm) * 500 / sentence.rate_hz
        begun = [word for word in dated if start_ms <= word.start_ms < end_ms]
        pieces.append(Piece(pcm=pcm, words=begun, start_ms=start_ms))
        start_ms = end_ms
    return pieces


async def contexts_messages(peer: Peer) -> AsyncIterator[dict[str, Any]]:
    """JSON objects only, as these vendors take nothing else."""
    async for message in peer.messages():
        assert isinstance(message, dict), "they take JSON objects only"
        yield message
