"""One call's recogniser: partials while the caller speaks, one final for each end of speech.

All state is touched on the event loop thread only; the executor is given immutable samples. Finals are
emitted in the order they were asked for, and a partial of audio that a final has covered is dropped.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from antiphon.audio.resample import StreamResampler
from antiphon.providers.local.whisper.care import believed_text, partial_text
from antiphon.providers.local.whisper.engine import FINAL_BEAM, PARTIAL_BEAM, Recognition
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ
from antiphon.providers.local.whisper.segment import Pcm16, SegmentAudio, loudest_dbfs
from antiphon.speech.ports import SttConfig, Transcript
from antiphon.speech.transcript_care import VoiceEvidence

log = structlog.get_logger()

_FIRST_PARTIAL_MS = 200
# New words reach whoever reads along within 600 ms of speech: the decode and one block of audio (100 ms) are
# part of that. A short segment leaves the core some rest, a long one takes it all.
_PARTIAL_WITHIN_MS = 500
_PARTIAL_EVERY_MS = (200, 350)
# So soon after its onset a voice that gave only a guess is better heard again than shown.
_GUESS_AFTER_MS = 300
_FREEZE_AT_PAUSE_MS = 12_000  # Decoding again from here on costs more than the context is worth.
_FREEZE_ANYWHERE_MS = 25_000  # Whisper hears 30 s at most.
_QUIET_POINT_SEARCH_MS = 6_000
_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


class Recogniser(Protocol):
    """What a stream needs of `WhisperEngine`; blocks, and is called in the executor."""

    def transcribe(
        self,
        samples: NDArray[np.float32],
        *,
        prompt: Sequence[str] = (),
        language: str = "en",
        beam: int = FINAL_BEAM,
    ) -> Recognition: ...


@dataclass(slots=True)
class StreamCounters:
    """Attributes: partials_late: blocks of audio while a partial was due and the last still ran."""

    partials: int = 0
    partials_late: int = 0
    finals: int = 0
    frozen: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One decode: the segment and its audio as they were when it was asked for."""

    segment: int
    samples: Pcm16
    voiced_ms: int
    prompt: tuple[str, ...]
    asked_s: float
    beam: int


