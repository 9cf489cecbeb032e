"""The agent file as its author writes it. Only `load.py` sees these models; past it there are plain
values."""
# ruff: noqa: RUF012 - pydantic copies defaults, and ruff does not see that an imported class is pydantic's.

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    create_model,
    model_validator,
)

from antiphon.agents.definition.asking import RecordingSection
from antiphon.agents.definition.parts import (
    Pattern,
    Section,
    Texts,
    Words,
    as_list,
    fault,
    language_tag,
    person_target,
    time_zone_name,
)
from antiphon.agents.definition.values import Escalation
from antiphon.conversation.policy import (
    PRESETS,
    AnsweringPolicy,
    HandoverPolicy,
    LinePolicy,
    SilencePolicy,
    TurnPolicy,
    impossible,
    silence_contradictions,
    turn_contradictions,
    turn_policy,
)
from antiphon.speech.ssml import ipa_fault

_VENDOR = r"[a-z0-9][a-z0-9-]*"
_MODEL = r"[A-Za-z0-9][\w.:/@+\-]*"  # Models of some vendors are named family/model:size.


def _provider(name: str) -> str:
    if not re.fullmatch(rf"{_VENDOR}/{_MODEL}", name):
        raise fault(f"{name!r} is not a provider name", "write vendor/model, such as local/whisper-tiny.en")
    return name


def _reasoner(name: str) -> str:
    if not re.fullmatch(
        rf"flow/[a-z][a-z0-9_]*|openai-compatible|(?:unified:)?(?!flow/){_VENDOR}/{_MODEL}", name
    ):
        raise fault(
            f"{name!r} is not a way to reason",
            "write vendor/model, openai-compatible, or flow/NAME",
        )
    return name


def _number(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
        raise fault(f"{value!r} is not a phone number", "write it with its country code, +12125550100")
    return value


Providers = Annotated[
    list[Annotated[str, AfterValidator(_provider)]], BeforeValidator(as_list), Field(min_length=1)
]
Reasoners = Annotated[
    list[Annotated[str, AfterValidator(_reasoner)]], BeforeValidator(as_list), Field(min_length=1)
]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{2,15}$")]


class PersonaSection(Section):
    name: Words
    role: Words
    style: str = ""


def _ipa(text: str) -> str:
    found = ipa_fault(text)
    if found is not None:
        raise fault(*found)
    return text


class PronunciationSection(Section):
    """How a word is said: `ipa` for voices that take phonemes, `respelling` for the others."""

    ipa: Annotated[str, AfterValidator(_ipa), Field(max_length=200)] = ""
    respelling: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str, AfterValidator(language_tag)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> PronunciationSection:
        if not (self.ipa or self.respelling.strip()):
            raise fault("says nothing", "give it `ipa:`, `respelling:` or both")
        return self


def _as_pronunciation(value: object) -> object:
    """ "/ʃɪˈvɔːn/" is IPA, any other text a respelling."""
    if not isinstance(value, str):
        return value
    return {"ipa": value[1:-1]} if re.fullmatch(r"/.+/", value) else {"respelling": value}


def _spoken_word(word: str) -> str:
    if not re.search(r"[^\W\d_]", word) or word != word.strip():
        raise fault(f"{word!r} is not a word", "write the word as it stands in what the agent says")
    return word


class SpeechSection(Section):
    stt: Providers = ["local/whisper-tiny.en"]
    tts: Providers = ["local/piper-joe"]
    end_of_turn: Providers = ["local/smart-turn"]
    vocabulary: Texts = []
    pronunciations: Annotated[
        dict[
            Annotated[str, AfterValidator(_spoken_word), Field(max_length=80)],
            Annotated[PronunciationSection, BeforeValidator(_as_pronunciation)],
        ],
        Field(max_length=500),
    ] = {}
    suppress_noise: bool = Field(
        default=False, description="What the recogniser hears is filtered; for lines that are noisy as a rule"
    )
    hedge: bool = Field(
        default=False, description="Start the next voice beside one that is later than it usually is"
    )
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    model_voice: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$",
            description="Of a `unified:` model, by its vendor's name for it; its default unless given",
        ),
    ] = ""
    semantic_turns: bool = Field(
        default=False,
        description="A `unified:` model that ends the turns goes by their meaning, and not by silence alone",
    )


