"""All providers of one agent, one after the other, so that none slows another down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.llm.reasoner import instructions, moment
from antiphon.agents.ports import Message
from antiphon.conversation.markup import without_markup
from antiphon.errors import ConfigError
from antiphon.providers.registry import Registry
from antiphon.quality.bench.measuring import (
    Measured,
    measure_eot,
    measure_llm,
    measure_s2s,
    measure_stt,
    measure_tts,
)
from antiphon.speech.ports import SpeechSessionConfig, SttConfig, TtsRequest
from antiphon.speech.shaping import shape

TURN = "Hi, I'd like to book a check-up for Thursday morning, please."
# As long as the pieces a reply is spoken in.
TEXTS = (
    "Sure, let me have a look at Thursday.",
    "I have nine thirty with Doctor Patel, or eleven fifteen with Nurse Brooks.",
    "Which of the two would you like?",
)


async def bench_providers(
    definition: AgentDefinition, registry: Registry, now: datetime, *, rounds: int, sample_rate_hz: int
) -> list[Measured]:
    """Voices first: what the first of them says is what the recognisers hear. A provider that cannot be used
    is among the results, with the reason as its failure.

    Raises:
        ConfigError: No voice gave anything to hear.
    """
    bench = _Bench(definition, registry, rounds, sample_rate_hz)
    spoken = [await bench.voice(name) for name in definition.speech.tts]
    speech = next((each.speech for each in spoken if each.speech), b"")
    if not speech:
        reasons = "; ".join(dict.fromkeys(reason for each in spoken for reason in each.failures))
        raise ConfigError(
            f"no voice of this agent spoke, so there is nothing to hear: {reasons}",
            where=f"{definition.path}: speech.tts",
            fix="put a voice that works first (local/piper-joe needs no network)",
        )
    judges = [await bench.judge(name, speech) for name in definition.speech.end_of_turn]
    ears = [await bench.ear(name, speech) for name in definition.speech.stt]
    messages = _messages(definition, now)
    unified = definition.reasoning.unified
    whole = [await bench.whole(unified, speech)] if unified else []
    models = definition.reasoning.language_models
    minds = [await bench.mind(name, messages) for name in models if registry.is_wanted(name)]
    return [*whole, *judges, *ears, *minds, *spoken]


class _Bench:
    """One agent's providers, made and measured by name."""

    def __init__(
        self, definition: AgentDefinition, registry: Registry, rounds: int, sample_rate_hz: int
    ) -> None:
        self._definition = definition
        self._registry = registry
        self._rounds = rounds
        self._rate_hz = sample_rate_hz

    async def voice(self, name: str) -> Measured:
        language = self._definition.language
        texts = [shape(text, language) for text in TEXTS]
        try:
            tts, voice = self._registry.tts(name)
        except ConfigError as error:
            return _unusable("tts", name, error)
        request = TtsRequest(
            text="",
            voice=voice,
            sample_rate_hz=self._rate_hz,
            language=language,
            speed=self._definition.speech.speed,
        )
        return await measure_tts(name, tts, request, texts, self._rounds)

    async def ear(self, name: str, speech: bytes) -> Measured:
        config = SttConfig(
            sample_rate_hz=self._rate_hz,
            language=self._definition.language,
            vocabulary=self._definition.speech.vocabulary,
        )
        try:
            return await measure_stt(name, self._registry.stt(name), config, speech, self._rounds)
        except ConfigError as error:
            return _unusable("stt", name, error)

    async def whole(self, name: str, speech: bytes) -> Measured:
        """The model that hears and speaks by itself. The end of the caller's turn is ours to tell here, so
        that its own idea of it is not in the measurement."""
        config = SpeechSessionConfig(
            sample_rate_hz=self._rate_hz,
            instructions=instructions(self._definition),
            voice=self._definition.speech.model_voice,
            language=self._definition.language,
            provider_turns=False,
        )
        try:
            model = self._registry.speech_to_speech(name)
        except ConfigError as error:
            return _unusable("s2s", name, error)
        return await measure_s2s(name, model, config, speech, self._rounds)

    async def judge(self, name: str, speech: bytes) -> Measured:
        try:
            end_of_turn = self._registry.end_of_turn(name)
        except ConfigError as error:
            return _unusable("eot", name, error)
        return await measure_eot(name, end_of_turn, speech, self._rate_hz, self._rounds)

    async def mind(self, name: str, messages: Sequence[Message]) -> Measured:
        try:
            return await measure_llm(name, self._registry.llm(name), messages, self._rounds)
        except ConfigError as error:
            return _unusable("llm", name, error)


def _unusable(role: str, name: str, error: ConfigError) -> Measured:
    return Measured(role=role, provider=name, failures=[f"{error.message}: {error.fix}"])


def _messages(definition: AgentDefinition, now: datetime) -> list[Message]:
    """The beginning of a real call, with this agent's own instructions: their length is what is paid."""
    return [
        Message(role="system", content=instructions(definition), cache=True),
        Message(role="assistant", content=without_markup(definition.opening)),
        Message(role="system", content=moment(definition, now)),
        Message(role="user", content=TURN),
    ]
