"""From agent files to agents that can take calls: providers, tools and flows, made and warmed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.declared import declared_texts
from antiphon.agents.definition import AgentDefinition
from antiphon.agents.disclosures import spans
from antiphon.agents.flows.emergency import EmergencyRules
from antiphon.agents.flows.model import Flow
from antiphon.agents.llm.routing import TurnRouter
from antiphon.agents.ports import LanguageModel, SentenceEncoder, Tool
from antiphon.agents.tools.toolsets import build_tools
from antiphon.conversation.policy import AnsweringPolicy
from antiphon.errors import ProviderError
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.runtime.failover.activity import FailoverVad
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.judges import FailoverEndOfTurn
from antiphon.runtime.failover.models import FailoverModel
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.failover.recognisers import FailoverStt
from antiphon.runtime.failover.routing import RoutedModel
from antiphon.runtime.failover.sessions import GuardedSessions
from antiphon.runtime.failover.voices import FailoverTts, SpeakingAs
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.metered_models import metered_model
from antiphon.runtime.metering import MeteredStt, MeteredTts, Prices, payer
from antiphon.runtime.speaking import Voice
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.chunks import Chunker
from antiphon.speech.energy import EnergyActivity
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import EndOfTurn, SpeechToText, TtsRequest, VoiceActivity
from antiphon.speech.ssml import Shaper

_log = structlog.get_logger(__name__)

ENCODER = "local/e5"
RATES_HZ = (8000, 16000)  # What lines carry.
PHRASES_BYTES = 32_000_000
# A vendor's first byte takes 50-200 ms; ten times that is a vendor in trouble.
FIRST_AUDIO_MS, ONLY_AUDIO_MS = 2000, 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all agents of a process have together: what one call learns of a provider, the others know."""

    registry: Registry
    home: Path
    health: HealthBook = field(default_factory=HealthBook)
    prices: Prices | None = None
    phrases: PhraseCache = field(default_factory=lambda: PhraseCache(memory_max_bytes=PHRASES_BYTES))
    # As voices are given them. Only these may outlive the process: replies hold names and appointments, which
    # have no business on a disk.
    declared: set[str] = field(default_factory=set)
    # Stands in for every language model the files name, in tests and for callers without a network.
    language_model: LanguageModel | None = None


async def assemble(
    definitions: Sequence[AgentDefinition],
    registry: Registry,
    *,
    home: Path,
    language_model: LanguageModel | None = None,
    prices: Prices | None = None,
    health: HealthBook | None = None,
    phrases: PhraseCache | None = None,
) -> dict[str, AgentKit]:
    """Every agent, ready to answer.

    Args:
        language_model: Stands in for every language model the files name.
        prices: What a call's uses cost; None leaves that open.
        health: Where the state of every provider is kept; one of its own unless given.
        phrases: Where what was spoken is kept; in memory only unless given.

    Raises:
        ConfigError: An unknown provider or toolset, a missing model, key or extra, a flow that does not hold
            together.
    """
    shared = Shared(
        registry=registry,
        home=home,
        health=health or HealthBook(),
        prices=prices,
        phrases=phrases or PhraseCache(memory_max_bytes=PHRASES_BYTES),
        language_model=language_model,
    )
    kits = {}
    for definition in definitions:
        kit = await _kit(definition, shared)
        await rehearse(kit)
        kits[definition.name] = kit
    return kits


async def _kit(definition: AgentDefinition, shared: Shared) -> AgentKit:
    tools = build_tools(definition, shared.home)
    encoder: SentenceEncoder = shared.registry.encoder(ENCODER)
    routing = definition.reasoning.routing
    router = TurnRouter(routing, encoder) if routing is not None else None
    language_model = language_models(definition, shared, router)
    if router is not None:
        await router.warm()
    reasoning = prepare_reasoning(definition, encoder=encoder, tools=tools, language_model=language_model)
    await reasoning.warm()
    shared.declared.update(declared_chunks(definition, reasoning.flow))
    return AgentKit(
        definition=definition,
        recognisers=[recogniser(definition, shared)],
        voices=[voice(definition, shared)],
        end_of_turn=end_of_turn(definition, shared),
        shape=Shaper(definition.language, definition.speech.pronunciations).utterance,
        tools=_by_name(tools),
        make_reasoner=reasoning.reasoner,
        make_reasoner_with=reasoning.reasoner if language_model is not None else None,
        prices=shared.prices,
        unified=unified_model(definition, shared, tools),
    )


def unified_model(definition: AgentDefinition, shared: Shared, tools: Sequence[Tool]) -> UnifiedModel | None:
    """The file's model that hears and speaks by itself, if it names one first."""
    name, known = definition.reasoning.unified, _by_name(tools)
    if not name:
        return None
    return UnifiedModel(
        name=name,
        port=GuardedSessions(shared.registry.speech_to_speech(name), shared.health.of("s2s", name)),
        definition=definition,
        tools=[known[tool] for tool in definition.reasoning.tools],
        emergency=EmergencyRules(definition.emergency),
        sees=shared.registry.known_as(Role.SPEECH_TO_SPEECH, name).capabilities.images,
        silent_ms=definition.reasoning.first_word_ms,
    )


