"""What a vendor's adapter and the shared stream say to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from antiphon.speech.ports import TurnEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message of a recogniser. Times are ms of audio sent on this connection.

    Attributes:
        text: Replaces what was heard before and is not frozen; "" with nothing else set is a sign of life.
        frozen: The vendor will not change it any more; what follows is added to it.
        answers: It is the vendor's answer to `Link.finish`, or to its own end of the turn.
        word_ends_ms: Ends of the words of `text`, where known.
        heard_to_ms: The vendor has listened up to here; tells silence from a vendor that hangs.
        frozen_to_ms: Audio up to here need never be sent again.
        presumed: The vendor has not said so: nothing was heard of it since the speech began.
        usage: What the vendor says this cost, by its own counters.
    """

    text: str = ""
    frozen: bool = False
    answers: bool = False
    confidence: float = 1.0
    language: str = ""
    word_ends_ms: tuple[int, ...] = ()
    heard_to_ms: int | None = None
    frozen_to_ms: int | None = None
    presumed: bool = False
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a connection is opened for. `sample_rate_hz` is the vendor's, no longer the line's."""

    sample_rate_hz: int
    language: str
    terms: tuple[str, ...]
    provider_turns: bool


class Link(Protocol):
    """One open connection. Methods raise ProviderError and nothing else of their own."""

    async def send(self, pcm: bytes) -> None: ...

    async def finish(self) -> None:
        """Ask for the final words of everything sent so far."""

    async def expect(self, terms: tuple[str, ...]) -> None:
        """Other key terms from here on; nothing where the vendor cannot."""

    async def keep_alive(self) -> None: ...

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        """The next message; empty when it says nothing to us."""


class Recogniser(Protocol):
    """A vendor's streaming recogniser.

    Attributes:
        name: For errors ("deepgram").
        block_ms: Audio is sent in blocks of this length; the last of an utterance is filled up with silence.
        keep_alive_ms: `Link.keep_alive` is called after so long without audio; 0: never.
        keep_alive_silence: A block of silence is sent instead, to vendors that know nothing else.
        ends_turns: It can find the ends of turns itself. To do so it must hear the silence after a turn, so
            silence is sent when the line has none to give.
    """

    name: str
    block_ms: int
    keep_alive_ms: int
    keep_alive_silence: bool
    ends_turns: bool

    def sample_rate_hz(self, line_hz: int) -> int:
        """What it wants, for a line of this rate."""

    def connect(self, asked: Asked) -> AbstractAsyncContextManager[Link]:
        """Entering raises ProviderError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningLimits:
    """Every wait of a stream, so that none is without an end.

    Attributes:
        connect_ms: From the first packet to a connection that is ready.
        final_ms: From the end of speech to its final; later it is lost and the connection is replaced.
        settle_ms: After this long without a new word, an end of speech with nothing left to freeze needs no
            answer: vendors send none when they found no words.
        send_ms: For the network to take one block.
        backoff_first_ms, backoff_max_ms: Between attempts to connect; doubled each time.
        told_wait_max_ms: A vendor's own Retry-After is kept to, up to here.
        attempts_until_down: So many failures in a row, and finals are lost at once instead of late. The
            stream goes on trying.
        replay_ms: How much audio is kept to be said again; older audio is dropped and counted.
        closing_ms: For a polite goodbye.
    keep_alive_ms: Instead of the vendor's own; 0: the vendor's.
    """

    connect_ms: int = 3_000
    final_ms: int = 1_400  # The core waits 1.5 s for a final before it goes on without.
    settle_ms: int = 700
    send_ms: int = 2_000
    backoff_first_ms: int = 100
    backoff_max_ms: int = 2_000
    told_wait_max_ms: int = 10_000
    attempts_until_down: int = 3
    replay_ms: int = 30_000
    closing_ms: int = 40
    keep_alive_ms: int = 0


@dataclass(slots=True)
class ListeningCounters:
    """Of one stream, since it was opened.

    Attributes:
        connections: Connections that came up.
        failures: Connections that failed, or never came up.
        audio_ms: Audio sent, silence and repetitions included: what a vendor that bills audio bills.
        dropped_ms: Audio given up because more than `replay_ms` was waiting.
        replayed_ms: Audio sent again after a connection broke.
        finals, lost: Ends of speech answered, and how many of them without words because nobody knows.
        settled: Finals given because the vendor had nothing left to say.
        vendor: Usage as the vendor reports it.
    """

    connections: int = 0
    failures: int = 0
    audio_ms: int = 0
    dropped_ms: int = 0
    replayed_ms: int = 0
    finals: int = 0
    lost: int = 0
    settled: int = 0
    vendor: dict[str, int] = field(default_factory=dict)


def key_terms(
    expected: Sequence[str], vocabulary: Sequence[str], *, count_max: int, letters_max: int
) -> tuple[str, ...]:
    """The expectation first, each once, no more and no longer than a vendor takes."""
    wanted = dict.fromkeys(term.strip() for term in (*expected, *vocabulary))
    return tuple(term for term in wanted if 0 < len(term) <= letters_max)[:count_max]


def last_words(changing: Heard | None, to_ms: int, *, answers: bool) -> Heard:
    """The end of an utterance that was listened to up to `to_ms`: what was still changing changes no more."""
    return replace(
        changing or Heard(), frozen=True, answers=answers, heard_to_ms=to_ms, frozen_to_ms=to_ms, usage={}
    )
