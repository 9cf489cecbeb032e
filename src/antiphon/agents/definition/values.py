"""An agent, past the edge: frozen values, every default filled in, every path resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from antiphon.conversation.policy import Policy
from antiphon.speech.ssml import Pronunciation

UNIFIED = "unified:"  # Before the name of a model that hears and speaks by itself.


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    name: str
    role: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Providers by name, in order of preference: "local/whisper-tiny.en"."""

    stt: tuple[str, ...]
    tts: tuple[str, ...]
    end_of_turn: tuple[str, ...]
    vocabulary: tuple[str, ...] = ()
    pronunciations: tuple[Pronunciation, ...] = ()
    suppress_noise: bool = False  # In what the recogniser hears; nowhere else.
    speed: float = 1.0
    model_voice: str = ""  # Of a model that hears and speaks by itself; "" for its vendor's default.
    semantic_turns: bool = False  # Such a model ends turns by their meaning, and not by silence alone.
    hedge: bool = False  # Start the next voice beside one that is later than it usually is.


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """When the frontier model answers instead of the first one of the file. Whatever is given can decide so.

    Attributes:
        frontier: One of the file's models.
        words_min: The caller's turn has so many words; 0 for never.
        patterns: Regular expressions on the caller's words.
        tool_failures: So many tools have failed since the caller spoke; 0 for never.
        easy, difficult: Example turns of a classifier.
        budget_usd: A call that has cost this much stays with the fast model.
    """

    frontier: str
    words_min: int = 0
    patterns: tuple[str, ...] = ()
    tool_failures: int = 0
    easy: tuple[str, ...] = ()
    difficult: tuple[str, ...] = ()
    budget_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """How replies come about. `models` in order of preference: "acme/model", "flow/front_desk"."""

    models: tuple[str, ...]
    prompt: str = ""
    flow_path: Path | None = None
    tools: tuple[str, ...] = ()
    first_word_ms: int = 4000  # A model without a first word by then has failed; the next one answers.
    rounds_max: int = 4  # Tool rounds within one reply.
    hedge: bool = False  # Start the next model beside one that is later than it usually is.
    routing: Routing | None = None

    @property
    def unified(self) -> str:
        """The model that hears and speaks by itself, without its prefix; "" where the file has none."""
        first = self.models[0] if self.models else ""
        return first.removeprefix(UNIFIED) if first.startswith(UNIFIED) else ""

    @property
    def language_models(self) -> tuple[str, ...]:
        """Without the flows, and without models that hear and speak by themselves."""
        return tuple(name for name in self.models if not name.startswith(("flow/", UNIFIED)))

    @property
    def flow_is_behind(self) -> bool:
        """A flow answers when the language models do not."""
        models = self.language_models
        if not models:
            return False
        return any(name.startswith("flow/") for name in self.models[self.models.index(models[0]) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Words the caller must hear. when: "always" (in the greeting) or "when_asked"."""

    name: str
    text: str
    when: str
    uninterruptible: bool = False


def with_disclosures(words: str, disclosures: Sequence[Disclosure]) -> str:
    """The words with every disclosure that is always made, where they have a place for them, else first."""
    said = " ".join(item.text for item in disclosures if item.when == "always")
    if "{disclosures}" in words:
        return " ".join(words.replace("{disclosures}", said).split())
    return f"{said} {words}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToRecord:
    """The caller is asked before he is recorded.

    Attributes:
        place: Where the operator records, "US-NY"; "" has everybody asked.
        question: Answered by yes and no, or the keys 1 and 2.
        again: Said once, when that was no answer; a second one is taken for no.
        agreed, declined: What follows the answer.
        proceed: Said after them, unless the caller has already told what he wants.
        announcement: Said in place of the question where telling is enough; "" has everybody asked.
    """

    question: str
    again: str
    agreed: str
    declined: str
    proceed: str
    place: str = ""
    announcement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Calls are recorded once the caller has heard `announcement` to its end, or where there is an `ask`, as
    that says; recordings are kept for `retain_days`."""

    announcement: str
    retain_days: int
    ask: AskToRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRule:
    """Patterns are regular expressions over lower-case text without punctuation."""

    name: str
    patterns: tuple[str, ...]
    words: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """`rules` come before the built-in ones, which are there unless `builtin` is false."""

    number: str
    words: str
    crisis_number: str
    crisis_words: str
    rules: tuple[EmergencyRule, ...] = ()
    builtin: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Where a person is to be found: E.164, a SIP URI, or "" when nobody can be reached by phone.

    Attributes:
        mode: "warm": the caller waits while the person is called and briefed; where that cannot be done, and
            with "cold", the call is passed on. Where his own line tells how that went, he waits for it too.
        targets: By name, who else a call may be passed on to. Nobody who is not listed.
        carrier: Who places the call to the person; "" for the caller's own.
        caller_id: What the person's phone shows, a number of ours; "" for the one that was called.
        briefing: First words to the person; "" for who we are.
        question: How he takes the call; the keys are 1 and 2.
    """

    target: str = ""
    words: str = "Of course. I'll put you through to a colleague."
    mode: str = "warm"
    targets: Mapping[str, str] = field(default_factory=dict)
    carrier: str = ""
    caller_id: str = ""
    ring_ms: int = 25_000
    briefing: str = ""
    question: str = "To take the call, press 1 or say yes. To decline, press 2 or say no."

    @property
    def allowed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(target for target in (self.target, *self.targets.values()) if target))


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuKey:
    """One of these is set, `person` and `repeat` by being true."""

    means: str = ""
    menu: str = ""
    person: bool = False
    repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Keys in place of words. `offer`: when it is said unasked: "greeting", "silence", "not_understood"."""

    name: str
    say: str
    keys: Mapping[str, MenuKey]
    offer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDefinition:
    """One agent. `digest` is the SHA-256 of its files, for the trace header; `directory` is where relative
    paths of the file start."""

    name: str
    path: Path
    digest: str
    language: str
    time_zone: str
    persona: Persona
    greeting: str
    speech: Speech
    reasoning: Reasoning
    preset: str
    policy: Policy
    toolsets: Mapping[str, Mapping[str, Any]]  # Settings are the toolset's own to parse.
    disclosures: tuple[Disclosure, ...]
    emergency: Emergency
    escalation: Escalation
    recording: Recording | None = None
    menus: tuple[Menu, ...] = ()  # The first is the one a call begins with.

    @property
    def directory(self) -> Path:
        return self.path.parent

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def opening(self) -> str:
        """The first words of a call: the greeting with every disclosure that is always made."""
        return with_disclosures(self.greeting, self.disclosures)

    @property
    def uninterruptible(self) -> tuple[str, ...]:
        """Disclosures that the law or the operator wants heard to their end, wherever they are said."""
        return tuple(item.text for item in self.disclosures if item.uninterruptible)

    @property
    def owed(self) -> tuple[str, ...]:
        """Those of them that every caller must hear."""
        return tuple(item.text for item in self.disclosures if item.uninterruptible and item.when == "always")

    @property
    def ai_answer(self) -> str:
        """What is said to "are you a robot?". Always the truth, whatever the file says."""
        for item in self.disclosures:
            if item.name == "ai" and item.when == "when_asked":
                return item.text
        return f"Yes, I'm {self.persona.name}, an AI assistant, not a person."
