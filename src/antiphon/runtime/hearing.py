"""The recogniser of one call: the first that opens, kept from ever disturbing the media plane."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from antiphon.audio.denoise import NoiseSuppressor
from antiphon.conversation.events import (
    Event,
    LineFailed,
    TranscriptFinal,
    TranscriptPartial,
    TurnSignalled,
    VoiceWeighed,
)
from antiphon.conversation.policy import TurnPolicy
from antiphon.errors import ProviderError
from antiphon.runtime.media.ports import Line
from antiphon.speech.loops import without_loops
from antiphon.speech.ports import SpeechToText, SttConfig, SttEvent, SttStream, TurnEvent
from antiphon.speech.transcript_care import TranscriptCare

_log = structlog.get_logger(__name__)

# Blocks of 100 ms kept before a press: fingers are as quick as tongues, and a recogniser wants a run-up.
RUN_UP_BLOCKS = 2


def heard_as(turn: TurnPolicy, rate_hz: int, language: str, vocabulary: tuple[str, ...]) -> SttConfig:
    """What a recogniser must know of a call."""
    return SttConfig(
        sample_rate_hz=rate_hz,
        language=language,
        vocabulary=vocabulary,
        provider_turns=turn.endpointing == "provider",
    )


def _certainty(confidence: float) -> float:
    """Within 0 to 1; what is no number says nothing, and no trace could hold it."""
    return 1.0 if math.isnan(confidence) else round(min(1.0, max(0.0, confidence)), 4)


class Hearing:
    """Passes audio and hints to a recogniser, its transcripts to the core.

    Args:
        recognisers: By name, in order of preference.
        note: Writes a note to the trace.
        gated: Push to talk: nothing but what is said into a press reaches the recogniser.
    """

    def __init__(
        self,
        line: Line,
        recognisers: Sequence[tuple[str, SpeechToText]],
        config: SttConfig,
        post: Callable[[Event], None],
        note: Callable[..., None],
        *,
        gated: bool = False,
    ) -> None:
        self._line = line
        self._post = post
        self._note = note
        self._provider_turns = config.provider_turns
        self._gated, self._shut = gated, gated
        self._weighed = True, False
        self._run_up: deque[bytes] = deque(maxlen=RUN_UP_BLOCKS)
        self._suppressor: NoiseSuppressor | None = None
        self._care = TranscriptCare(config.sample_rate_hz, detects=not gated)
        self._stream = self._open(recognisers, config)

    def push(self, pcm: bytes) -> None:
        if self._shut:
            self._run_up.append(pcm)
        else:
            self._care.push(pcm)
            heard = self._suppressor.push(pcm) if self._suppressor is not None else pcm
            self._do(lambda stream: stream.push(heard))

    def filter(self, suppressor: NoiseSuppressor) -> None:
        """From here on the recogniser hears what this leaves; the care goes by the line as it is."""
        self._suppressor = suppressor

    def speech_started(self) -> None:
        if not self._gated:
            self._care.speech_started()
            self._do(lambda stream: stream.speech_started())

    def open_gate(self) -> None:
        """The talk button is down; it shuts again when what was said is finalised."""
        if not self._shut:
            return
        self._shut = False
        while self._run_up:
            self.push(self._run_up.popleft())
        self._do(lambda stream: stream.speech_started())

    def finalize(self) -> None:
        self._shut = self._gated
        self._care.speech_stopped()
        self._do(lambda stream: stream.speech_stopped())

    def settle(self) -> None:
        """What was said so far is used; what comes is a new segment."""
        self._care.turn_committed()
        self._do(lambda stream: stream.turn_committed())

    def expect(self, phrases: Sequence[str]) -> None:
        self._care.expect(phrases)
        self._do(lambda stream: stream.expect(phrases))

    async def aclose(self) -> None:
        stream, self._stream = self._stream, None  # It knows us: freed at once when we do not know it.
        if stream is not None:
            await stream.aclose()

    def _open(self, recognisers: Sequence[tuple[str, SpeechToText]], config: SttConfig) -> SttStream | None:
        for name, recogniser in recognisers:
            try:
                return recogniser.open(config, self._transcribed)
            except ProviderError as error:
                _log.warning("recogniser_fell_back", vendor=name)
                self._note("recogniser_failed", provider=name, reason=str(error))
        return None

    def _do(self, action: Callable[[SttStream], None]) -> None:
        """The media plane calls us for every line of the process: a recogniser's fault must not reach it."""
        if self._stream is None:
            return
        try:
            action(self._stream)
        except Exception as error:  # Owned by the call: it ends, the others on the plane do not notice.
            _log.error("recogniser_broke", error=type(error).__name__, exc_info=True)
            self._note("recogniser_failed", reason=f"{type(error).__name__}: {error}")
            self._stream = None
            self._post(LineFailed(at_ms=self._line.now_ms, reason="the recogniser broke"))

    def _weigh(self, text: str) -> None:
        """Whose words are they? Told when that changes."""
        echo = bool(text) and self._line.hears_itself
        weighed = self._line.hears_somebody and not echo, echo
        if weighed != self._weighed:
            self._weighed = weighed
            self._post(VoiceWeighed(at_ms=self._line.now_ms, sure=weighed[0], echo=echo))

    def _transcribed(self, heard: SttEvent) -> None:
        at_ms = self._line.now_ms
        if isinstance(heard, TurnEvent):
            if self._provider_turns:  # Else our own endpointing decides.
                moment = heard.moment.value
                self._post(TurnSignalled(at_ms=at_ms, moment=moment, text=without_loops(heard.text)))
            return
        self._weigh(heard.text)
        transcript, why = self._care.clean(heard)
        if why and heard.final:
            self._note("transcript_cleaned", segment=heard.segment, reason=why, heard=heard.text)
        if transcript.lost:
            self._note("hearing_failed", reason="the recogniser was gone or took too long")
        if transcript.final:
            self._post(
                TranscriptFinal(
                    at_ms=at_ms,
                    segment=transcript.segment,
                    text=transcript.text,
                    confidence=_certainty(transcript.confidence),
                    took_ms=transcript.took_ms,
                    lost=transcript.lost,
                )
            )
        elif transcript.text or not why:
            self._post(
                TranscriptPartial(
                    at_ms=at_ms,
                    segment=transcript.segment,
                    text=transcript.text,
                    guess=transcript.guess,
                )
            )
