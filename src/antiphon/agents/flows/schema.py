"""The flow file as its author writes it. Only `load.py` sees these models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, model_validator

from antiphon.agents.definition.parts import Pattern, Section, Texts, Words, fault
from antiphon.agents.flows.model import Phrases

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
VERBS = ("ask", "run", "offer", "confirm", "do", "say")


class ChoiceSection(Section):
    say: Words
    phrases: Texts = Field(default_factory=list)
    examples: Texts = Field(default_factory=list)


class SlotSection(Section):
    type: Literal["date", "time", "name", "phone", "birth_date", "yes_no", "choice", "text"]
    ask: Texts = Field(default_factory=list)
    narrow: str = ""
    keys: str = Field(default="", description="How to answer by keys")
    ack: str = ""
    called: Texts = Field(default_factory=list)
    choices: dict[str, ChoiceSection] = Field(default_factory=dict)
    vocabulary: Texts = Field(default_factory=list)
    volunteer: bool = True
    optional: bool = False
    keep: bool = False
    cues: list[Pattern] = Field(default_factory=list)
    ignore: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> SlotSection:
        if self.type == "choice" and not self.choices:
            raise fault("a choice without choices", "add `choices:`, or use `type: text`")
        if self.choices and self.type != "choice":
            raise fault(f"choices, but the type is {self.type}", "use `type: choice`")
        if self.type == "text" and not self.cues and not self.ask:
            raise fault("text that is neither asked for nor found by a cue", "add `ask:` or `cues:`")
        return self


class TroubleSection(Section):
    say: str = ""
    again: Texts = Field(default_factory=list)
    options: str = ""
    leads: Literal["ask", "skip", "end", "person"] = "ask"


class StepSection(Section):
    ask: str | None = None
    run: str | None = None
    offer: str | None = None
    confirm: str | None = None
    do: str | None = None
    say: str = ""
    name: Name | None = Field(default=None, alias="as")
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    into: Name | None = None
    key: str = ""
    start: str = "start"
    single: bool = False
    refine: Texts = Field(default_factory=list)
    empty: str = ""
    troubles: dict[str, TroubleSection] = Field(default_factory=dict, alias="on")
    when: str = ""
    unless: str = ""
    uninterruptible: bool = Field(
        default=False, description="A disclosure or a read-back: the caller hears it to its end"
    )

    @model_validator(mode="after")
    def _one_verb(self) -> StepSection:
        given = [verb for verb in VERBS if getattr(self, verb)]
        main = [verb for verb in given if verb != "say"] or given
        if len(main) != 1:
            what = (
                "a step without a verb" if not main else f"a step with {len(main)} verbs ({', '.join(main)})"
            )
            raise fault(what, f"give exactly one of: {', '.join(VERBS)}")
        if self.offer and not (self.into and self.key):
            raise fault(
                "an offer without `into:` and `key:`",
                "say where the choice goes and which field identifies it",
            )
        if self.uninterruptible and not (self.confirm or self.say):
            raise fault("nothing that could be uninterruptible is said", "give it to a confirm or a say step")
        if (self.run or self.do) and not self.name:
            raise fault("a tool without `as:`", "name its result")
        return self


class GoalSection(Section):
    examples: Annotated[Texts, Field(min_length=2)]
    keywords: list[Pattern] = Field(default_factory=list)
    begin: str = ""
    abandon: str = ""
    implied_by: Texts = Field(default_factory=list)
    amend: str = ""
    amend_with: dict[str, str] = Field(default_factory=dict)
    steps: Annotated[list[StepSection], Field(min_length=1)]


def _cases(value: object) -> object:
    """Plain words are one case without a condition."""
    items = value if isinstance(value, list) else [value]
    return [{"say": item} if isinstance(item, str) else item for item in items]


class SayingSection(Section):
    say: Words
    when: str = ""


class FactSection(Section):
    examples: Annotated[Texts, Field(min_length=2)]
    keywords: list[Pattern] = Field(default_factory=list)
    say: Annotated[list[SayingSection], BeforeValidator(_cases), Field(min_length=1)]
    tool: str = ""
    with_: dict[str, str] = Field(default_factory=dict, alias="with")
    when_missing: str = "I'm sorry, I can't look that up right now."


def _phrases_section() -> type[Section]:
    """One key for each of the engine's phrases, so that the two can never disagree."""
    defaults = Phrases()
    fields: dict[str, Any] = {
        name: (Texts, list(value)) if isinstance(value, tuple) else (str, value)
        for name in Phrases.__dataclass_fields__
        if name != "menu"
        for value in [getattr(defaults, name)]
    }
    return create_model("PhrasesSection", __base__=Section, **fields)


PhrasesSection = _phrases_section()


class FlowFile(Section):
    """An Antiphon flow."""

    flow: Name
    slots: dict[str, SlotSection] = Field(default_factory=dict)
    goals: Annotated[dict[str, GoalSection], Field(min_length=1)]
    facts: dict[str, FactSection] = Field(default_factory=dict)
    phrases: PhrasesSection = PhrasesSection()  # type: ignore[valid-type]
    misheard: dict[Pattern, str] = Field(default_factory=dict)
