"""Everything that goes to the vendor on one connection after another: audio, ends of speech, key terms, and
what keeps a connection open while nobody speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from antiphon.errors import ProviderUnavailable
from antiphon.providers.listening.heard import Link, ListeningCounters, ListeningLimits, Recogniser
from antiphon.providers.listening.journal import Journal, Piece
from antiphon.providers.listening.words import CallWords, Owed

# Silence for a vendor that waits for the end of a turn: sent at the pace of a line, and no longer than the
# vendors' own last resort (Flux ends a turn after 5 s of silence at the latest).
_SILENCE_EVERY_MS = 100
_SILENCE_AT_MOST_MS = 6_000


class Upload:
    """Sends what the journal holds, in order.

    Args:
        asked: Called with an end of speech when it is on its way.
        vendor_ends: The vendor finds ends of turns itself, from silence, and is not asked for finals.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        rate_hz: int,
        limits: ListeningLimits,
        words: CallWords,
        *,
        asked: Callable[[Owed], None],
        vendor_ends: bool,
    ) -> None:
        self.counters = ListeningCounters()
        self.journal = Journal(limits.replay_ms)
        self.terms: tuple[str, ...] = ()
        self._recogniser, self._rate_hz, self._limits = recogniser, rate_hz, limits
        self._words, self._asked, self._vendor_ends = words, asked, vendor_ends
        self._keep_alive_ms = limits.keep_alive_ms or recogniser.keep_alive_ms
        self._wake = asyncio.Event()
        self._sent_ms = 0  # On the present connection.
        self._unseen_ms = 0  # Of that, what nobody may have taken.
        self._is_seen = True
        self._utterance_from_ms = -1
        self._silence_left_ms = 0

    def wake(self) -> None:
        """There is something new in the journal, or the terms are others."""
        self._wake.set()

    def silence(self, duration_ms: int) -> None:
        """Send so much of it, in real time, unless somebody speaks."""
        self._silence_left_ms = max(self._silence_left_ms, duration_ms)
        self._wake.set()

    def no_silence(self) -> None:
        self._silence_left_ms = 0

    def seen(self) -> None:
        """Somebody is at the other end: what was sent has been taken."""
        self._is_seen = True
        self.counters.audio_ms += self._unseen_ms
        self._unseen_ms = 0

    async def run(self, link: Link, terms: tuple[str, ...], *, seen: bool = True) -> None:
        """On a new connection, until it breaks. `terms` are those it was opened with.

        Args:
            seen: The connection stands; otherwise what is sent counts from the first sign of life on.
        """
        self._sent_ms, self._utterance_from_ms = 0, -1
        self._unseen_ms, self._is_seen = 0, seen
        idle_ms = 0
        while True:
            if terms != self.terms:
                terms = self.terms
                await self._bounded(link.expect(terms))
            piece = self.journal.take()
            if piece is not None:
                idle_ms = 0
                await self._send(link, piece)
                continue
            self._wake.clear()
            wait_ms = self._wait_ms(idle_ms)
            try:
                async with asyncio.timeout(wait_ms / 1000 if wait_ms else None):
                    await self._wake.wait()
            except TimeoutError:
                idle_ms = await self._idle(link, idle_ms + wait_ms)

    def _wait_ms(self, idle_ms: int) -> int:
        if self._silence_left_ms > 0:
            return _SILENCE_EVERY_MS
        return max(0, self._keep_alive_ms - idle_ms) or self._keep_alive_ms

    async def _idle(self, link: Link, idle_ms: int) -> int:
        """Nothing to send for a while; gives how long it is now."""
        if self._silence_left_ms > 0:
            self._silence_left_ms -= _SILENCE_EVERY_MS
            await self._send_silence(link, _SILENCE_EVERY_MS)
            return 0
        if not 0 < self._keep_alive_ms <= idle_ms:
            return idle_ms
        if self._recogniser.keep_alive_silence:
            await self._send_silence(link, self._recogniser.block_ms)
        else:
            await self._bounded(link.keep_alive())
        return 0

    async def _send(self, link: Link, piece: Piece) -> None:
        if piece.owed is not None:
            await self._ask(link, piece.owed)
            return
        self._words.began(piece.segment, self._sent_ms - piece.offset_ms)
        if self._utterance_from_ms < 0:
            self._utterance_from_ms = self._sent_ms
        self.counters.replayed_ms += piece.duration_ms if piece.repeated else 0
        piece.end_ms = self._sent_ms + piece.duration_ms
        await self._send_audio(link, piece.pcm, piece.duration_ms)

    async def _ask(self, link: Link, owed: Owed) -> None:
        owed.from_ms, owed.at_ms = max(0, self._utterance_from_ms), self._sent_ms
        self._utterance_from_ms = -1
        self._asked(owed)
        if self._vendor_ends:
            self._silence_left_ms = _SILENCE_AT_MOST_MS
        else:
            await self._bounded(link.finish())

    async def _send_silence(self, link: Link, duration_ms: int) -> None:
        await self._send_audio(link, bytes(2 * self._rate_hz * duration_ms // 1000), duration_ms)

    async def _send_audio(self, link: Link, pcm: bytes, duration_ms: int) -> None:
        self._sent_ms += duration_ms
        await self._bounded(link.send(pcm))
        self._unseen_ms += duration_ms
        if self._is_seen:
            self.seen()

    async def _bounded(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._limits.send_ms / 1000):
                await sending
        except TimeoutError:
            raise ProviderUnavailable(self._recogniser.name, "does not take what it is sent") from None
