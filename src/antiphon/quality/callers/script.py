"""A caller's file: who calls, what for, and what he answers to what he hears.

YAML in, frozen values out. Lines may hold `{placeholders}`: facts of the file, and dates made relative to
today ("{day}" of `dates: {day: tuesday+1w}`), so that a caller of last year still calls for next week.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from antiphon.agents.definition.document import Advice, Document, dotted, read_document
from antiphon.agents.definition.problems import KeyPath, Problem, pydantic_problems, raise_problems
from antiphon.audio.wav import read_wav
from antiphon.errors import ConfigError
from antiphon.quality.callers.dates import ordinal, resolve_day


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Section):
    """When one of the patterns is in what the agent said, say the next of `says` (the last one repeats).

    Attributes:
        hears: Case-insensitive regular expressions.
        says: Lines to speak; "[600]" inside a line is a pause of 600 ms; "" says nothing.
        times: How often the rule may be used; 0 means always.
        presses: Keys instead of words.
        hangs_up: After this line the caller ends the call.
        checks: Letters that should be in what is heard; with others he says them instead of the line.
    """

    hears: Annotated[tuple[str, ...], Field(min_length=1)]
    says: Annotated[tuple[str, ...], Field(min_length=1)] = ("",)
    times: Annotated[int, Field(ge=0)] = 0
    presses: Annotated[str, Field(pattern=r"^[0-9*#A-D]*$")] = ""
    hangs_up: bool = False
    checks: str = ""


class Interruption(_Section):
    """Speak over the agent's n-th utterance (1 is the greeting), `after_ms` into it."""

    utterance: int = Field(ge=1)
    after_ms: int = Field(ge=0)
    says: str


def _time_of_day(text: str) -> str:
    if text and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f'{text!r} is not a time of day | two digits, a colon, two digits: "09:30"')
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class Goal(_Section):
    """What counts as success; checked in the calendar where it is about the calendar.

    Attributes:
        kind: booked | rescheduled | cancelled: an appointment of `last_name` on `date` (a name of `dates`),
            within `from_time`..`to_time` when given. answered: the agent was heard to say `words`.
            escalated: the caller was handed to a person. ended: the agent ended the call for `cause`.
    """

    kind: Literal["booked", "rescheduled", "cancelled", "answered", "escalated", "ended"]
    last_name: str = ""
    date: str = ""
    from_time: TimeOfDay = ""
    to_time: TimeOfDay = ""
    provider: str = ""
    type: str = ""
    words: str = ""
    cause: Literal[
        "", "agent", "caller_hangup", "silence", "time_limit", "operator", "escalated", "error"
    ] = ""


# What anybody answers to a front desk; a rule joins when the facts it needs are given.
USUAL_ANSWERS: tuple[tuple[str, str], ...] = (
    (r"your (full |last |first )?name|first and last name|name once more|who am i speaking", "{name}."),
    (r"date of birth|your birthday|when were you born|were you born", "{birth}."),
    (r"phone number", "{phone}."),
    (r"spell(ing)? (of )?your (last )?name|spell (it|that)|letter by letter", "{spelled}."),
    # A name is easily misheard ("Is that for you?" for Priya): who else would be meant?
    (r"is (that|this) (?!right|correct)\w+( you)?\?", "Yes, that's me."),
    (
        r"(seen|seeing|scene|seem) for|kind of visit|sick visit,? or"
        r"|what (is it|is this|is the visit) (for|about)",
        "{visit}.",
    ),
    (r"(which|what) day|day (would|works|suit|were)|when would you like", "{day}, {day_date}, please."),
    (r"(which|what) time|morning or afternoon|time would suit", "{time}."),
    (
        # The last clause of an offer is short and easily lost; "at eight or at ten" says as much.
        r"which would you like|which one|which of|would you like (that|one|it)|does that work"
        r"|\bor at\b|(would|do) you like\W*$",
        "{pick}.",
    ),
    (
        r"(shall|should) i (book|cancel|move|go)|\bi (book|cancel|move) it\b|is that (right|correct)",
        "Yes, please.",
    ),
    (r"shall i put you through", "No, thank you. Let's try again."),
    (r"anything else|else (i|we) can|help you with", "No, that's all. Thank you, goodbye."),
)
# Said when nothing fits what was heard: people repeat themselves, then ask, then give up.
PUZZLED = ("Sorry, I didn't catch that.", "Could you say that again, please?")
ENDINGS = (r"good ?bye", r"\bbye\b", r"take care", r"have a (nice|good|great)")


class CallerScript(_Section):
    """A whole caller; docs/callers.md says what every field does."""

    name: str
    about: str
    voice: str = "af_heart"
    speed: Annotated[float, Field(gt=0.4, lt=2.0)] = 1.0
    level_dbfs: Annotated[float, Field(ge=-60, le=-3)] = -20.0
    opens: str = ""
    waits_for_greeting: bool = True
    facts: Mapping[str, str] = {}
    dates: Mapping[str, str] = {}
    rules: tuple[Rule, ...] = ()
    interrupts: tuple[Interruption, ...] = ()
    recordings: Mapping[str, str] = {}
    goal: Goal
    think_ms: Annotated[int, Field(ge=0)] = 350
    gives_up_after_ms: Annotated[int, Field(ge=1000)] = 150_000


