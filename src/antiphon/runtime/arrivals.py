"""How a call arrives: what any transport (browser, carrier, loopback) tells the runtime when a line is up.

Transports live a floor above and are given a `Switchboard`; the runtime's exchange implements it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from antiphon.audio.ports import LineFormat, MediaSink, MediaSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that has been answered and whose audio is about to flow.

    Attributes:
        agent: Name of the agent that takes it.
        line: "phone", "browser" or "loopback"; goes to the trace.
        caller_number: E.164 where the carrier told us, else "".
        outbound: We placed the call; who answers may be anybody, or a machine.
        lead_ms: How far ahead of real time playout is sent (far-end jitter allowance).
        metadata: What the carrier sent along; "carrier_call" is its own id of the call.
        call_id: The id it has already, from waiting in line; "" has one made.
    """

    agent: str
    line: str
    line_format: LineFormat
    caller_number: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    lead_ms: int = 80
    outbound: bool = False
    call_id: str = ""


class CallerView(Protocol):
    """Optional listener for a screen beside the line (the talk page): called with small JSON-able dicts.

    Message types: {"type": "caller", "text", "final", "turn"}, {"type": "agent", "reply", "text"},
    {"type": "agent_heard", "reply", "text", "complete"}, {"type": "latency", "turn", "total_ms", "stages"},
    {"type": "state", "phase"}, {"type": "tool", "name", "ok"}, {"type": "picture", "shown", "reason"},
    {"type": "end", "cause"}.
    """

    def show(self, message: dict[str, object]) -> None: ...


class Switchboard(Protocol):
    """What every transport is given: the runtime behind one method."""

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        """Start a call; gives its id and where to put the caller's audio.

        Raises:
            ConfigError: Unknown agent.
            CallFailed: No capacity.
        """
