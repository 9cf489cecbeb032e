"""What the finders give back. Spans are offsets into the text as it was handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """A value and where it was said.

    Attributes:
        start: Offset of the first character; `text` is `source[start:end]`.
        confidence: 1.0 when the words allow one reading; below 0.75 the agent should read it back.
    """

    value: T
    start: int
    end: int
    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """Days from `start` to `end`, both included. `asap`: the caller wants the earliest of them."""

    start: date
    end: date
    asap: bool = False

    @property
    def is_day(self) -> bool:
        """One single day was named."""
        return self.start == self.end


Relation = Literal["at", "after", "before", "between", "part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """When in the day.

    Attributes:
        start: The time for "at", the earliest otherwise (00:00 for "before").
        end: The latest, None where nothing was said of it.
        exact: A single time was named without "around".
        meridiem_said: The caller said am, pm, noon or a part of the day; else it was guessed.
    """

    start: time
    end: time | None = None
    exact: bool = False
    relation: Relation = "at"
    meridiem_said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A single name without a hint which one it is stands in `first`."""

    first: str = ""
    last: str = ""
    spelled: bool = False

    @property
    def only(self) -> str:
        """The one name that was given, or "" when there are two."""
        return "" if self.first and self.last else self.first or self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The caller takes something back.

    Attributes:
        negated: What is denied ("Tuesday" in "not Tuesday, Wednesday"), "" when only a cue was said.
        corrected: The words that hold instead; "" when none followed.
        corrected_start: Their offset in the text.
    """

    negated: str
    corrected: str
    corrected_start: int
