"""What a vendor owes the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from antiphon.agents.ports import SentenceEncoder
from antiphon.speech.ports import EndOfTurn, SpeechToText, TextToSpeech, VoiceActivity


class Role(Enum):
    """What a provider can be asked to do; the value is the word for it on the command line."""

    VAD = "vad"
    END_OF_TURN = "eot"
    STT = "stt"
    TTS = "tts"
    ENCODER = "encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One name a vendor offers, without its prefix. `state` says whether it can be used at once, and if not,
    what to do."""

    name: str
    licence: str
    state: str


class Vendor(Protocol):
    """One vendor's providers. The registry asks only for names that `known` lists for the role."""

    def known(self, role: Role) -> Sequence[Known]: ...

    def stt(self, model: str) -> SpeechToText: ...

    def tts(self, model: str) -> tuple[TextToSpeech, str]:
        """The engine, and what to put into `TtsRequest.voice`."""

    def end_of_turn(self, model: str) -> EndOfTurn: ...

    def encoder(self, model: str) -> SentenceEncoder: ...

    def voice_activity(self, model: str, sample_rate_hz: int) -> VoiceActivity: ...
