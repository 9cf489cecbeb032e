"""What goes into the index of calls and what comes out: values, nothing of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

LIVE: Final = "live"
COMPLETE: Final = "complete"
CUT_SHORT: Final = "cut_short"  # Its writer died, or the disk did not take everything: what is there, is all.


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEntry:
    """A stretch of the transcript.

    Attributes:
        speaker: "caller" or "agent".
        at_ms: Call time at which it began.
        text: What was understood of the caller, what was really heard of the agent.
        said: All the agent had prepared; "" of a caller.
        response_ms: The caller's last sample to the agent's first, of the caller's turn that was answered.
        interrupted: The agent was cut off.
    """

    speaker: str
    at_ms: int
    text: str
    said: str = ""
    response_ms: int | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEntry:
    """A tool call; `ok` is None when it never finished. Arguments and result as JSON text."""

    tool_call_id: str
    name: str
    effect: str
    at_ms: int
    took_ms: int
    ok: bool | None
    arguments: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCostEntry:
    """What one provider in one role cost; `wasted_usd` of it for words nobody heard."""

    role: str
    provider: str
    requests: int
    cost_usd: Decimal
    wasted_usd: Decimal = Decimal(0)
    estimated: bool = False
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEntry:
    """Where the sound lies (a path below the data directory or a key of the object store), and until when."""

    location: str
    retain_until_ms: int | None
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """A call as a list shows it. Times of day are ms since 1970, UTC.

    Attributes:
        line: "phone", "browser" or "loopback".
        direction: "inbound" or "outbound".
        caller, called: E.164 where known, else "".
        state: LIVE, COMPLETE or CUT_SHORT.
        end_cause: As the core ended it, "" while it goes on and where the trace does not say.
        outcome: "contained", "escalated", "abandoned" (the caller never spoke), "failed" or "unfinished".
        cost_complete: Every use had a price; else `cost_usd` is too low.
        rating: 1 to 5, as the caller gave it in the call, by voice or key.
        signs: Of trouble, as `runtime/records/signs.py` names them.
    """

    call_id: str
    organisation_id: str
    agent: str
    definition_hash: str
    version: str
    line: str
    direction: str
    caller: str
    called: str
    state: str
    started_at_ms: int
    duration_ms: int
    end_cause: str
    outcome: str
    turns: int = 0
    tools: int = 0
    errors: int = 0
    interruptions: int = 0
    response_p50_ms: int | None = None
    response_p95_ms: int | None = None
    response_p99_ms: int | None = None
    cost_usd: Decimal = Decimal(0)
    cost_complete: bool = True
    rating: int | None = None
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """Everything the index keeps of a call.

    Attributes:
        trace: Where the trace lies, below the data directory or in the object store.
        trace_bytes: How much of it was read.
        note: The agent's summary for a person who takes over, else "".
    """

    summary: CallSummary
    trace: str
    trace_bytes: int
    note: str = ""
    transcript: tuple[TurnEntry, ...] = ()
    tools: tuple[ToolEntry, ...] = ()
    costs: tuple[StageCostEntry, ...] = ()
    recording: RecordingEntry | None = None


FLAGGED: Final = "flagged"

# What is opened is what was put in.
CallDetail = CallEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """Which calls of an organisation. Empty fields ask nothing.

    Attributes:
        organisation_id: Always; nobody is shown another's.
        number: E.164; of the caller or of the called.
        words: All must have been said, by either side; "in quotes" as a phrase within one turn, -word not.
        from_ms: Began then or later.
        to_ms: Began before.
        slower_than_ms: The p95 of its response latency.
        duration_from_ms: It lasted that long or longer.
        duration_to_ms: It was shorter.
        flagged: Somebody gave it the label `FLAGGED`.
        sign: With this sign of trouble.
        rated_at_most: By the caller in the call, or by anybody later.
    """

    organisation_id: str
    agent: str = ""
    line: str = ""
    direction: str = ""
    state: str = ""
    end_cause: str = ""
    outcome: str = ""
    number: str = ""
    words: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    slower_than_ms: int | None = None
    duration_from_ms: int | None = None
    duration_to_ms: int | None = None
    flagged: bool = False
    sign: str = ""
    rated_at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """Newest first. `after` is where the next page begins, "" at the end."""

    calls: tuple[CallSummary, ...] = field(default=())
    after: str = ""