def language_models(
    definition: AgentDefinition, shared: Shared, router: TurnRouter | None = None
) -> LanguageModel | None:
    """The file's language models as one; None when it names none that is there.

    Raises:
        ConfigError: One of them cannot be used. Only the operator's own endpoint may be missing.
    """
    reasoning = definition.reasoning
    if shared.language_model is not None and reasoning.language_models:
        return shared.language_model
    candidates = [
        Candidate(
            name=name,
            port=metered_model(name, shared.registry.llm(name)),
            health=shared.health.of("llm", name),
        )
        for name in reasoning.language_models
        if shared.registry.is_wanted(name)
    ]
    if not candidates:
        return None
    rules = RaceRules(
        note="model_failed",
        first_ms=reasoning.first_word_ms,
        hedge=reasoning.hedge,
        backed=reasoning.flow_is_behind,
    )
    fast = (candidates[0].name, FailoverModel(candidates, rules))
    if router is None or reasoning.routing is None:
        return fast[1]
    # The frontier model has the others behind it too, the fast one first.
    frontier = reasoning.routing.frontier
    ordered = sorted(candidates, key=lambda candidate: candidate.name != frontier)
    return RoutedModel(router, fast, (ordered[0].name, FailoverModel(ordered, rules)))


def recogniser(definition: AgentDefinition, shared: Shared) -> tuple[str, SpeechToText]:
    """The file's recognisers as one, by the name of the first."""
    names = definition.speech.stt
    candidates: list[Candidate[SpeechToText]] = [
        Candidate(
            name=name, port=MeteredStt(name, shared.registry.stt(name)), health=shared.health.of("stt", name)
        )
        for name in names
    ]
    return names[0], candidates[0].port if len(candidates) == 1 else FailoverStt(candidates)


def voice(definition: AgentDefinition, shared: Shared) -> Voice:
    """The file's voices as one, by the name of the first."""
    speech = definition.speech
    candidates = [_voice_candidate(name, shared) for name in speech.tts]
    # With nobody behind it, a late voice is better than none.
    first_ms = FIRST_AUDIO_MS if len(candidates) > 1 else ONLY_AUDIO_MS
    rules = RaceRules(note="voice_failed", first_ms=first_ms, hedge=speech.hedge)
    return Voice(
        name=candidates[0].name,
        tts=FailoverTts(candidates, rules),
        voice=candidates[0].port.voice,
        language=definition.language,
        speed=speech.speed,
    )


def _voice_candidate(name: str, shared: Shared) -> Candidate[SpeakingAs]:
    tts, voice_name = shared.registry.tts(name)
    cached = CachingTts(
        MeteredTts(name, tts),
        shared.phrases,
        name,
        lasting=shared.declared.__contains__,
        spared=lambda characters: payer().spare(name, characters),
    )
    return Candidate(
        name=name, port=SpeakingAs(tts=cached, voice=voice_name), health=shared.health.of("tts", name)
    )


async def rehearse(kit: AgentKit) -> None:
    """Speak what every call needs at once, so that the cache has it before the first caller rings."""
    definition = kit.definition
    # The core speaks its own phrases whole, a reasoner's words come in chunks.
    opening = _chunks(definition.opening, definition.uninterruptible)
    phrases = [*opening, *definition.policy.fillers, definition.policy.trouble]
    answering = definition.policy.answering
    if isinstance(answering, AnsweringPolicy) and answering.message:
        phrases.append(answering.message)
    for voice in kit.voices[:1]:
        for text in phrases:
            for rate_hz in RATES_HZ:
                spoken = kit.shape(text)
                request = TtsRequest(
                    text=spoken.text,
                    ssml=spoken.ssml,
                    voice=voice.voice,
                    sample_rate_hz=rate_hz,
                    language=voice.language,
                    speed=voice.speed,
                )
                try:
                    await voice.tts.synthesize(request, lambda audio: None)
                except ProviderError as error:
                    # A vendor that is away now may be back when the first caller rings.
                    _log.warning("rehearsal_failed", vendor=voice.name, reason=str(error))
                    return


def declared_chunks(definition: AgentDefinition, flow: Flow | None) -> set[str]:
    """The agent's declared words as a voice is given them: whole, and in chunks."""
    shape = Shaper(definition.language, definition.speech.pronunciations).utterance
    return {
        shape(chunk).text
        for text in declared_texts(definition, flow)
        for chunk in (text, *_chunks(text, definition.uninterruptible))
    }


def _chunks(text: str, protected: Sequence[str]) -> list[str]:
    """As a reply would give them: what is uninterruptible is never in a chunk with what is not."""
    chunker = Chunker()
    chunks: list[str] = []
    for part, _ in spans(text, protected):
        chunks += [*chunker.feed(part), *chunker.cut()]
    return chunks


def end_of_turn(definition: AgentDefinition, shared: Shared) -> EndOfTurn | None:
    """The file's judges of the end of a turn as one; None when it names none."""
    candidates = [
        Candidate(name=name, port=shared.registry.end_of_turn(name), health=shared.health.of("eot", name))
        for name in definition.speech.end_of_turn
    ]
    return FailoverEndOfTurn(candidates) if candidates else None


def voice_activity(name: str, registry: Registry, health: HealthBook, sample_rate_hz: int) -> VoiceActivity:
    """One for all calls of a sample rate: the model by that name, and behind it loudness alone."""
    port = registry.voice_activity(name, sample_rate_hz)
    state = health.of("vad", f"{name} at {sample_rate_hz} Hz")
    return FailoverVad([Candidate(name=name, port=port, health=state)], EnergyActivity(sample_rate_hz))


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    return {tool.name: tool for tool in tools}
