"""One call's recogniser at a vendor: audio in, transcripts out, whatever happens to the connection.

All state is touched on the event loop thread only. One task owns the connection; a sender and a receiver live
as long as it does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.listening.blocks import Blocks
from antiphon.providers.listening.heard import (
    Asked,
    Heard,
    Link,
    ListeningLimits,
    Recogniser,
)
from antiphon.providers.listening.journal import Piece
from antiphon.providers.listening.upload import Upload
from antiphon.providers.listening.words import CallWords, Owed
from antiphon.providers.streaming import stopped
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TurnEvent, TurnMoment

log = structlog.get_logger()

_ASK_WITH_SILENCE_MS = 300  # Flux says something every 250 ms of audio.
# A connection that lived so long was a good one, whatever it said: vendors end those that are quiet.
_STEADY_S = 5.0


class ListeningStream:
    """An `SttStream`. Must be made and used on the thread of a running event loop.

    Args:
        terms: What the vendor is told, of the agent's vocabulary and what is expected just now.
        opens_unseen: `connect` returns before there is a connection, so what is sent may reach nobody.

    Attributes:
        failure: Why nothing is recognised any more, or not at present; None while all is well.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        config: SttConfig,
        emit: Callable[[SttEvent], None],
        *,
        terms: Callable[[Sequence[str], Sequence[str]], tuple[str, ...]],
        limits: ListeningLimits,
        opens_unseen: bool = False,
    ) -> None:
        self.failure: ProviderError | None = None
        self._recogniser, self._config, self._emit = recogniser, config, emit
        self._terms, self._limits, self._opens_unseen = terms, limits, opens_unseen
        self._rate_hz = recogniser.sample_rate_hz(config.sample_rate_hz)
        self._vendor_ends = config.provider_turns and recogniser.ends_turns
        self._words = CallWords(vendor_ends=self._vendor_ends)
        self._upload = Upload(
            recogniser,
            self._rate_hz,
            limits,
            self._words,
            asked=self._asked,
            vendor_ends=self._vendor_ends,
        )
        self._upload.terms = terms(config.vocabulary, ())
        self.counters = self._upload.counters
        self._journal = self._upload.journal
        self._blocks = Blocks(config.sample_rate_hz, self._rate_hz, recogniser.block_ms)
        self._late = asyncio.Event()
        self._down = False
        self._progress = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name=f"listening:{recogniser.name}")
        self._task.add_done_callback(self._ended)

    def push(self, pcm: bytes) -> None:
        if self._closed or self._dead:
            return
        self._upload.no_silence()
        self._keep(self._blocks.push(pcm))

    def speech_started(self) -> None:
        self._upload.no_silence()

    def speech_stopped(self) -> None:
        if self._closed:
            return
        owed = self._words.stopped(self._loop.time())
        self._keep(self._blocks.flush())
        if self._down or self._dead:
            self._lose(owed)
            self._journal.forget_all()  # Said again, it would be heard as a part of the next answer.
            return
        self._journal.append(Piece(segment=self._words.segment, owed=owed))
        self._upload.wake()
        self._loop.call_later(self._limits.final_ms / 1000, self._overdue, owed)

    def turn_committed(self) -> None:
        if self._closed:
            return
        self._keep(self._blocks.flush())
        self._words.commit()
        self._blocks.next_segment()
        self._journal.forget_before(self._words.oldest)

    def expect(self, phrases: Sequence[str]) -> None:
        self._upload.terms = self._terms(self._config.vocabulary, phrases)
        self._upload.wake()

    async def aclose(self) -> None:
        """Stop at once: nothing is emitted from here on. Takes `closing_ms` at most."""
        self._closed = True
        await stopped(self._task, self._limits.closing_ms)

    @property
    def sent_ms(self) -> int:
        """As `CountsAudio`."""
        return self.counters.audio_ms

    @property
    def _dead(self) -> bool:
        """No connection will ever come up: the key or the model was refused."""
        return isinstance(self.failure, ProviderRejected)

    def _keep(self, pieces: Iterable[tuple[bytes, int, int]]) -> None:
        for pcm, offset_ms, duration_ms in pieces:
            segment = self._words.segment
            self._journal.append(
                Piece(segment=segment, pcm=pcm, offset_ms=offset_ms, duration_ms=duration_ms)
            )
        self.counters.dropped_ms = self._journal.dropped_ms
        self._upload.wake()

    async def _run(self) -> None:
        failures = 0
        while not self._dead:
            self._progress, begun_s = False, self._loop.time()
            try:
                await self._connection()
            except ProviderError as failure:
                if self._task.cancelling():
                    # A client library took our cancellation for a failure to connect.
                    raise asyncio.CancelledError from None
                steady = self._progress or self._loop.time() - begun_s >= _STEADY_S
                failures = 1 if steady else failures + 1
                self._failed(failure, failures)
            if not self._dead:
                await asyncio.sleep(self._backoff_s(failures))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Finals are owed even when a fault of ours has stopped everything."""
        if task.cancelled() or (fault := task.exception()) is None:
            return
        name = self._recogniser.name
        log.error("stt_stream_broke", vendor=name, error=type(fault).__name__)
        self.failure = ProviderProtocolError(name, f"the adapter broke ({type(fault).__name__})")
        self._down = True
        self._give(self._words.lose_all(self._loop.time()))

    def _failed(self, failure: ProviderError, failures: int) -> None:
        self.counters.failures += 1
        self.failure = failure
        self._journal.rewind()
        self._words.reconnected()
        down = self._dead or failures >= self._limits.attempts_until_down
        if failures == 1 or (down and not self._down):  # Not with every attempt of an outage.
            log.warning("stt_connection_lost", vendor=self._recogniser.name, reason=str(failure), down=down)
        if down:
            self._down = True
            self._give(self._words.lose_all(self._loop.time()))
            self._journal.forget_before(self._words.oldest)

    def _backoff_s(self, failures: int) -> float:
        limits = self._limits
        wait_ms = min(limits.backoff_first_ms * 2 ** min(max(0, failures - 1), 16), limits.backoff_max_ms)
        told_ms = getattr(self.failure, "retry_after_ms", None) or 0
        wait_ms = max(wait_ms, min(told_ms, limits.told_wait_max_ms))
        # Every call of a process lost its connection in the same moment; they must not all come back in one.
        return float(wait_ms * random.uniform(0.75, 1.25) / 1000)

    async def _connection(self) -> None:
        """One connection from its handshake to its end, which is always an error."""
        terms = self._upload.terms
        asked = Asked(
            sample_rate_hz=self._rate_hz,
            language=self._config.language,
            terms=terms,
            provider_turns=self._vendor_ends,
        )
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._limits.connect_ms / 1000):
                    link = await stack.enter_async_context(self._recogniser.connect(asked))
            except TimeoutError:
                raise ProviderUnavailable(self._recogniser.name, "no connection in time") from None
            self.counters.connections += 1
            self._late.clear()
            await self._talk(link, terms)

    async def _talk(self, link: Link, terms: tuple[str, ...]) -> None:
        # Not a task group: CPython 3.11 leaves its owner cancelled when a task of it fails, and forgets that
        # the owner was cancelled when both happen at once.
        uploading = self._upload.run(link, terms, seen=not self._opens_unseen)
        works = (self._receive(link), uploading, self._watch())
        tasks = [self._loop.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        faults = [fault for fault in ended if isinstance(fault, Exception)]
        raise next((fault for fault in faults if not isinstance(fault, ProviderError)), faults[0])

    async def _watch(self) -> None:
        await self._late.wait()
        raise ProviderUnavailable(self._recogniser.name, "no final in time")

    async def _receive(self, link: Link) -> None:
        while True:
            for heard in await link.receive():
                self._upload.seen()
                # Whoever speaks is well again; but one that breaks before any of it stands hears the same
                # again and again, and is paid for it every time.
                self._down, self.failure = False, None
                if isinstance(heard, TurnEvent):
                    self._progress = True
                    self._turned(heard)
                else:
                    self._progress |= heard.frozen or heard.answers
                    self._heard(heard)

    def _turned(self, event: TurnEvent) -> None:
        if event.moment is TurnMoment.ENDED:
            self._upload.no_silence()
        if self._vendor_ends and not self._closed:
            text = event.text or (self._words.text if event.moment is TurnMoment.ENDED else "")
            self._emit(replace(event, text=text))

    def _heard(self, heard: Heard) -> None:
        if heard.frozen_to_ms is not None:
            self._journal.forget_until(heard.frozen_to_ms)
        for counter, amount in heard.usage.items():
            self.counters.vendor[counter] = self.counters.vendor.get(counter, 0) + amount
        given, answered = self._words.hear(heard, self._loop.time())
        for waiting in self._words.unsettled:
            self._asked(waiting)
        self._answered(answered, settled=not heard.answers)
        self._give(given)

    def _answered(self, answered: list[Owed], *, settled: bool) -> None:
        for owed in answered:
            self._journal.forget_through(owed)
            self.counters.settled += settled
        self._journal.forget_before(self._words.oldest)

    def _asked(self, owed: Owed) -> None:
        settle_s = self._limits.settle_ms / 1000
        owed.settles_s = self._loop.time() + settle_s
        self._loop.call_later(settle_s, self._settle, owed)

    def _settle(self, owed: Owed) -> None:
        if self._loop.time() < owed.settles_s - 0.001:
            return  # There were words since, or it was asked again on a new connection.
        owed.settling = True
        given, answered = self._words.settle(self._loop.time())
        self._answered(answered, settled=True)
        self._give(given)
        if self._words.owes(owed) and self._recogniser.keep_alive_silence:
            # It says how far it has listened only with more audio: ask whether it is there at all.
            self._upload.silence(_ASK_WITH_SILENCE_MS)

    def _overdue(self, owed: Owed) -> None:
        if not self._words.owes(owed) or self._closed:
            return
        self._lose(owed)
        # A connection that owes an answer may give it when nobody wants it any more.
        self._late.set()

    def _lose(self, owed: Owed) -> None:
        given = self._words.lose(owed, self._loop.time())
        self._journal.forget_through(owed)
        self._give(given)

    def _give(self, transcripts: list[Transcript]) -> None:
        for transcript in transcripts:
            if self._closed:
                return
            self.counters.finals += transcript.final
            self.counters.lost += transcript.lost
            self._emit(transcript)
