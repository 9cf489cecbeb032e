"""Several recognisers as one. What the caller is saying is kept until it has been understood, so that another
recogniser can hear it again from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from antiphon.errors import DeadlineExceeded, ProviderError, ProviderUnavailable
from antiphon.runtime.clock import PatientTimer
from antiphon.runtime.failover.broken import as_failure
from antiphon.runtime.failover.kept_audio import KeptAudio
from antiphon.runtime.failover.race import Candidate
from antiphon.runtime.failover.second_opinion import SecondOpinion
from antiphon.runtime.metering import Payer, paid_by, payer
from antiphon.speech.ports import (
    SpeechToText,
    SttConfig,
    SttEvent,
    SttStream,
    Transcript,
    TurnEvent,
    TurnMoment,
)

_log = structlog.get_logger(__name__)

# The core waits 1.5 s for a final: the other half is the fallback's.
FINAL_MS = 900


class FailoverStt:
    """`SpeechToText` over candidates in order of preference. A call that has changed stays with the other."""

    def __init__(self, candidates: Sequence[Candidate[SpeechToText]], *, final_ms: int = FINAL_MS) -> None:
        assert candidates, "somebody must listen"
        self._candidates = candidates
        self._final_ms = final_ms

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return _FailoverStream(self._candidates, config, emit, self._final_ms)


class _FailoverStream:
    """One call's.

    Segments are numbered here: another recogniser counts from 0 again, and what it makes of an utterance
    replaces what the first one had shown of it.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate[SpeechToText]],
        config: SttConfig,
        emit: Callable[[SttEvent], None],
        final_ms: int,
    ) -> None:
        self._candidates = list(candidates)
        self._config = config
        self._told = emit
        self._not_theirs: Exception | None = None
        self._final_ms = final_ms
        self._payer: Payer = payer()
        self._kept = KeptAudio(config.sample_rate_hz)
        self._phrases: Sequence[str] = ()
        self._asked = 0  # Finals that are owed.
        self._changes = 0  # Since the last final: everybody hears one utterance once at most.
        self._shown: set[int] = set()  # Segments of this utterance with words that are not final.
        self._first_segment = 0  # Where the recogniser's segment 0 is in our count.
        self._next_segment = 0
        self._deadline: PatientTimer | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._generations = 0  # All that were ever opened.
        self._generation = 0
        self._opinion: SecondOpinion | None = None
        self._doubted: Transcript | None = None  # What is given should nobody have heard words.
        self._current = 0
        self._ticket: int | None = None
        self._stream: SttStream | None = None
        error = self._open(range(len(self._candidates)))
        if error is not None:
            raise error

    # ------------------------------------------------------------------ SttStream

    def push(self, pcm: bytes) -> None:
        self._kept.add(pcm)
        self._tell_opinion(lambda stream: stream.push(pcm))
        self._do(lambda stream: stream.push(pcm))

    def speech_started(self) -> None:
        if self._stream is None and self._open(range(len(self._candidates))) is None:
            before, _, _ = self._kept.parts()  # Somebody is well again, and has not heard the onset.
            self._do(lambda stream: stream.push(before))
        self._kept.started()
        self._tell_opinion(lambda stream: stream.speech_started())
        self._do(lambda stream: stream.speech_started())

    def speech_stopped(self) -> None:
        self._believe()
        self._asked += 1
        self._kept.stopped()
        self._expect_final()
        self._do(lambda stream: stream.speech_stopped())
        if self._stream is None:
            self._answer_lost()

    def turn_committed(self) -> None:
        self._believe()
        self._shown.clear()
        self._do(lambda stream: stream.turn_committed())

    def expect(self, phrases: Sequence[str]) -> None:
        self._phrases = phrases
        self._do(lambda stream: stream.expect(phrases))

    async def aclose(self) -> None:
        self._cancel_deadline()
        self._generation = -1
        self._drop_opinion()
        stream, self._stream = self._stream, None
        if self._ticket is not None:  # A probe that nobody will have a verdict on is none any more.
            self._candidates[self._current].health.abandoned(self._ticket)
        if stream is not None:
            await stream.aclose()
        if self._closing:
            await asyncio.wait(list(self._closing), timeout=1)

    # ------------------------------------------------------------------ one recogniser after the other

    def _do(self, action: Callable[[SttStream], None]) -> None:
        if self._stream is None:
            return
        try:
            with self._asking(self._current):
                action(self._stream)
        except ProviderError as error:
            self._change(error)

    def _change(self, error: BaseException) -> None:
        """Give the recogniser up; the next one hears what was said since the last final again."""
        failed = self._candidates[self._current]
        self._drop_opinion()
        self._give_up(error)
        if self._changes < len(self._candidates):
            later = [*range(self._current + 1, len(self._candidates)), *range(self._current)]
            self._open(later)
        if self._stream is None:
            self._answer_lost()
            return
        now = self._candidates[self._current].name
        kept_ms = self._kept.duration_ms
        _log.warning("recogniser_fell_back", vendor=failed.name, to=now, replayed_ms=kept_ms)
        self._replay()

    def _give_up(self, error: BaseException) -> None:
        failed = self._candidates[self._current]
        if self._ticket is not None:
            failed.health.failed(self._ticket, error)
        self._payer.note("recogniser_failed", provider=failed.name, reason=str(error))
        stream, self._stream = self._stream, None
        self._close(stream)
        if self._config.provider_turns:
            self._emit(TurnEvent(moment=TurnMoment.LOST))
        self._changes += 1

    def _open(self, order: Sequence[int]) -> ProviderError | None:
        """The first of `order` that opens; when all breakers are shut, the last is tried all the same.
        Gives why nobody opened."""
        tried = False
        error: ProviderError = ProviderUnavailable("all recognisers", "none is there")
        for index in order:
            candidate = self._candidates[index]
            ticket = candidate.health.admit()
            if ticket is None and (tried or index != order[-1]):
                continue
            tried = True
            try:
                with self._asking(index):
                    self._stream = self._opened(candidate.port)
            except ProviderError as failure:
                error = failure
                if ticket is not None:
                    candidate.health.failed(ticket, failure)
                self._payer.note("recogniser_failed", provider=candidate.name, reason=str(failure))
                continue
            self._current, self._ticket = index, ticket
            return None
        return error

    def _opened(self, recogniser: SpeechToText) -> SttStream:
        self._generations += 1
        self._generation = generation = self._generations
        self._first_segment = min(self._shown, default=self._next_segment)
        return self._stream_of(recogniser, generation)

    def _stream_of(self, recogniser: SpeechToText, generation: int) -> SttStream:
        def hear(event: SttEvent) -> None:
            if generation == self._generation:  # A stream we gave up has no say any more.
                self._heard(event)
            elif self._opinion is not None and generation == self._opinion.generation:
                self._opined(self._opinion, event)

        with paid_by(self._payer):
            stream = recogniser.open(self._config, hear)
        if self._phrases:
            stream.expect(self._phrases)
        return stream

    def _emit(self, event: SttEvent) -> None:
        try:
            self._told(event)
        except Exception as error:
            self._not_theirs = error
            raise

    @contextmanager
    def _asking(self, index: int) -> Iterator[None]:
        """Whatever breaks in a recogniser is its failure; not what breaks in who listens to it."""
        try:
            yield
        except Exception as error:
            if error is self._not_theirs or isinstance(error, ProviderError):
                raise
            raise as_failure(self._candidates[index].name, error) from error

    def _close(self, stream: SttStream | None) -> None:
        if stream is None:
            return
        task = asyncio.get_running_loop().create_task(stream.aclose(), name="close recogniser")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _replay(self) -> None:
        assert self._stream is not None
        stream = self._stream
        # What the other had shown beyond the first segment is said anew by this one, in its own pieces.
        for segment in sorted(self._shown - {self._first_segment}):
            self._emit(Transcript(segment=segment, text="", final=False))
        self._shown &= {self._first_segment}
        try:
            with self._asking(self._current):
                self._give_again(stream)
        except ProviderError as error:
            self._change(error)

    def _give_again(self, stream: SttStream) -> None:
        before, said, since = self._kept.parts()
        stream.push(before)
        if said or since:
            stream.speech_started()
        stream.push(said)
        if self._asked:
            self._asked = 1  # One final answers for all that is replayed as one utterance.
            self._expect_final()
            stream.speech_stopped()
            if self._kept.speaking:
                stream.speech_started()
        stream.push(since)

    # ------------------------------------------------------------------ what it says

    def _heard(self, event: SttEvent) -> None:
        if isinstance(event, TurnEvent):
            self._emit(event)
            return
        if event.lost and event.final and self._changes < len(self._candidates) - 1:
            self._change(ProviderUnavailable(self._candidates[self._current].name, "lost what was said"))
            return
        if event.text:
            self._believe()  # It is there, only late.
        if event.final and event.doubted and self._doubt(event):
            return
        self._take(event)

    def _take(self, event: Transcript) -> None:
        segment = self._first_segment + event.segment
        self._next_segment = max(self._next_segment, segment + 1)
        if event.final:
            self._answered(lost=event.lost)
        else:
            self._shown.add(segment)
        self._emit(replace(event, segment=segment))

    # ------------------------------------------------------------------ whom to believe that says nothing

    def _doubt(self, event: Transcript) -> bool:
        """Have another hear what this one has said nothing of. False: nobody is there to ask."""
        if self._opinion is not None or self._asked != 1:
            return False
        for index in [*range(self._current + 1, len(self._candidates)), *range(self._current)]:
            candidate = self._candidates[index]
            ticket = candidate.health.admit()
            if ticket is None:
                continue
            self._generations += 1
            opinion = SecondOpinion(
                index=index, candidate=candidate, ticket=ticket, generation=self._generations
            )
            self._opinion, self._doubted = opinion, event
            self._cancel_deadline()
            try:
                with self._asking(index):
                    stream = self._stream_of(candidate.port, opinion.generation)
                    opinion.ask(stream, self._kept, self._believe)
            except ProviderError as error:
                opinion.failed(error)
                self._drop_opinion()
                continue
            return True
        return False

    def _opined(self, opinion: SecondOpinion, event: SttEvent) -> None:
        if isinstance(event, TurnEvent):
            return
        if not event.text:
            if event.final:
                opinion.heard_nothing(event)
                self._believe()
            return
        # There were words: the one in use hangs, and this one goes on.
        silent = self._candidates[self._current].name
        opinion.over()
        self._opinion = self._doubted = None
        self._give_up(DeadlineExceeded("said nothing of what another has heard"))
        self._current, self._ticket, self._stream = opinion.index, opinion.ticket, opinion.stream
        self._generation = opinion.generation
        self._first_segment = min(self._shown, default=self._next_segment)
        _log.warning("recogniser_fell_back", vendor=silent, to=opinion.candidate.name)
        self._expect_final()
        self._heard(event)

    def _believe(self) -> None:
        """The one in use has found no words because there were none, as far as anybody knows."""
        doubted = self._doubted
        self._drop_opinion()
        if doubted is not None:
            self._take(doubted)

    def _drop_opinion(self) -> None:
        opinion, self._opinion, self._doubted = self._opinion, None, None
        if opinion is not None:
            opinion.over()
            opinion.candidate.health.abandoned(opinion.ticket)  # Unless it has had its verdict.
            self._close(opinion.stream)

    def _tell_opinion(self, action: Callable[[SttStream], None]) -> None:
        if self._opinion is None or self._opinion.stream is None:
            return
        try:
            with self._asking(self._opinion.index):
                action(self._opinion.stream)
        except ProviderError as error:
            self._opinion.failed(error)
            self._believe()

    # ------------------------------------------------------------------ finals that are owed

    def _answered(self, *, lost: bool) -> None:
        self._asked = max(0, self._asked - 1)
        self._changes = 0
        self._shown.clear()
        self._kept.understood()
        if not self._asked:
            self._cancel_deadline()
        if self._ticket is not None and not lost:
            self._candidates[self._current].health.succeeded(self._ticket)

    def _answer_lost(self) -> None:
        """Nobody is left who could know what was said; whoever asked is told so."""
        self._cancel_deadline()
        self._changes = 0
        while self._asked:
            self._asked -= 1
            self._kept.understood()
            self._emit(Transcript(segment=self._next_segment, text="", final=True, lost=True))

    def _expect_final(self) -> None:
        self._cancel_deadline()
        if len(self._candidates) > 1:
            self._deadline = PatientTimer(self._final_ms / 1000, self._overdue)

    def _overdue(self) -> None:
        self._deadline = None
        if self._asked and self._changes < len(self._candidates) - 1:
            self._change(DeadlineExceeded(f"no final transcript within {self._final_ms} ms"))

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
