"""What a media worker is made of: the exchange, the carriers' servers, the agents on offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from antiphon.calls.control.desk import TransferDesk
from antiphon.calls.placing import CallPlacer
from antiphon.calls.routing import RoutedSwitchboard
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.operating import Act

STREAM_SECRET = "ANTIPHON_STREAM_SECRET"  # Signs tickets for media streams; made anew at every start.


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What the supervisor tells a media worker.

    Attributes:
        socket: Where it answers the control process.
        media_port: Where carriers' media streams come in.
        inference_socket: Where the embedded models are served; None when this worker has none.
        sip_socket: Where the SIP worker finds it; None when SIP is not spoken.
        routes: Who answers what; None where agents are called by their names only.
        drain_s: How long calls may go on once it is told to stop.
    """

    socket: Path
    host: str
    media_port: int
    agents: Path
    home: Path
    inference_socket: Path | None = None
    sip_socket: Path | None = None
    routes: Path | None = None
    drain_s: float = 30.0


class AgentSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of an agent. `push_to_talk`: it listens while the talk button is held."""

    name: str
    title: str = ""
    role: str = ""
    language: str = ""
    push_to_talk: bool = False


class CallOutcome(Protocol):
    """How a call ended; `escalate_to` is where a person is to be found, when one is wanted."""

    @property
    def cause(self) -> str: ...

    @property
    def escalate_to(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def summary(self) -> str: ...


class CallExchange(Switchboard, Protocol):
    """The runtime, as far as a worker watches and stops it."""

    async def drain(self, timeout_ms: int) -> None:
        """Take no more calls; end those that are up politely, and return when none is left or time is up."""

    def active(self) -> Sequence[object]: ...

    def end(self, call_id: str) -> None:
        """An operator wants a call to end, politely. Raises: ConfigError: No such call."""

    def pass_on(self, call_id: str, target: str) -> str:
        """An operator wants a caller put through; gives to whom. Raises: ConfigError, Denied."""

    def operate(self, call_id: str, act: Act, digits: str = "") -> None:
        """An operator holds, mutes, presses keys …. Raises: ConfigError: No such call. CallFailed."""

    def tell_agent(self, call_id: str, words: str) -> None:
        """An operator tells the agent something. Raises: ConfigError: No such call."""

    def outcome(self, key: str) -> CallOutcome | None:
        """How a recent call ended, by its id or the carrier's id for it."""


class Service(Protocol):
    """Something that runs as long as the worker: the media clock, a listener for carriers' streams."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The parts of one worker.

    Attributes:
        services: Started in this order, stopped in the opposite one.
        agents: Those on offer now; the sequence may change while the worker runs.
        report: Goes into the ready message.
        methods: What else the control process may call, by name.
        is_draft: Whether an agent is one that somebody tries: callable, and not on offer.
        desk: Calls people for callers; None where no carrier can be asked to dial.
        routing: Decides what becomes of calls; None where agents are called by their names only.
        placer: Places calls for operators; None where nothing can be dialled with.
        counters: What the media plane and the carriers counted since the start, for `/readyz`.
        providers: The state of each one's breaker, "stt acme/one" to "closed", "open" or "half_open".
    """

    exchange: CallExchange
    agents: Sequence[AgentSummary]
    services: tuple[Service, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    methods: Mapping[str, Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    counters: Callable[[], dict[str, int]] = dict
    providers: Callable[[], Mapping[str, str]] = dict
    is_draft: Callable[[str], bool] = field(default=lambda name: False)
    desk: TransferDesk | None = None
    routing: RoutedSwitchboard | None = None
    placer: CallPlacer | None = None


Wire = Callable[[WorkerOptions], Awaitable[Wiring]]
