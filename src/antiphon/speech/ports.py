"""Ports of the senses: voice activity, end of turn, speech to text, text to speech, speech to speech.

Audio inside Antiphon is mono signed 16-bit little-endian PCM; `at_ms` is call time. `emit` is called on the
event loop thread. Cancelling the awaiting task is how work is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class VoiceActivity(Protocol):
    """Batched voice activity detection for all calls of one sample rate. State is kept per row."""

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def window_samples(self) -> int:
        """Samples a window: 256 at 8 kHz, 512 at 16 kHz (32 ms)."""

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Speech probability of one window per row. `windows` is [len(rows), context + window_samples] in
        -1..1, where context is 32 samples at 8 kHz and 64 at 16 kHz taken from just before the window."""

    def reset(self, rows: NDArray[np.intp]) -> None:
        """Forget the past of these rows (a new call took the row)."""


class EndOfTurn(Protocol):
    """Is the caller's turn complete, judged from sound."""

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        """Probability 0..1 that the turn is over, from up to the last 8 s of the caller's audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was understood of one segment so far.

    A later transcript of the same `segment` replaces an earlier one; a provider that freezes pieces opens a
    new segment for each. `final` answers `SttStream.speech_stopped`; an empty final means: no words there,
    unless `lost` says that nobody can know: the recogniser was gone, or took too long.
    """

    segment: int
    text: str
    final: bool
    confidence: float = 1.0
    language: str = ""
    # Word ends in ms from the segment's start, where the provider knows them.
    word_ends_ms: tuple[int, ...] = ()
    took_ms: int = 0  # Time from request to answer, for the latency waterfall.
    lost: bool = False
    # A final without words for which the recogniser gave no sign that it listened: it may hang.
    doubted: bool = False
    # A partial of words hardly believed: for who reads along, not to act upon.
    guess: bool = False


class TurnMoment(Enum):
    """Where a vendor that endpoints by itself sees the caller's turn."""

    STARTED = "started"
    EAGER_END = "eager_end"  # Probably over: prepare the reply.
    RESUMED = "resumed"  # It was not: throw the preparation away.
    ENDED = "ended"
    LOST = "lost"  # Nobody sees it: the vendor is gone, and another may not have begun.


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEvent:
    """A vendor's own word on the turn. `text` is the whole turn so far where the vendor gives it."""

    moment: TurnMoment
    text: str = ""
    confidence: float = 1.0


SttEvent = Transcript | TurnEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SttConfig:
    """Attributes: provider_turns: The vendor's turn events decide; those that have none ignore it."""

    sample_rate_hz: int
    language: str = "en-US"
    vocabulary: tuple[str, ...] = ()  # The agent's own names and terms, for the whole call.
    provider_turns: bool = False


class SttStream(Protocol):
    """One call's recogniser. Audio is continuous while speech goes on, with >= 200 ms before its onset."""

    def push(self, pcm: bytes) -> None:
        """Audio in order, any block length (usually 20-100 ms)."""

    def speech_started(self) -> None:
        """Our VAD heard an onset in the audio just pushed."""

    def speech_stopped(self) -> None:
        """Our VAD heard the end; a final transcript is wanted now, exactly one per call of this method."""

    def turn_committed(self) -> None:
        """The turn is over: what comes next is a new segment."""

    def expect(self, phrases: Sequence[str]) -> None:
        """Words likely in the next answer (slot vocabulary); replaces the previous expectation."""

    async def aclose(self) -> None: ...