class WhisperStream:
    """An `SttStream`. Must be made and used on the thread of a running event loop."""

    def __init__(
        self, engine: Recogniser, executor: Executor, config: SttConfig, emit: Callable[[Transcript], None]
    ) -> None:
        self.counters = StreamCounters()
        self._engine, self._executor, self._emit = engine, executor, emit
        self._language = config.language.partition("-")[0].lower()
        self._vocabulary = config.vocabulary
        self._expected: tuple[str, ...] = ()
        self._prompt: tuple[str, ...] = config.vocabulary
        self._resampler = StreamResampler(config.sample_rate_hz, SAMPLE_RATE_HZ)
        self._audio = SegmentAudio()
        self._segment = 0
        self._next_partial_ms = _FIRST_PARTIAL_MS
        self._began_ms = 0  # Voice in the segment before this utterance.
        self._partial_took_ms = 0
        self._partial: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None  # The latest final; each waits for the one before.
        self._closed = False

    def push(self, pcm: bytes) -> None:
        if self._closed:
            return
        self._audio.push(self._resampler.push(np.frombuffer(pcm, dtype="<i2")))
        if not self._audio.speaking:
            return
        if len(self._audio) > _FREEZE_ANYWHERE_MS * _SAMPLES_PER_MS:
            self._freeze_in_speech()
        elif self._voiced_ms >= self._next_partial_ms:
            self._start_partial()

    def speech_started(self) -> None:
        if self._closed or self._audio.speaking:
            return
        if not len(self._audio):
            self._open_segment()
        elif len(self._audio) > _FREEZE_AT_PAUSE_MS * _SAMPLES_PER_MS:
            self._next_segment()  # Its final was given at the pause that now ends.
            self.counters.frozen += 1
        # Whoever goes on after a pause is read along with as soon as one who begins: what was due before the
        # pause would show old words now and the new ones late.
        self._began_ms = self._voiced_ms
        self._next_partial_ms = self._began_ms + _FIRST_PARTIAL_MS
        self._audio.speech_started()

    def speech_stopped(self) -> None:
        if self._closed:
            return
        self._audio.speech_stopped()
        self._drop_partial()
        self._start_final(self._job(beam=FINAL_BEAM), final=True)

    def turn_committed(self) -> None:
        if not self._closed:
            self._drop_partial()
            self._next_segment()

    def expect(self, phrases: Sequence[str]) -> None:
        """Applies from the next segment on: a new bias inside one would change words already shown."""
        self._expected = tuple(phrases)
        if not len(self._audio):
            self._open_segment()

    async def aclose(self) -> None:
        """Stop at once: nothing is emitted from here on."""
        self._closed = True
        tasks = [task for task in (self._partial, self._last) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _voiced_ms(self) -> int:
        return self._audio.voiced_samples // _SAMPLES_PER_MS

    def _open_segment(self) -> None:
        # The expectation first: a prompt is cut at its end when it is too long.
        self._prompt = tuple(dict.fromkeys((*self._expected, *self._vocabulary)))

    def _next_segment(self) -> None:
        self._segment += 1
        self._audio.commit()
        self._began_ms = 0
        self._next_partial_ms = _FIRST_PARTIAL_MS
        self._open_segment()

    def _freeze_in_speech(self) -> None:
        """Nobody paused for 25 s: what was said up to a quiet point is decoded once more and left alone."""
        self._drop_partial()
        voiced_ms = self._voiced_ms
        samples = self._audio.take_until_quiet_point(_QUIET_POINT_SEARCH_MS * _SAMPLES_PER_MS)
        job = _Job(
            segment=self._segment,
            samples=samples,
            voiced_ms=voiced_ms,
            prompt=self._prompt,
            asked_s=asyncio.get_running_loop().time(),
            beam=FINAL_BEAM,
        )
        self._segment += 1
        self._began_ms = 0
        self._next_partial_ms = self._voiced_ms + self._partial_gap_ms
        self.counters.frozen += 1
        # Not a final: that one answers `speech_stopped`, which has not come.
        self._start_final(job, final=False)

    def _job(self, beam: int) -> _Job:
        return _Job(
            segment=self._segment,
            samples=self._audio.samples(),
            voiced_ms=self._voiced_ms,
            prompt=self._prompt,
            asked_s=asyncio.get_running_loop().time(),
            beam=beam,
        )

    def _start_partial(self) -> None:
        if self._partial is not None and not self._partial.done():
            self.counters.partials_late += 1
            return  # Still due: the next block of audio asks again.
        self._next_partial_ms = self._voiced_ms + self._partial_gap_ms
        self._partial = asyncio.get_running_loop().create_task(
            self._run_partial(self._job(beam=PARTIAL_BEAM))
        )

    @property
    def _partial_gap_ms(self) -> int:
        shortest_ms, longest_ms = _PARTIAL_EVERY_MS
        return min(longest_ms, max(shortest_ms, _PARTIAL_WITHIN_MS - self._partial_took_ms))

    def _drop_partial(self) -> None:
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None

    async def _run_partial(self, job: _Job) -> None:
        transcript = await self._transcribe(job, final=False)
        self._partial_took_ms = transcript.took_ms
        voiced_ms = job.voiced_ms - self._began_ms
        if transcript.text and not (transcript.guess and voiced_ms < _GUESS_AFTER_MS):
            self.counters.partials += 1
            self._give(transcript)
        elif voiced_ms < _PARTIAL_WITHIN_MS:
            self._next_partial_ms = job.voiced_ms  # Half a syllable was too little: the next block may do.

    def _start_final(self, job: _Job, *, final: bool) -> None:
        self._last = asyncio.get_running_loop().create_task(self._run_final(job, self._last, final))

    async def _run_final(self, job: _Job, before: asyncio.Task[None] | None, final: bool) -> None:
        try:
            transcript = await self._transcribe(job, final=final)
            if before is not None:
                await asyncio.wait([before])
        except asyncio.CancelledError:
            if before is not None:
                before.cancel()
            raise
        self.counters.finals += 1
        self._give(transcript)

    async def _transcribe(self, job: _Job, *, final: bool) -> Transcript:
        loop = asyncio.get_running_loop()
        try:
            found, text, guess = await loop.run_in_executor(self._executor, self._decode, job)
        except Exception as error:  # The owner of a job.
            # A final is owed whatever happens: an empty one lets the core ask the caller to say it again.
            self.counters.failed += 1
            log.warning("stt_decode_failed", segment=job.segment, error=type(error).__name__)
            found = Recognition(text="", language=self._language, avg_logprob=-math.inf)
            text, guess = "", False
        return Transcript(
            segment=job.segment,
            text=text,
            final=final,
            confidence=round(min(1.0, math.exp(found.avg_logprob)), 3),
            language=found.language,
            took_ms=round((loop.time() - job.asked_s) * 1000),
            guess=guess,
        )

    def _decode(self, job: _Job) -> tuple[Recognition, str, bool]:
        """In the executor: what was recognised, its words to be believed, and whether they are a guess."""
        samples = job.samples.astype(np.float32) / np.float32(32768)
        if not samples.size:
            return Recognition(text="", language=self._language), "", False
        found = self._engine.transcribe(samples, prompt=job.prompt, language=self._language, beam=job.beam)
        evidence = VoiceEvidence(voiced_ms=job.voiced_ms, level_dbfs=loudest_dbfs(samples))
        if job.beam == PARTIAL_BEAM:
            return found, *partial_text(found, evidence)
        return found, believed_text(found, evidence), False

    def _give(self, transcript: Transcript) -> None:
        if not self._closed:
            self._emit(transcript)
