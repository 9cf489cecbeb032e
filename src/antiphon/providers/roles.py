"""What a vendor owes the registry: names with what they can do, and a way to make each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from antiphon.agents.ports import LanguageModel, SentenceEncoder
from antiphon.speech.ports import (
    BatchTranscription,
    EndOfTurn,
    SpeechToSpeech,
    SpeechToText,
    TextToSpeech,
    VoiceActivity,
)


class Role(Enum):
    """What a provider can be asked to do; the value is the word for it on the command line."""

    VAD = "vad"
    END_OF_TURN = "eot"
    STT = "stt"
    TTS = "tts"
    ENCODER = "encoder"
    LLM = "llm"
    SPEECH_TO_SPEECH = "s2s"
    BATCH_STT = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one name can do, so that a misuse is found when the agent file is checked and not on a call.

    Attributes:
        languages: BCP 47 tags or their first parts ("en", "es-MX"); empty means any.
        sample_rates_hz: Rates it takes or gives natively; others are resampled by the adapter.
        voices: Of a model that hears and speaks by itself, all there are; () where nobody can list them.
        speeds: The slowest and the fastest it speaks; () where an agent file cannot ask for more.
        word_times: It dates the words it heard or speaks.
        partials: It shows words before they are final.
        vocabulary: Names and terms can be given to it.
        turn_events: It decides itself when a turn is over (`speech.ports.TurnEvent`).
        ssml: It takes SSML; for others markup is stripped.
        cloning: It can speak with cloned voices.
        tools: It asks for tools.
        prompt_cache: It charges less for a prompt it has seen, and says how much it had.
        images: It can be shown pictures.
        semantic_turns: Where it ends turns by itself, it can go by their meaning.
        speakers: It tells speakers of a finished recording apart; `sentiment`, `topics`, `summary` likewise.
    """

    languages: tuple[str, ...] = ()
    sample_rates_hz: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()
    speeds: tuple[float, ...] = ()
    word_times: bool = False
    partials: bool = False
    vocabulary: bool = False
    turn_events: bool = False
    ssml: bool = False
    cloning: bool = False
    tools: bool = False
    prompt_cache: bool = False
    images: bool = False
    semantic_turns: bool = False
    speakers: bool = False
    sentiment: bool = False
    topics: bool = False
    summary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One name a vendor offers, without its prefix, or a pattern for names nobody could list: "*" stands for
    one part between slashes ("sonic-3*/*").

    Attributes:
        state: Whether it can be used at once, and if not ("missing: ..."), what to do.
        any_name: The vendor takes any other name of this role too (voices, models).
        extra: The extra of this package that installs what it needs; "" for none.
        variables: Environment variables it needs; "A|B" means either will do.
    """

    name: str
    licence: str
    state: str
    capabilities: Capabilities = Capabilities()
    any_name: bool = False
    extra: str = ""
    variables: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        return not self.state.startswith("missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a name that a vendor takes cannot be used all the same. `here`: for what this machine lacks."""

    message: str
    fix: str
    here: bool = False


class Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def any_name(self) -> bool: ...


N = TypeVar("N", bound=Named)


def fitting(entries: Sequence[N], name: str) -> N | None:
    """The entry that speaks for `name`: its own, else the first pattern, else of those that take any name the
    one that begins with most of the same parts ("http/coda/luna" is as "http/coda/astra")."""
    for entry in entries:
        if entry.name == name:
            return entry
    patterns = (entry for entry in entries if _covers(entry.name, name))
    standing = [entry for entry in entries if entry.any_name and name]
    nearest = max(standing, key=lambda entry: _parts_shared(name, entry.name), default=None)
    return next(patterns, None) or nearest


def with_language_of(name: str, entry: Known) -> Known:
    """Of voices that nobody could list ("*-*-*"), the language is in the name; "Multilingual" says it is
    not, and so does a voice of a model that speaks any ("en-US-Ava:DragonHDLatestNeural")."""
    if not entry.name.startswith("*-*-") or "multilingual" in name.lower() or ":" in name:
        return entry
    capabilities = replace(entry.capabilities, languages=("-".join(name.split("-")[:2]),))
    return replace(entry, capabilities=capabilities)


def _parts_shared(name: str, other: str) -> int:
    pairs = list(zip(name.split("/"), other.split("/"), strict=False))
    return next((number for number, (one, two) in enumerate(pairs) if one != two), len(pairs))


def _covers(pattern: str, name: str) -> bool:
    parts, named = pattern.split("/"), name.split("/")
    return (
        "*" in pattern
        and len(parts) == len(named)
        and all(word and fnmatchcase(word, part) for part, word in zip(parts, named, strict=True))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor's providers. The registry asks only for names that `known` lists for the role, so a maker
    that is None is never missed. Makers raise ConfigError for a missing key, extra or model."""

    known: Callable[[Role], Sequence[Known]]
    stt: Callable[[str], SpeechToText] | None = None
    # The engine, and what to put into `TtsRequest.voice`.
    tts: Callable[[str], tuple[TextToSpeech, str]] | None = None
    end_of_turn: Callable[[str], EndOfTurn] | None = None
    encoder: Callable[[str], SentenceEncoder] | None = None
    voice_activity: Callable[[str, int], VoiceActivity] | None = None
    llm: Callable[[str], LanguageModel] | None = None
    speech_to_speech: Callable[[str], SpeechToSpeech] | None = None
    batch_stt: Callable[[str], BatchTranscription] | None = None
    # Of vendors that take any name, for a name; may take a second, so only the check of an agent file asks.
    objection: Callable[[Role, str], Objection | None] | None = None
