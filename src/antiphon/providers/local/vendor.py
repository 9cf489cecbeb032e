"""The embedded models as a vendor: served by the inference worker when there is one, else in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from antiphon.agents.ports import SentenceEncoder
from antiphon.errors import ConfigError
from antiphon.providers.local import catalogue
from antiphon.providers.local.catalogue import Engine
from antiphon.providers.local.models import is_installed, load_manifest
from antiphon.providers.local.worker import WorkerClient
from antiphon.providers.roles import Capabilities, Known, Role, Vendor
from antiphon.speech.ports import BatchTranscription, EndOfTurn, SpeechToText, TextToSpeech, VoiceActivity

T = TypeVar("T")


def embedded(worker: WorkerClient | None) -> Vendor:
    """The embedded models, as the registry knows every vendor."""
    models = LocalModels(worker)
    return Vendor(
        known=models.known,
        stt=models.stt,
        tts=models.tts,
        end_of_turn=models.end_of_turn,
        encoder=models.encoder,
        voice_activity=models.voice_activity,
        batch_stt=models.batch_stt,
    )


class LocalModels:
    """Builds each engine at most once; what the worker serves is never built here."""

    def __init__(self, worker: WorkerClient | None) -> None:
        self._worker = worker
        self._built: dict[str, object] = {}

    def known(self, role: Role) -> tuple[Known, ...]:
        return tuple(_known(role, name, model) for name, model in _models(role).items())

    def stt(self, model: str) -> SpeechToText:
        if self._worker is not None:
            self._require(model, model in self._worker.offer.speech_to_text)
            return self._worker.speech_to_text(model)
        return self._once(catalogue.SPEECH_TO_TEXT, model)

    def tts(self, model: str) -> tuple[TextToSpeech, str]:
        engine, voice = catalogue.voices()[model]
        if self._worker is not None:
            self._require(engine, engine in self._worker.offer.text_to_speech)
            return self._worker.text_to_speech(engine), voice
        return self._once(catalogue.TEXT_TO_SPEECH, engine), voice

    def end_of_turn(self, model: str) -> EndOfTurn:
        if self._worker is not None:
            self._require(model, self._worker.offer.end_of_turn)
            return self._worker.end_of_turn()
        return self._once(catalogue.END_OF_TURN, model)

    def encoder(self, model: str) -> SentenceEncoder:
        if self._worker is not None:
            self._require(model, self._worker.offer.encoder)
            return self._worker.encoder()
        return self._once(catalogue.ENCODER, model)

    def voice_activity(self, model: str, sample_rate_hz: int) -> VoiceActivity:
        """One for all calls of a sample rate, always in this process: it keeps state per row."""
        return self._remember(f"{model}@{sample_rate_hz}", lambda: catalogue.silero(sample_rate_hz))

    def batch_stt(self, model: str) -> BatchTranscription:
        return self._remember(f"{model} batch", lambda: catalogue.BATCH[model].build(None))

    def _once(self, engines: Mapping[str, Engine[T]], name: str) -> T:
        return self._remember(name, lambda: engines[name].build(None))

    def _remember(self, key: str, build: Callable[[], T]) -> T:
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]  # type: ignore[return-value]  # The key names the type.

    def _require(self, name: str, served: bool) -> None:
        if not served:
            raise ConfigError(
                f'the inference worker was started without "{name}"',
                fix=f'add "{name}" to the worker\'s roles',
            )


def _models(role: Role) -> dict[str, str]:
    """Public names of one role, each with the model it needs."""
    match role:
        case Role.STT:
            return {name: engine.model for name, engine in catalogue.SPEECH_TO_TEXT.items()}
        case Role.TTS:
            voices = catalogue.voices().items()
            return {name: catalogue.TEXT_TO_SPEECH[engine].model for name, (engine, _voice) in voices}
        case Role.END_OF_TURN:
            return {name: engine.model for name, engine in catalogue.END_OF_TURN.items()}
        case Role.ENCODER:
            return {name: engine.model for name, engine in catalogue.ENCODER.items()}
        case Role.VAD:
            return {"silero": catalogue.VOICE_ACTIVITY_MODEL}
        case Role.BATCH_STT:
            return {name: engine.model for name, engine in catalogue.BATCH.items()}
        case Role.LLM | Role.SPEECH_TO_SPEECH:
            return {}  # None that could be shipped is fit to speak to a caller.


def _known(role: Role, name: str, model: str) -> Known:
    state = "installed" if is_installed(model) else f"missing: antiphon models fetch {model}"
    return Known(
        name=name, licence=load_manifest()[model].licence, state=state, capabilities=_capabilities(role, name)
    )


def _capabilities(role: Role, name: str) -> Capabilities:
    """As far as an agent file can go wrong with them."""
    if role is Role.BATCH_STT:
        languages = ("en",) if name.endswith(".en") else ()
        return Capabilities(languages=languages, word_times=True, vocabulary=True)
    if name.startswith("whisper-"):
        languages = ("en",) if name.endswith(".en") else ()
        return Capabilities(languages=languages, partials=True, vocabulary=True)
    if name.startswith("piper-joe"):
        return Capabilities(languages=("en",), word_times=True, ssml=True)
    if name.startswith("kokoro-"):
        # The first letter of a voice is its language (the model card's list of voices).
        language = _KOKORO_LANGUAGES.get(name.removeprefix("kokoro-")[:1])
        return Capabilities(languages=(language,) if language else (), word_times=True, ssml=True)
    return Capabilities()


_KOKORO_LANGUAGES = {
    "a": "en", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh",
}  # fmt: skip