class ClassifierSection(Section):
    easy: Annotated[list[Words], Field(min_length=2)]
    difficult: Annotated[list[Words], Field(min_length=2)]


class RoutingSection(Section):
    """When the frontier model answers instead of the first model."""

    frontier: Annotated[str, AfterValidator(_reasoner)]
    words_min: Annotated[int, Field(ge=1, le=500)] | None = None
    patterns: Annotated[list[Pattern], BeforeValidator(as_list)] = []
    tool_failures: Annotated[int, Field(ge=1, le=10)] | None = None
    classifier: ClassifierSection | None = None
    budget_usd: Annotated[float, Field(gt=0, le=1000)] | None = None

    @model_validator(mode="after")
    def _decides(self) -> RoutingSection:
        if not (self.words_min or self.patterns or self.tool_failures or self.classifier):
            raise fault(
                "nothing says when the frontier model is asked",
                "add words_min, patterns, tool_failures or classifier",
            )
        return self


class ReasoningSection(Section):
    model: Reasoners
    prompt: str = Field(
        default="", description="Instructions for a language model: text, or a path ending in .md"
    )
    flow: str = Field(default="", description="The flow file, relative to the agent file")
    tools: list[Words] = []
    first_word_ms: Annotated[int, Field(ge=200, le=30_000)] = 4000
    rounds_max: Annotated[int, Field(ge=1, le=10)] = 4
    hedge: bool = Field(
        default=False, description="Start the next model beside one that is later than it usually is"
    )
    routing: RoutingSection | None = None


class DisclosureSection(Section):
    text: Words
    when: Literal["always", "when_asked"] = "always"
    uninterruptible: bool = False


class EmergencyRuleSection(Section):
    name: Words
    patterns: Annotated[list[Pattern], BeforeValidator(as_list), Field(min_length=1)]
    words: str = ""
    number: Number | None = None


class EmergencySection(Section):
    number: Number | None = None
    words: str = ""
    crisis_number: Number | None = None
    crisis_words: str = ""
    builtin: bool = True
    rules: list[EmergencyRuleSection] = []


_WAITING = HandoverPolicy()


class EscalationSection(Section):
    """Who is called when a person is wanted, and what caller and person hear meanwhile."""

    target: Annotated[str, AfterValidator(person_target)] | None = None
    words: Words = Escalation().words
    mode: Literal["warm", "cold"] = "warm"
    targets: dict[str, Annotated[str, AfterValidator(person_target)]] = {}
    carrier: Literal["twilio", "signalwire", "telnyx", "plivo", "vonage", "sip"] | None = None
    caller_id: Annotated[str, AfterValidator(_number)] | None = None
    ring_ms: Annotated[int, Field(ge=5000, le=120_000)] = Escalation().ring_ms
    briefing: Words | None = None
    question: Words = Escalation().question
    comfort: Annotated[list[Words], BeforeValidator(as_list)] = list(_WAITING.comfort)
    busy: Words = _WAITING.busy
    no_answer: Words = _WAITING.no_answer
    declined: Words = _WAITING.declined
    lost: Words = _WAITING.lost
    wait_max_ms: Annotated[int, Field(ge=20_000, le=600_000)] = _WAITING.wait_max_ms


def _knobs(name: str, struct: type[msgspec.Struct], **extra: Any) -> type[Section]:
    """A section with the fields of a policy struct, so that the two can never disagree."""
    limits: dict[type, Any] = {int: Field(ge=0, le=86_400_000), float: Field(ge=0.0, le=1.0), bool: Field()}
    usd = Field(ge=0.0, le=1000.0)
    fields: dict[str, Any] = {
        item.name: (
            Annotated[item.type, usd if item.name.endswith("_usd") else limits.get(item.type, Field())],
            item.default,
        )
        for item in msgspec.structs.fields(struct)
    }
    return create_model(name, __base__=Section, **fields, **extra)


