"""How a call arrives: what any transport (browser, carrier, loopback) tells the runtime when a line is up.

Transports live a floor above and are given a `Switchboard`; the runtime's exchange implements it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from antiphon.agents.ports import Additions
from antiphon.audio.ports import LineFormat, MediaSink, MediaSource
from antiphon.conversation.commands import Command
from antiphon.conversation.events import AnyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What whoever connected the call has arranged for it, within what an agent allows.

    Attributes:
        push_to_talk: The line says when the caller's turn begins and ends (`MediaSource.talk`).
        stop_silence_ms: Silence after which any turn is over; 0 leaves that to the agent.
    """

    additions: Additions
    push_to_talk: bool = False
    stop_silence_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that has been answered and whose audio is about to flow.

    Attributes:
        agent: Name of the agent that takes it.
        line: "phone", "browser", "realtime" or "loopback"; goes to the trace.
        caller_number: E.164 where the carrier told us, else "".
        outbound: We placed the call; who answers may be anybody, or a machine.
        lead_ms: How far ahead of real time playout is sent (far-end jitter allowance).
        metadata: What the carrier sent along; "carrier_call" is its own id of the call.
        call_id: The id it has already, from waiting in line; "" has one made.
        press: Presses keys ("1w2#") at the far end, where the line has a better way than tones in the audio.
    """

    agent: str
    line: str
    line_format: LineFormat
    caller_number: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    lead_ms: int = 80
    outbound: bool = False
    call_id: str = ""
    press: Callable[[str], None] | None = None
    arrangement: Arrangement | None = None


class CallerView(Protocol):
    """Optional listener for a screen beside the line (the talk page): called with small JSON-able dicts.

    Message types: {"type": "caller", "text", "final", "turn"}, {"type": "agent", "reply", "text"},
    {"type": "agent_heard", "reply", "text", "complete"}, {"type": "latency", "turn", "total_ms", "stages"},
    {"type": "state", "phase"}, {"type": "tool", "name", "ok"}, {"type": "picture", "shown", "reason"},
    {"type": "end", "cause"}.
    """

    def show(self, message: dict[str, object]) -> None: ...


@runtime_checkable
class CallWatch(Protocol):
    """For a line that must know everything: every event and command of the core, before it is carried out,
    and every note of the trace. Must neither block nor raise."""

    def event(self, event: AnyEvent) -> None: ...

    def command(self, at_ms: int, command: Command) -> None: ...

    def note(self, type: str, fields: Mapping[str, object]) -> None: ...  # noqa: A002

    def phase(self, phase: str) -> None: ...

    def picture(self, *, shown: bool) -> None: ...


class Switchboard(Protocol):
    """What every transport is given: the runtime behind one method."""

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        """Start a call; gives its id and where to put the caller's audio.

        Raises:
            ConfigError: Unknown agent.
            CallFailed: No capacity.
        """
