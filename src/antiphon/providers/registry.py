"""Ports by name: "local/whisper-tiny.en" to something that hears. The one place that knows all vendors."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from typing import TypeVar

from antiphon.agents.ports import LanguageModel, SentenceEncoder
from antiphon.errors import ConfigError
from antiphon.providers.cloud import cloud
from antiphon.providers.local.vendor import embedded
from antiphon.providers.local.worker import WorkerClient
from antiphon.providers.roles import Known, Objection, Role, Vendor, fitting, with_language_of
from antiphon.speech.ports import (
    BatchTranscription,
    EndOfTurn,
    SpeechToSpeech,
    SpeechToText,
    TextToSpeech,
    VoiceActivity,
)

T = TypeVar("T")

LOCAL, OWN_ENDPOINT = "local", "openai-compatible"

# A new vendor is one line here; its module is imported when one of its names is asked for, or all are listed.
CLOUD: Mapping[str, Callable[[Mapping[str, str]], Vendor]] = {
    "anthropic": cloud("antiphon.providers.anthropic.vendor"),
    "assemblyai": cloud("antiphon.providers.assemblyai.vendor"),
    "azure": cloud("antiphon.providers.azure.vendor"),
    "cartesia": cloud("antiphon.providers.cartesia.vendor"),
    "cerebras": cloud("antiphon.providers.cerebras"),
    "deepgram": cloud("antiphon.providers.deepgram.vendor"),
    "deepseek": cloud("antiphon.providers.deepseek"),
    "elevenlabs": cloud("antiphon.providers.elevenlabs.vendor"),
    "gemini": cloud("antiphon.providers.gemini.vendor"),
    "google": cloud("antiphon.providers.google.vendor"),
    "groq": cloud("antiphon.providers.groq"),
    "livekit": cloud("antiphon.providers.livekit.vendor"),
    "openai": cloud("antiphon.providers.openai.vendor"),
    OWN_ENDPOINT: cloud("antiphon.providers.openai_compatible.vendor"),
    "playht": cloud("antiphon.providers.playht.vendor"),
    "rime": cloud("antiphon.providers.rime.vendor"),
    "riva": cloud("antiphon.providers.riva.vendor"),
}


class Registry:
    """Every provider this process may use, each made once.

    Args:
        worker: Serves the embedded models; without it they load in this process when first asked for.
        environment: Keys and addresses of the vendors; the process's own unless given.
        vendors: Vendors behind a network by prefix; all there are unless given.
    """

    def __init__(
        self,
        worker: WorkerClient | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        vendors: Mapping[str, Callable[[Mapping[str, str]], Vendor]] | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._cloud = CLOUD if vendors is None else vendors
        self._vendors = {LOCAL: embedded(worker)}

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

    def known_as(self, role: Role, name: str) -> Known:
        """What is known of a name; of any other name of a vendor that takes any, what it says of the nearest.

        Raises:
            ConfigError: There is no such name.
        """
        vendor, model = self._find(role, name)
        entry = fitting(vendor.known(role), model)
        assert entry is not None, "`_find` gives known names only"
        return with_language_of(model, entry) if role is Role.TTS else entry

    def lists(self, role: Role, name: str) -> bool:
        """Whether the vendor's list has it, by name or pattern, or there is no list."""
        vendor, model = self._find(role, name)
        entry = fitting(vendor.known(role), model)
        return entry is not None and (not entry.any_name or entry.name in ("", model))

    def objection(self, role: Role, name: str) -> Objection | None:
        """What stands against a name that `known_as` knows, looked at more closely."""
        vendor, model = self._find(role, name)
        return vendor.objection(role, model) if vendor.objection is not None else None

    def matrix(self, role: Role) -> list[tuple[str, Known]]:
        """Full names with licence and state."""
        return [
            (f"{prefix}/{entry.name}" if entry.name else prefix, entry)
            for prefix in (LOCAL, *self._cloud)
            for entry in self._vendor(prefix).known(role)
        ]

    def is_wanted(self, name: str) -> bool:
        """False only for the operator's own endpoint while nothing of it is set: agent files name it in case
        there is one."""
        prefix = name.partition("/")[0]
        if prefix != OWN_ENDPOINT:
            return True
        variables = {each for known in self._vendor(prefix).known(Role.LLM) for each in known.variables}
        return any(map(self.is_set, variables))

    def is_set(self, variable: str) -> bool:
        """Whether an environment variable, or one of "A|B", has a value."""
        return any(self._environment.get(name, "").strip() for name in variable.split("|"))

    def _find(self, role: Role, name: str) -> tuple[Vendor, str]:
        if not self.knows(role, name):
            raise ConfigError(f'there is no {role.value} "{name}"', fix=self._meant(role, name))
        prefix, _, model = name.partition("/")
        return self._vendor(prefix), model

    def _meant(self, role: Role, name: str) -> str:
        """The nearest name, and all there are of the vendor that was probably meant."""
        known = self.known(role)
        vendors = list(dict.fromkeys(each.partition("/")[0] for each in known))
        vendor = difflib.get_close_matches(name.partition("/")[0], vendors, n=1)
        of_vendor = [each for each in known if each.partition("/")[0] in vendor]
        near = difflib.get_close_matches(name, of_vendor or known, n=1, cutoff=0.4)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        if of_vendor:
            return f"{hint}known: {', '.join(of_vendor)}"
        return (
            f"{hint}vendors: {', '.join(vendors)}; `antiphon providers --role {role.value}` lists their names"
        )

    def _vendor(self, prefix: str) -> Vendor:
        if prefix not in self._vendors:
            self._vendors[prefix] = self._cloud[prefix](self._environment)
        return self._vendors[prefix]

    def knows(self, role: Role, name: str) -> bool:
        """Listed, or of a vendor with more voices or models of this role than anybody could list."""
        prefix, _, model = name.partition("/")
        if prefix != LOCAL and prefix not in self._cloud:
            return False
        return fitting(self._vendor(prefix).known(role), model) is not None


def _made(maker: T | None) -> T:
    assert maker is not None, "a vendor lists only what it makes"
    return maker