_TurnKnobs = _knobs("TurnKnobs", TurnPolicy, preset=(Literal[tuple(PRESETS)], "balanced"))
_SilenceKnobs = _knobs("SilenceKnobs", SilencePolicy)
_SOME_MS = "give it some milliseconds, or leave it out for the default"
_KNOBS_OF_MODES = {
    "provider_wait_ms": "provider",
    "talk_tail_ms": "push_to_talk",
    "talk_max_ms": "push_to_talk",
}


class TurnSection(_TurnKnobs):  # type: ignore[misc,valid-type]
    """A preset, and any knob of `conversation.policy.TurnPolicy` on top."""

    @model_validator(mode="after")
    def _consistent(self) -> TurnSection:
        turn = turn_policy(self.preset, self.overrides())
        for nonsense in impossible(turn):
            raise fault(nonsense, _SOME_MS)
        for contradiction in turn_contradictions(turn):
            raise fault(
                contradiction, f"the preset {self.preset!r} fills in what the file leaves out; set both"
            )
        for knob, mode in _KNOBS_OF_MODES.items():
            if knob in self.model_fields_set and self.endpointing != mode:
                raise fault(
                    f"{knob} means nothing with `endpointing: {self.endpointing}`",
                    f"remove it, or write `endpointing: {mode}`",
                )
        return self

    def overrides(self) -> dict[str, Any]:
        values: dict[str, Any] = self.model_dump(exclude_unset=True, exclude={"preset"})
        return values


class SilenceSection(_SilenceKnobs):  # type: ignore[misc,valid-type]
    """Any field of `conversation.policy.SilencePolicy`."""

    @model_validator(mode="after")
    def _consistent(self) -> SilenceSection:
        policy = msgspec.convert(self.model_dump(), SilencePolicy)
        for contradiction in silence_contradictions(policy):
            raise fault(contradiction, "set both")
        for nonsense in impossible(policy):
            raise fault(nonsense, _SOME_MS)
        return self


LineFallback = Literal["ask", "keypad", "transfer"]


class LineQualitySection(Section):
    """What counts as too poor a line, and what is done then: `conversation.policy.LinePolicy`."""

    fallback: Annotated[list[LineFallback], BeforeValidator(as_list), Field(min_length=1)]
    snr_min_db: Annotated[float, Field(ge=-10, le=40)] = LinePolicy().snr_min_db
    level_min_dbfs: Annotated[float, Field(ge=-90, le=-10)] = LinePolicy().level_min_dbfs
    clipped_max_pct: Annotated[float, Field(ge=0, le=100)] = LinePolicy().clipped_max_pct
    lost_max_pct: Annotated[float, Field(ge=0, le=100)] = LinePolicy().lost_max_pct
    bandwidth_min_hz: Annotated[int, Field(ge=0, le=8000)] = LinePolicy().bandwidth_min_hz
    confidence_min: Annotated[float, Field(ge=0, le=1)] = LinePolicy().confidence_min
    poor_after_ms: Annotated[int, Field(ge=0, le=60_000)] = LinePolicy().poor_after_ms
    good_after_ms: Annotated[int, Field(ge=0, le=600_000)] = LinePolicy().good_after_ms
    again_after_ms: Annotated[int, Field(ge=1000, le=600_000)] = LinePolicy().again_after_ms
    ask: Words = LinePolicy().ask
    keypad: Words = LinePolicy().keypad
    transfer: Words = LinePolicy().transfer

    @model_validator(mode="after")
    def _each_once(self) -> LineQualitySection:
        if len(set(self.fallback)) < len(self.fallback):
            raise fault("a fallback is named twice", "name each once; the last one is repeated by itself")
        if "transfer" in self.fallback[:-1]:
            raise fault("nothing comes after a transfer", "put `transfer` last")
        return self


Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]


