"""From agent files to agents that can take calls: providers, tools and flows, made and warmed once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import AgentDefinition
from antiphon.agents.disclosures import spans
from antiphon.agents.ports import LanguageModel, SentenceEncoder, Tool
from antiphon.agents.tools.toolsets import build_tools
from antiphon.providers.registry import Registry
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.speaking import Voice
from antiphon.speech.chunks import Chunker
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import EndOfTurn, TtsRequest
from antiphon.speech.shaping import shape

ENCODER = "local/e5"
RATES_HZ = (8000, 16000)  # What lines carry.
# In memory only: replies hold names and appointments, which have no business on a disk.
PHRASES_BYTES = 32_000_000


async def assemble(
    definitions: Sequence[AgentDefinition],
    registry: Registry,
    *,
    home: Path,
    language_model: LanguageModel | None = None,
) -> dict[str, AgentKit]:
    """Every agent, ready to answer.

    Raises:
        ConfigError: An unknown provider or toolset, a missing model, a flow that does not hold together.
    """
    cache = PhraseCache(memory_max_bytes=PHRASES_BYTES)
    kits = {}
    for definition in definitions:
        kit = await _kit(definition, registry, cache, home, language_model)
        await _rehearse(kit)
        kits[definition.name] = kit
    return kits


async def _kit(
    definition: AgentDefinition,
    registry: Registry,
    cache: PhraseCache,
    home: Path,
    language_model: LanguageModel | None,
) -> AgentKit:
    tools = build_tools(definition, home)
    encoder: SentenceEncoder = registry.encoder(ENCODER)
    reasoning = prepare_reasoning(definition, encoder=encoder, tools=tools, language_model=language_model)
    await reasoning.warm()
    speech = definition.speech
    return AgentKit(
        definition=definition,
        recognisers=[(name, registry.stt(name)) for name in speech.stt],
        voices=[_voice(name, registry, cache, definition) for name in speech.tts],
        end_of_turn=_end_of_turn(speech.end_of_turn, registry),
        shape=lambda text: shape(text, definition.language),
        tools=_by_name(tools),
        make_reasoner=reasoning.reasoner,
    )


async def _rehearse(kit: AgentKit) -> None:
    """Speak what every call needs at once, so that the cache has it before the first caller rings."""
    definition = kit.definition
    # The core speaks its own phrases whole, a reasoner's words come in chunks.
    opening = _chunks(definition.opening, definition.uninterruptible)
    phrases = [*opening, *definition.policy.fillers, definition.policy.trouble]
    for voice in kit.voices[:1]:
        for text in phrases:
            for rate_hz in RATES_HZ:
                request = TtsRequest(
                    text=kit.shape(text),
                    voice=voice.voice,
                    sample_rate_hz=rate_hz,
                    language=voice.language,
                    speed=voice.speed,
                )
                await voice.tts.synthesize(request, lambda audio: None)


def _chunks(text: str, protected: Sequence[str]) -> list[str]:
    """As a reply would give them: what is uninterruptible is never in a chunk with what is not."""
    chunker = Chunker()
    chunks: list[str] = []
    for part, _ in spans(text, protected):
        chunks += [*chunker.feed(part), *chunker.cut()]
    return chunks


def _voice(name: str, registry: Registry, cache: PhraseCache, definition: AgentDefinition) -> Voice:
    tts, voice = registry.tts(name)
    return Voice(
        name=name,
        tts=CachingTts(tts, cache, name),
        voice=voice,
        language=definition.language,
        speed=definition.speech.speed,
    )


def _end_of_turn(names: Sequence[str], registry: Registry) -> EndOfTurn | None:
    return registry.end_of_turn(names[0]) if names else None


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    return {tool.name: tool for tool in tools}
