"""What a flow is: goals made of steps, slots the caller fills, facts that can be asked for at any time.

A goal is a list of steps, and what comes next is always *the first step that is not yet satisfied*. Nothing
else holds the position in a conversation, which is why corrections, digressions, going back and changes of
mind need no special paths: they change values, and the first unsatisfied step is found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class SlotType(Enum):
    DATE = "date"  # A day or a range of days, relative to now.
    TIME = "time"  # A time of day or a range of times.
    NAME = "name"  # First and last name.
    PHONE = "phone"
    BIRTH_DATE = "birth_date"
    YES_NO = "yes_no"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One allowed value. `phrases` are words that mean it; `examples` are sentences that suggest it."""

    value: str
    say: str
    phrases: tuple[str, ...]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Something the caller tells us.

    Attributes:
        ask: The question and its variants, used in turn.
        narrow: A narrower question for a caller we did not understand twice.
        keys: How to answer by keys; said to who uses them, and to who was not understood twice.
        ack: Said when the value was just given; a template with {value}.
        called: Words a caller uses for it ("the day"), for "change the day".
        volunteer: Taken whenever it is said, not only when asked for.
        keep: Survives the end of a goal (who is calling).
        cues: For text: patterns whose group `value` is the value.
        ignore: Patterns with {} for the value's words; a match means the words are not this slot.
    """

    name: str
    type: SlotType
    ask: tuple[str, ...] = ()
    narrow: str = ""
    keys: str = ""
    ack: str = ""
    called: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    vocabulary: tuple[str, ...] = ()
    volunteer: bool = True
    optional: bool = False
    keep: bool = False
    cues: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


class Verb(Enum):
    ASK = "ask"  # until the slot is filled
    RUN = "run"  # a tool that only reads
    OFFER = "offer"  # up to three of a list, until one is chosen
    CONFIRM = "confirm"  # until these very words were agreed to
    DO = "do"  # a tool that changes the world; only after a confirm
    SAY = "say"  # once


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What to do about one error of a tool.

    Attributes:
        say: Honest words.
        again: Slots to clear and ask again, one for each failure in turn.
        options: Path in the error's value to a list that takes the place of the offered one.
        leads: "ask" to go on, "skip" to count the step as done, "end" to finish the goal, "person" to
            offer a person.
    """

    say: str = ""
    again: tuple[str, ...] = ()
    options: str = ""
    leads: str = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a goal; `verb` says which of the fields count.

    Attributes:
        target: Slot of ASK, tool of RUN and DO, path to a list of OFFER, words of CONFIRM and SAY.
        arguments: Tool argument -> path to a value, or a literal in `literals`.
        name: Where the result goes; paths start with it.
        into: OFFER: the slot-like name the chosen option goes to.
        key: OFFER: the field that identifies an option.
        start: OFFER: the field with the option's ISO date and time.
        single: OFFER: take the only option without asking.
        refine: OFFER: the slots that narrow the list; naming one of them anew voids the choice.
            CONFIRM: the slot to ask again after a plain "no".
        empty: RUN: the list that must not be empty; else the trouble is the result's "reason" or "none".
        when, unless: A path, or path=value; the step is skipped unless the first holds, or if the
            second does.
        uninterruptible: What it says is heard to its end; a SAY step that was not is taken again.
    """

    verb: Verb
    target: str
    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    literals: Mapping[str, Any] = field(default_factory=dict)
    say: str = ""
    into: str = ""
    key: str = ""
    start: str = "start"
    single: bool = False
    refine: tuple[str, ...] = ()
    empty: str = ""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    when: str = ""
    unless: str = ""
    uninterruptible: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """How it is recognised that a caller wants something."""

    examples: tuple[str, ...]
    keywords: tuple[str, ...] = ()  # Regular expressions; a hit is as good as certain.


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a caller came for.

    Attributes:
        begin: Said when the goal is taken up.
        abandon: Said when it is given up half-way: the honest state of affairs.
        implied_by: Slots whose mention means this goal when nothing else is said.
        amend: Goal that corrects this one once it is done, and the values it is given.
    """

    name: str
    intent: Intent
    steps: tuple[Step, ...]
    begin: str = ""
    abandon: str = ""
    implied_by: tuple[str, ...] = ()
    amend: str = ""
    amend_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def slots(self) -> tuple[str, ...]:
        asked = [step.target for step in self.steps if step.verb is Verb.ASK]
        used = [path.split(".")[0] for step in self.steps for path in step.arguments.values()]
        refined = [name for step in self.steps if step.verb is Verb.OFFER for name in step.refine]
        return tuple(dict.fromkeys([*asked, *used, *refined]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Words for one case. `when` as in `Step`."""

    say: str
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A question that can be asked anywhere; answered, then the conversation returns to where it was.

    The first of `says` whose condition holds is said; `when_missing` is said if the tool fails.
    """

    name: str
    intent: Intent
    says: tuple[Saying, ...]
    tool: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    when_missing: str = "I'm sorry, I can't look that up right now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The engine's own words; a flow may replace each of them."""

    open: tuple[str, ...] = ("How can I help?", "What can I do for you?")
    more: tuple[str, ...] = ("Anything else I can do for you?", "Is there anything else?")
    farewell: str = "Thanks for calling. Goodbye."
    unclear: tuple[str, ...] = ("Sorry, I didn't catch that.", "I'm sorry, I still didn't get that.")
    still_there: tuple[str, ...] = ("Are you still there?", "I'm still here.")
    offer_person: str = "I'm having trouble understanding. Shall I put you through to a colleague?"
    offer_colleague: str = "Shall I put you through to a colleague?"
    give_up: str = "I'm sorry, I couldn't help this time. Please call again later. Goodbye."
    person: str = "Of course. I'll put you through to a colleague."
    no_person: str = "Okay, let's try again."
    silence: str = "I can't hear you, so I'll hang up now. Please call again any time. Goodbye."
    time_limit: str = "I'm sorry, our time is up. Please call again. Goodbye."
    operator: str = "I'm sorry, I have to end the call now. Please call again. Goodbye."
    wait: str = "Sure, take your time."
    back: str = "Okay, let's go back."
    restart: str = "No problem, let's start over."
    never_mind: str = "Okay, never mind."
    what_instead: str = "Okay. What should I change?"
    last_one: str = "That's all I have there."
    trouble: str = "I'm sorry, that didn't work just now."
    robot: str = "Yes, I'm an AI assistant, not a person."
    alternatives: str = "How about {options}?"
    welcome: str = "You're welcome."
    changed: str = "Okay, {value}."
    okay: str = "Okay."
    sorry: str = "Sorry about that."
    first_name: str = "And your first name?"
    last_name: str = "And your last name?"
    spell_name: str = "Could you spell that for me, letter by letter?"
    yes_or_no: str = "Please say yes or no."
    as_heard: str = "I'll go on with what I have."
    hello: str = "Hi[ {name}]."
    all_of_them: str = "They all are."
    take_first: str = "Then I'll take the first one."
    which: str = "Which one: {options}?"
    go_on: str = "Mm-hm."
    keys_yes_no: str = "Press 1 for yes, or 2 for no."
    keys_offer: str = "Press 1 for the first one, 2 for the second, and so on."
    menu: str = ""  # The agent file's, where it has one to be offered.


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A whole flow, checked: every slot, goal and path prefix a step names exists."""

    name: str
    slots: Mapping[str, Slot]
    goals: Mapping[str, Goal]
    facts: Mapping[str, Fact]
    phrases: Phrases = Phrases()
    misheard: Mapping[str, str] = field(default_factory=dict)  # Pattern -> what was probably said.

    @property
    def tools(self) -> tuple[str, ...]:
        run = [s.target for g in self.goals.values() for s in g.steps if s.verb in (Verb.RUN, Verb.DO)]
        asked = [fact.tool for fact in self.facts.values() if fact.tool]
        return tuple(dict.fromkeys([*run, *asked]))
