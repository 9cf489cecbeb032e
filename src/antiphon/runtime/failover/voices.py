"""Several voices as one. When one breaks off, the next goes on behind the last word that was given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.preference import Preference
from antiphon.runtime.failover.race import Attempt, Candidate, RaceLost, RaceRules, others, race
from antiphon.runtime.failover.spoken_words import SpokenWords
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest, WarmsVoices

_log = structlog.get_logger(__name__)

STALL_S = 2.0  # Between two blocks of one request; a line that plays in real time would have run dry.


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
        spoken = SpokenWords(request, emit, hold=len(self._candidates) > 1)
        try:
            await self._say_all(request, spoken)
        finally:
            spoken.stop()

    async def _say_all(self, request: TtsRequest, spoken: SpokenWords) -> None:
        order = self._preference.admitted(backed=self._rules.backed)
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
                            attempt.pass_on(spoken.take, audio)

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
