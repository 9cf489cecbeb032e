"""What a routes file says, as frozen values, and what routing answers. Nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
HIDDEN = "hidden"  # In `callers:`, who does not show a number.
ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call, as far as routing looks at it.

    Attributes:
        called: E.164, "sip:USER", or the name of an agent.
        caller: E.164, "" where none is shown.
        at: With a time zone, any.
        language: BCP 47, where the line tells what the caller speaks.
        call_key: Tells the calls of hidden callers apart, so that they are shared out too.
    """

    called: str
    at: datetime
    caller: str = ""
    language: str = ""
    call_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAgent:
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """To a number or a SIP address; no agent hears the call."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    reason: str


Answer = ToAgent | Forward | Busy | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One answer for one call. `why` is one line for every rule that was looked at."""

    answer: Answer
    route: str = ""
    rule: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """`yearly` as (month, day)."""

    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def has(self, day: date) -> bool:
        return day in self.dates or (day.month, day.day) in self.yearly


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """`open`: by weekday, Monday first, minutes from the midnight before; past `DAY_MINUTES` is the next
    day's. A window belongs to the day on which it begins, holidays too."""

    zone: ZoneInfo
    open: tuple[tuple[tuple[int, int], ...], ...]
    holidays: Holidays = field(default_factory=Holidays)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """All that is set must hold. `open`, `closed` and `holiday` are names of the file's own."""

    open: str = ""
    closed: str = ""
    holiday: str = ""
    callers: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def always(self) -> bool:
        return self == When()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`percent` of the callers, always the same ones, meet `agent`."""

    agent: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`shares` of 100 % in all, or one of the other answers."""

    name: str
    when: When
    shares: tuple[Share, ...] = ()
    answer: Forward | Busy | Refused | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How callers wait for a free agent.

    Attributes:
        callers_max: Further ones go straight to the overflow.
        wait_max_ms: Who has waited so long goes to the overflow.
        position: Said with the caller's place in line.
        comfort: Said in turn between stretches of music, with the place.
        sorry: Said when the wait was in vain and the call ends.
    """

    callers_max: int = 10
    wait_max_ms: int = 120_000
    position: str = "All our lines are busy. You are number {position} in line."
    comfort: tuple[str, ...] = ("Thank you for waiting. You are number {position} in line.",)
    sorry: str = "I'm sorry, nobody can take your call just now. Please try again later. Goodbye."


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """What happens at a limit: the queue, where there is one, then the overflow."""

    queue: Queue | None = None
    overflow: ToAgent | Forward | Busy = field(default_factory=Busy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`to`: numbers, "sip:USER", names of agents, or "*". The last rule always holds. `limit` 0: none."""

    name: str
    to: tuple[str, ...]
    rules: tuple[Rule, ...]
    limit: int = 0
    full: Full = field(default_factory=Full)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTable:
    """A whole file, and its `text`. `calls_max` (0: none) is of one media worker; `limits` by agent."""

    zone: ZoneInfo
    routes: tuple[Route, ...]
    hours: Mapping[str, Hours] = field(default_factory=dict)
    holidays: Mapping[str, Holidays] = field(default_factory=dict)
    calls_max: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    full: Full = field(default_factory=Full)
    agents: frozenset[str] = frozenset()
    text: str = field(default="", repr=False)

    @property
    def named(self) -> frozenset[str]:
        """Agents the file itself names."""
        answering = {share.agent for route in self.routes for rule in route.rules for share in rule.shares}
        overflows = [full.overflow for full in (self.full, *(route.full for route in self.routes))]
        taking = {overflow.agent for overflow in overflows if isinstance(overflow, ToAgent)}
        called = {address for route in self.routes for address in route.to} & self.agents
        return frozenset(answering | taking | called | self.limits.keys())

    @property
    def sip_users(self) -> frozenset[str]:
        """User parts of the SIP addresses routed here; of a number both ways trunks write it."""
        addresses = {address for route in self.routes for address in route.to}
        numbers = {address for address in addresses if address.startswith("+")}
        named = {address.removeprefix("sip:") for address in addresses if address.startswith("sip:")}
        return frozenset(numbers | {number[1:] for number in numbers} | named)