class SpeechToText(Protocol):
    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        """Start recognising for one call. Returns at once; a stream connects and reconnects by itself and
        answers every `speech_stopped`, with `lost` if it must.

        Raises:
            ProviderUnavailable: The engine or the network is not there.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsRequest:
    """Attributes:
    text: Plain words of one clause or sentence; shaping is done before.
    sample_rate_hz: What the line carries; the provider resamples once.
    ssml: The same words in the same order with break, emphasis, phoneme (IPA) and prosody: the inside of a
        <speak> element, well-formed XML. "" where it would say no more than `text`. Only providers whose
        capabilities say `ssml` look at it; for all others `text` is enough.
    spare_ms: So long the line has other audio to play before it needs the first sound of this.
    """

    text: str
    voice: str
    sample_rate_hz: int
    language: str = "en-US"
    speed: float = 1.0
    ssml: str = ""
    spare_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsAudio:
    pcm: bytes  # Empty where a voice only dates words it has given before.
    # Ends of the words so far in ms from the start of this request's audio, where known.
    word_ends_ms: tuple[int, ...] = ()


class TextToSpeech(Protocol):
    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """Emit audio in order and return when the request is spoken completely. Cancel the task to stop.

        Raises:
            ProviderUnavailable: Nothing or too little was spoken; a fallback voice may take over.
        """


@runtime_checkable
class WarmsVoices(Protocol):
    """What a `TextToSpeech` may have besides."""

    async def warm(self, request: TtsRequest) -> None:
        """The like of `request` is wanted soon: have a connection ready. Never raises `ProviderError`."""


@runtime_checkable
class LearnsInCalls(Protocol):
    """What a `TextToSpeech` may have besides: it learns within a call what other calls need not know."""

    def for_call(self) -> TextToSpeech:
        """The same for one call, which has learnt nothing yet. Takes no time."""


@runtime_checkable
class CountsCharacters(Protocol):
    """What a `TextToSpeech` has besides where its vendor charges for more than the letters of `text`."""

    def characters(self, request: TtsRequest) -> int:
        """As many as the vendor will count for `request`, marks included that it charges for."""


@runtime_checkable
class CountsAudio(Protocol):
    """What an `SttStream` has besides where it does not send exactly what it is given: silence that keeps a
    connection open is charged too, and so is what a new connection hears again."""

    @property
    def sent_ms(self) -> int:
        """Audio the vendor has taken so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWord:
    """One word of a finished recording; `speaker` is "" where nobody told them apart."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchConfig:
    """What to find in a recording beyond its words; vendors without a feature leave its field empty."""

    language: str = "en-US"
    vocabulary: tuple[str, ...] = ()
    diarize: bool = False
    sentiment: bool = False
    topics: bool = False
    summary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTranscript:
    """A whole recording. `sentiment` is (start_ms, end_ms, "positive" | "neutral" | "negative")."""

    text: str
    language: str = ""
    words: tuple[TimedWord, ...] = ()
    sentiment: tuple[tuple[int, int, str], ...] = ()
    topics: tuple[str, ...] = ()
    summary: str = ""


class BatchTranscription(Protocol):
    async def transcribe(self, pcm: bytes, sample_rate_hz: int, config: BatchConfig) -> BatchTranscript:
        """A finished recording (mono) to words.

        Raises:
            ProviderUnavailable, ProviderRejected, ProviderProtocolError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTool:
    """A tool as a speech-to-speech model sees it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSessionConfig:
    """One call's session with a speech-to-speech model.

    Attributes:
        sample_rate_hz: Of the line, both ways; the adapter resamples.
        provider_turns: The vendor's voice activity decides; else `SpeechSession.commit_turn` does.
        semantic_turns: Where the vendor has it, turns end by meaning and not by silence alone.
        history: Gives (role, text) pairs, "caller" or "agent": what was said and heard so far, oldest first.
            Our log is the truth and the vendor's session a cache, so every connection starts from here.
    """

    sample_rate_hz: int
    instructions: str
    voice: str = ""
    language: str = "en-US"
    tools: tuple[SpokenTool, ...] = ()
    provider_turns: bool = True
    semantic_turns: bool = False
    history: Callable[[], Sequence[tuple[str, str]]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTurnSeen:
    """The vendor's own word on the caller's turn."""

    moment: TurnMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerWords:
    """What the caller said; may come after the reply to it has begun, or never. Replaces what the same
    `item` said before."""

    item: str
    text: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenStarted:
    """The model began a reply of its own accord or because it was asked to."""

    spoken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenAudio:
    """More audio of a reply at the line's sample rate, with the words it says where they come along."""

    spoken: str
    pcm: bytes = b""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenToolCall:
    spoken: str
    call: str
    name: str
    arguments: str  # JSON text as the model gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenEnded:
    """The reply is complete, or was "cancelled" or "failed". `usage` has the vendor's own counters by our
    names: input_tokens, cached_tokens, output_tokens, input_audio_tokens, output_audio_tokens."""

    spoken: str
    status: str = "completed"
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLost:
    """The session is gone for good: another provider must go on. `reason` holds no words of the caller;
    `rejected`: the vendor refused key, quota or model, so only a person can put it right. `retry_after_ms`:
    when the vendor said it may be asked again, 0 if it did not."""

    reason: str
    rejected: bool = False
    retry_after_ms: int = 0


SessionEvent = (
    CallerTurnSeen | CallerWords | SpokenStarted | SpokenAudio | SpokenToolCall | SpokenEnded | SessionLost
)


class SpeechSession(Protocol):
    """One call's session. Every method returns at once; faults come as `SessionLost`."""

    def push(self, pcm: bytes) -> None:
        """The caller's audio, continuous, at the line's sample rate."""

    def commit_turn(self) -> None:
        """The caller's turn is over by our judgement (or push to talk): reply to it."""

    def speak(self, instruction: str) -> None:
        """Say something now (a greeting, asking again): `instruction` tells what."""

    def cut(self, spoken: str, heard_ms: int) -> None:
        """The caller heard this much of the reply and no more: stop it, and forget the rest."""

    def tool_result(self, call: str, result: str) -> None:
        """JSON text for the model; it goes on speaking by itself."""

    def show(self, image: bytes, media_type: str) -> None:
        """A picture or a frame of video beside the voice; ignored by models that cannot see."""

    def give_up(self, reason: str) -> None:
        """It owes words and tells nothing: it is lost, as it says itself with `SessionLost` at once."""

    async def aclose(self) -> None: ...


class SpeechToSpeech(Protocol):
    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> SpeechSession:
        """Start a session for one call; connects by itself.

        Raises:
            ProviderUnavailable: It cannot even be tried.
        """