def load_caller(path: Path) -> CallerScript:
    """Read a caller's file and check all that can be checked before anything is started.

    Raises:
        ConfigError: Everything that is wrong, in one message with file, line and field.
    """
    document = read_document(path, Advice(start="start with `about:` and `goal:`"))
    if document.value is None:
        problem = document.problems[0]
        where = f"{path}:{problem.line}" if problem.line else str(path)
        raise ConfigError(problem.message, where=where, fix=problem.fix)
    try:
        script = CallerScript.model_validate({"name": path.stem} | document.value)
    except ValidationError as error:
        raise_problems([*document.problems, *pydantic_problems(error, CallerScript, document)])
        raise  # Not reached: a validation error always is a problem.
    script = script.model_copy(update={"rules": (*script.rules, *_usual(script))})
    raise_problems([*document.problems, *_checked(script, document)])
    return script


def _usual(script: CallerScript) -> list[Rule]:
    spoken_dates = {f"{name}_date": "" for name in script.dates}
    facts = {"pick": "The first one, please", **script.facts, **script.dates, **spoken_dates}
    rules = [
        Rule(hears=(pattern,), says=(line.replace("{pick}", facts["pick"]),))
        for pattern, line in USUAL_ANSWERS
        if set(re.findall(r"\{(\w+)\}", line)) <= set(facts)
    ]
    if "spelled" in script.facts:
        letters = script.facts["spelled"]
        rules.append(
            Rule(
                hears=(r"\bname\w*('s)? (is )?spel", r"spel(led|t) "),
                says=("Yes, that's right.",),
                checks=letters,
            )
        )
    return [*rules, Rule(hears=ENDINGS, hangs_up=True)]


def _checked(script: CallerScript, document: Document) -> Iterator[Problem]:
    def problem(at: KeyPath, message: str, fix: str = "") -> Problem:
        return Problem(path=document.path, line=document.line(at), field=dotted(at), message=message, fix=fix)

    for at, pattern in _patterns(script):
        try:
            re.compile(pattern)
        except re.error as error:
            yield problem(at, f"{pattern!r} is not a regular expression: {error}")
    known = {**script.facts, **script.dates, **{f"{name}_date": "" for name in script.dates}}
    for at, line in _lines(script):
        try:
            fill(line, known)
        except ConfigError as error:
            yield problem(at, error.message, error.fix)
    for name, expression in script.dates.items():
        try:
            resolve_day(expression, date(2000, 1, 1), name)
        except ConfigError as error:
            yield problem(("dates", name), error.message, error.fix)
    lines = {line for _, line in _lines(script)} | set(PUZZLED)
    for line, file in script.recordings.items():
        if line not in lines:
            yield problem(
                ("recordings", line), "the caller never says this line", "write it exactly as above"
            )
        try:
            read_wav(document.path.parent / file)
        except ConfigError as error:
            yield problem(("recordings", line), f"{file}: {error.message}", error.fix)
    for message, fix in _goal_faults(script):
        yield problem(("goal",), message, fix)


def _patterns(script: CallerScript) -> Iterator[tuple[KeyPath, str]]:
    for number, rule in enumerate(script.rules):
        for place, pattern in enumerate(rule.hears):
            yield ("rules", number, "hears", place), pattern
    yield ("goal", "words"), script.goal.words


def _lines(script: CallerScript) -> Iterator[tuple[KeyPath, str]]:
    yield ("opens",), script.opens
    for number, rule in enumerate(script.rules):
        for place, line in enumerate(rule.says):
            yield ("rules", number, "says", place), line
        yield ("rules", number, "checks"), rule.checks
    for number, item in enumerate(script.interrupts):
        yield ("interrupts", number, "says"), item.says


def _goal_faults(script: CallerScript) -> Iterator[tuple[str, str]]:
    """A goal nobody could reach, or that everybody would."""
    goal = script.goal
    needed = {"answered": "words", "ended": "cause"}.get(goal.kind, "last_name")
    if goal.kind != "escalated" and not getattr(goal, needed):
        yield f"a caller who wants to be {goal.kind!r} needs `{needed}`", f"add `{needed}:` to the goal"
    if goal.date and goal.date not in script.dates:
        known = ", ".join(script.dates) or "none yet"
        yield f"`date` is {goal.date!r}, which `dates:` does not define", f"a name of `dates:` ({known})"


def resolve_dates(script: CallerScript, today: date) -> dict[str, date]:
    """The script's dates as calendar days: "tuesday" is the next one, "+3d" and "tuesday+1w" are relative.

    Raises:
        ConfigError: An expression that is none of these.
    """
    return {name: resolve_day(expression, today, name) for name, expression in script.dates.items()}


def spoken_values(script: CallerScript, today: date) -> dict[str, Any]:
    """What placeholders stand for: `{day}` gives the weekday, `{day_date}` "December third"."""
    values: dict[str, Any] = dict(script.facts)
    for name, day in resolve_dates(script, today).items():
        values[name] = f"{day:%A}"
        values[f"{name}_date"] = f"{day:%B} {ordinal(day.day)}"
    return values


def fill(line: str, values: Mapping[str, Any]) -> str:
    """The line with its placeholders filled.

    Raises:
        ConfigError: A placeholder nobody defined.
    """
    try:
        return line.format_map(values)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"{line!r} has a placeholder nobody defines: {error}", fix="add it to `facts:` or `dates:`"
        ) from error
