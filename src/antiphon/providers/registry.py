"""Ports by name: "local/whisper-tiny.en" to something that hears. The one place that knows all vendors."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TypeVar

from antiphon.agents.ports import LanguageModel, SentenceEncoder
from antiphon.errors import ConfigError
from antiphon.providers.local.vendor import embedded
from antiphon.providers.local.worker import WorkerClient
from antiphon.providers.roles import Known, Role, Vendor
from antiphon.speech.ports import (
    BatchTranscription,
    EndOfTurn,
    SpeechToSpeech,
    SpeechToText,
    TextToSpeech,
    VoiceActivity,
)

T = TypeVar("T")

# A new vendor is one line here.
VENDORS: Mapping[str, Callable[[WorkerClient | None], Vendor]] = {
    "local": embedded,
}


class Registry:
    """Every provider this process may use, each made once.

    Args:
        worker: Serves the embedded models; without it they load in this process when first asked for.
    """

    def __init__(self, worker: WorkerClient | None = None) -> None:
        self._vendors = {prefix: vendor(worker) for prefix, vendor in VENDORS.items()}

    def stt(self, name: str) -> SpeechToText:
        """Raises ConfigError for an unknown name (as all of these), or when the model is missing."""
        vendor, model = self._find(Role.STT, name)
        return _made(vendor.stt)(model)

    def tts(self, name: str) -> tuple[TextToSpeech, str]:
        """The engine, and the voice to name in its requests."""
        vendor, model = self._find(Role.TTS, name)
        return _made(vendor.tts)(model)

    def llm(self, name: str) -> LanguageModel:
        vendor, model = self._find(Role.LLM, name)
        return _made(vendor.llm)(model)

    def speech_to_speech(self, name: str) -> SpeechToSpeech:
        vendor, model = self._find(Role.SPEECH_TO_SPEECH, name)
        return _made(vendor.speech_to_speech)(model)

    def batch_stt(self, name: str) -> BatchTranscription:
        vendor, model = self._find(Role.BATCH_STT, name)
        return _made(vendor.batch_stt)(model)

    def end_of_turn(self, name: str) -> EndOfTurn:
        vendor, model = self._find(Role.END_OF_TURN, name)
        return _made(vendor.end_of_turn)(model)

    def encoder(self, name: str) -> SentenceEncoder:
        vendor, model = self._find(Role.ENCODER, name)
        return _made(vendor.encoder)(model)

    def voice_activity(self, name: str, sample_rate_hz: int) -> VoiceActivity:
        """One instance a sample rate; its rows are the caller's to give out."""
        vendor, model = self._find(Role.VAD, name)
        return _made(vendor.voice_activity)(model, sample_rate_hz)

    def known(self, role: Role | str) -> list[str]:
        """Full names of one role, which may be given by its word on the command line."""
        return [name for name, _ in self.matrix(Role(role))]

    def matrix(self, role: Role) -> list[tuple[str, Known]]:
        """Full names with licence and state."""
        return [
            (f"{prefix}/{entry.name}", entry)
            for prefix, vendor in self._vendors.items()
            for entry in vendor.known(role)
        ]

    def _find(self, role: Role, name: str) -> tuple[Vendor, str]:
        known = self.known(role)
        if name not in known and not self._takes_any(role, name):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            raise ConfigError(f'there is no {role.value} "{name}"', fix=f"{hint}known: {', '.join(known)}")
        prefix, _, model = name.partition("/")
        return self._vendors[prefix], model

    def _takes_any(self, role: Role, name: str) -> bool:
        """The vendor has more voices or models of this role than anybody could list."""
        prefix, _, model = name.partition("/")
        vendor = self._vendors.get(prefix)
        return bool(model) and vendor is not None and any(entry.any_name for entry in vendor.known(role))


def _made(maker: T | None) -> T:
    assert maker is not None, "a vendor lists only what it makes"
    return maker