class MenuKeySection(Section):
    """What one key does: exactly one of these."""

    means: str = Field(default="", max_length=500, description="As if the caller had said these words")
    menu: str = Field(default="", description="Another menu of this file")
    person: bool = False
    repeat: bool = Field(default=False, description="The menu is said again")

    @model_validator(mode="after")
    def _one_thing(self) -> MenuKeySection:
        given = [name for name in ("means", "menu", "person", "repeat") if getattr(self, name)]
        if len(given) != 1:
            what = f"a key that does {len(given)} things" if given else "a key that does nothing"
            raise fault(what, "give it exactly one of `means:`, `menu:`, `person: true` and `repeat: true`")
        return self


MenuOffer = Literal["greeting", "silence", "not_understood"]


class MenuSection(Section):
    say: Words
    keys: Annotated[dict[Key, MenuKeySection], Field(min_length=1)]
    offer: Annotated[list[MenuOffer], BeforeValidator(as_list)] = []


_ANSWERING = AnsweringPolicy()


class AnsweringMachineSection(Section):
    """Calls the agent places: what becomes of one that no person answers. `conversation.policy`."""

    machine: Literal["leave_message", "hang_up", "continue"] = "hang_up"
    ivr: Literal["continue", "hang_up"] = "hang_up"
    silence: Literal["continue", "hang_up"] = "continue"
    message: str = Field(
        default="",
        max_length=1000,
        description="Left after the beep; {disclosures} is where those that are always said go",
    )
    decision_max_ms: Annotated[int, Field(ge=1500, le=20_000)] = _ANSWERING.decision_max_ms
    no_beep_ms: Annotated[int, Field(ge=1000, le=15_000)] = _ANSWERING.no_beep_ms
    greeting_max_ms: Annotated[int, Field(ge=5000, le=180_000)] = _ANSWERING.greeting_max_ms

    @model_validator(mode="after")
    def _message_is_there_to_be_left(self) -> AnsweringMachineSection:
        leaves, message = self.machine == "leave_message", self.message.strip()
        if leaves and not message:
            raise fault("there is no message to leave", "add `message:`, or write `machine: hang_up`")
        if message and not leaves:
            raise fault(
                f"the message is never left with `machine: {self.machine}`",
                "remove it, or write `machine: leave_message`",
            )
        return self


class PolicyWords(Section):
    """Words left out are ours, by the agent's `language`: en, es, fr, de have their own, others English."""

    trouble: Words | None = Field(default=None, description="Said when no answer can be had")
    backchannels: list[Words] | None = Field(
        default=None, description="What callers say over the agent without wanting the floor, lower case"
    )
    hold_phrases: list[Words] | None = Field(
        default=None, description="Parts of a turn that ask the agent to wait, lower case"
    )


class AgentFile(Section):
    """An Antiphon agent."""

    agent: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    persona: PersonaSection
    greeting: Words
    protect_greeting: bool = Field(default=False, description="The caller hears all of it, whatever he says")
    language: Annotated[str, AfterValidator(language_tag)] = "en-US"
    time_zone: Annotated[str, AfterValidator(time_zone_name)] = "UTC"
    speech: SpeechSection = SpeechSection()
    reasoning: ReasoningSection
    turn: TurnSection = TurnSection()
    silence: SilenceSection = SilenceSection()
    fillers: Annotated[list[Words], Field(min_length=1)] | None = Field(
        default=None, description="Cover a wait, in turn; left out, ours by `language`, as in `phrases`"
    )
    thinking_sound: bool = Field(default=False, description="A soft tone takes turns with the fillers")
    phrases: PolicyWords = PolicyWords()
    line_quality: LineQualitySection | None = Field(
        default=None, description="What is done when the caller's line is too poor to understand him"
    )
    answering_machine: AnsweringMachineSection | None = Field(
        default=None, description="Calls the agent places: who answers is judged before it speaks"
    )
    menus: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], MenuSection] = Field(
        default={}, description="Keys in place of words; the first menu is the one a call begins with"
    )
    tools: dict[str, dict[str, Any]] = {}
    disclosures: dict[str, DisclosureSection] = {}
    recording: RecordingSection | None = Field(
        default=None, description="Calls are recorded, unless the caller refuses; without it they are not"
    )
    emergency: EmergencySection = EmergencySection()
    escalation: EscalationSection = EscalationSection()
