"""Several voices as one. When one breaks off, the next goes on behind the last word that was given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.preference import Preference
from antiphon.runtime.failover.race import Attempt, Candidate, RaceLost, RaceRules, others, race
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest, WarmsVoices

_log = structlog.get_logger(__name__)

STALL_S = 2.0  # Between two blocks of one request; a line that plays in real time would have run dry.
HELD_MS_MAX = 600  # Never hold back more than this behind the last word whose end is known.
MS_PER_CHARACTER = 65  # A usual speaking rate, for voices that do not date their words.


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingAs:
    """One provider's engine with the voice to ask it for."""

    tts: TextToSpeech
    voice: str


class FailoverTts:
    """`TextToSpeech` over candidates in order of preference; the voice of a request is the first one's.

    Raises:
        RaceLost: (a ProviderError) All of them failed; what was emitted before that was given.
    """

    def __init__(self, candidates: Sequence[Candidate[SpeakingAs]], rules: RaceRules) -> None:
        assert candidates, "somebody must speak"
        self._candidates = candidates
        self._rules = rules
        self._preference = Preference(candidates)

    def for_call(self) -> FailoverTts:
        """As `LearnsInCalls`."""
        return FailoverTts(self._candidates, self._rules)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`, for the voice that is asked first."""
        first = next((each for each in self._preference.order if each.health.is_well), None)
        if first is not None and isinstance(first.port.tts, WarmsVoices):
            await first.port.tts.warm(replace(request, voice=first.port.voice))

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        order = self._preference.admitted(backed=self._rules.backed)
        spoken = _Spoken(request, emit, hold=len(self._candidates) > 1)
        while True:

            async def speak(attempt: Attempt[SpeakingAs]) -> None:
                port = attempt.candidate.port
                asked = replace(request, text=spoken.rest, voice=port.voice)
                if spoken.has_begun:
                    asked = replace(asked, ssml="")  # Marks of words that were said already.
                async with asyncio.timeout(None) as patience:

                    def hear(audio: TtsAudio) -> None:
                        begins = bool(audio.pcm) or attempt.contest.winner is attempt
                        if begins and not patience.expired() and attempt.claim():
                            patience.reschedule(asyncio.get_running_loop().time() + STALL_S)
                            spoken.take(audio)

                    await port.tts.synthesize(asked, hear)
                if attempt.contest.winner is not attempt:
                    raise ProviderUnavailable(attempt.candidate.name, "gave no audio")

            try:
                await race(order, self._rules, speak, self._preference.hung)
            except RaceLost as lost:
                spoken.break_off()
                _log.warning("voice_fell_back", vendor=lost.provider, spoke=spoken.has_begun)
                if not spoken.rest:
                    return  # Every word was given; only the end was missing.
                order = others(order, lost)
                continue
            spoken.finish()
            return


class _Spoken:
    """The audio of one request, given out up to a word's end where the voice dates its words.

    With dated words nothing is said twice and nothing is lost when the voice changes. Without, the number of
    words is told by a usual speaking rate, and one too many is repeated rather than one left out.
    """

    def __init__(self, request: TtsRequest, emit: Callable[[TtsAudio], None], *, hold: bool) -> None:
        self._rate_hz = request.sample_rate_hz
        self._speed = request.speed
        self._words = request.text.split()
        self._emit = emit
        self._hold = hold
        self._given_words = 0  # By voices that have broken off.
        self._given_ends_ms: tuple[int, ...] = ()
        self._given_samples = 0
        self._told_ends_ms: tuple[int, ...] = ()
        self._begin()

    def _begin(self) -> None:
        """A voice begins with what is left."""
        self._pending = bytearray()
        self._samples = 0  # Of this voice, given out.
        self._ends_ms: tuple[int, ...] = ()

    @property
    def rest(self) -> str:
        return " ".join(self._words[self._given_words :])

    @property
    def has_begun(self) -> bool:
        return self._given_samples > 0

    def take(self, audio: TtsAudio) -> None:
        self._pending += audio.pcm
        self._ends_ms = audio.word_ends_ms or self._ends_ms
        self._give(self._ready_samples())

    def finish(self) -> None:
        self._give(len(self._pending) // 2)

    def break_off(self) -> None:
        """Nobody will hear what is pending; the next voice goes on behind the last whole word."""
        words = self._words_given()
        ends = self._ends_ms[:words]
        self._given_ends_ms += tuple(end + self._before_ms for end in ends)
        self._given_words += words
        self._given_samples += self._samples
        self._begin()

    @property
    def _before_ms(self) -> int:
        return self._given_samples * 1000 // self._rate_hz

    def _ready_samples(self) -> int:
        pending = len(self._pending) // 2
        if not self._hold or not self._ends_ms:
            return pending
        # Some voices date a whole sentence with its first sound: only words that are there to their end go.
        come = self._samples + pending
        ends = (end * self._rate_hz // 1000 for end in self._ends_ms)
        whole = max((end for end in ends if end <= come), default=0) - self._samples
        return max(whole, pending - HELD_MS_MAX * self._rate_hz // 1000, 0)

    def _give(self, samples: int) -> None:
        before_ms = self._before_ms
        ends_ms = self._given_ends_ms + tuple(end + before_ms for end in self._ends_ms)
        if not samples and (ends_ms == self._told_ends_ms or not self._samples):
            return
        pcm = bytes(self._pending[: samples * 2])
        del self._pending[: samples * 2]
        self._samples += samples
        self._told_ends_ms = ends_ms
        self._emit(TtsAudio(pcm=pcm, word_ends_ms=ends_ms))

    def _words_given(self) -> int:
        given_ms = self._samples * 1000 // self._rate_hz
        left = self._words[self._given_words :]
        if self._ends_ms:
            return min(sum(end <= given_ms for end in self._ends_ms), len(left))
        words, spent_ms = 0, 0.0
        for word in left:
            spent_ms += (len(word) + 1) * MS_PER_CHARACTER / self._speed
            words += spent_ms <= given_ms
        return min(words, max(0, len(left) - 1))  # It broke off, so something was left to say.
