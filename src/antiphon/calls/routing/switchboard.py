"""The door every line comes in by, where a routes file is in force: limits, the queue, the overflow.

Lives in the media worker, in front of the exchange, whose place it takes for all who answer, watch or stop
calls. What a call is about is decided in `decision.py`, who has a place in `lobby.py`.
"""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.calls.routing.decision import decide, normal, route_of
from antiphon.calls.routing.lobby import Lobby, Place
from antiphon.calls.routing.values import (
    Answer,
    Asked,
    Busy,
    Decision,
    Forward,
    Full,
    Route,
    RoutingTable,
    ToAgent,
)
from antiphon.calls.routing.waiting import HEARD_SORRY, HeldLine, Wait, WaitingCaller
from antiphon.errors import AntiphonError, CallFailed
from antiphon.runtime.arrivals import Arrival, CallerView, CallWatch
from antiphon.runtime.clock import Clock
from antiphon.runtime.exchange import Exchange, Outcome, Plane
from antiphon.runtime.operating import Act
from antiphon.storage.keys import Keyring

log = structlog.get_logger(__name__)

OUTCOMES_MAX = 1000
SORRY_MAX_MS = 12_000  # Words that have not been heard by then are not waited for.


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCall:
    """A caller in line, beside the calls that are up."""

    call_id: str
    agent: str
    line: str
    started_at: datetime
    position: int


class RoutedSwitchboard:
    """Implements `server.wiring.CallExchange`.

    Args:
        calls_directory: Where traces of those go who waited in vain.
        trace_keys: Seal them.
    """

    def __init__(
        self,
        exchange: Exchange,
        table: RoutingTable,
        *,
        plane: Plane,
        clock: Clock,
        calls_directory: Path,
        trace_keys: Keyring | None = None,
    ) -> None:
        self._exchange, self._table, self._plane, self._clock = exchange, table, plane, clock
        self._calls_directory, self._trace_keys = calls_directory, trace_keys
        self._lobby = Lobby(table)
        self._waits: dict[str, Wait] = {}
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._draining = False
        self.counted: Counter[str] = Counter()
        exchange.when_ended(self._left)

    @property
    def table(self) -> RoutingTable:
        return self._table

    @property
    def sip_users(self) -> frozenset[str]:
        return self._table.sip_users

    # ------------------------------------------------------------------ before there is a line

    def route(self, called: str, *, caller: str = "", language: str = "", call_key: str = "") -> Decision:
        """What becomes of a call that comes in now. Its line, should it get one, may still have to wait."""
        at = datetime.fromtimestamp(self._clock.wall_time_ms() / 1000, tz=UTC)
        asked = Asked(called=normal(called), caller=caller, at=at, language=language, call_key=call_key)
        decision = decide(self._table, asked)
        if isinstance(decision.answer, ToAgent):
            decision = self._with_room(decision, decision.answer)
        self.counted[type(decision.answer).__name__.lower()] += 1
        # Numbers stay out of the log.
        log.info(
            "call_routed",
            route=decision.route,
            rule=decision.rule,
            answer=type(decision.answer).__name__,
            agent=decision.answer.agent if isinstance(decision.answer, ToAgent) else "",
        )
        return decision

    def _with_room(self, decision: Decision, to: ToAgent) -> Decision:
        route = next((one for one in self._table.routes if one.name == decision.route), None)
        why_full = self._lobby.why_full(Place(agent=to.agent, route=decision.route))
        if not why_full:
            return decision
        answer = self._at_the_limit(route, to)
        return replace(decision, answer=answer, why=(*decision.why, why_full))

    def _at_the_limit(self, route: Route | None, to: ToAgent) -> Answer:
        """What a carrier is told while it can still be told: who is to wait, or goes to another agent, needs
        a line of ours first."""
        full = self._lobby.full_of(route)
        waiting = sum(one.route == (route.name if route else "") for one in self._lobby.waiting.values())
        if full.queue is not None and waiting < full.queue.callers_max:
            return to
        if isinstance(full.overflow, ToAgent):
            return to if not self._lobby.why_full(Place(agent=full.overflow.agent)) else Busy()
        return full.overflow

    # ------------------------------------------------------------------ `Switchboard`

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        """As the exchange's, or the end of the line.

        Raises:
            ConfigError: Unknown agent.
            CallFailed: No place, no queue, and nobody to overflow to.
        """
        route = None if arrival.outbound else route_of(self._table, called_of(arrival))
        call_id = arrival.call_id or self._new_id()
        arrival = replace(arrival, call_id=call_id)
        place = Place(agent=arrival.agent, route=route.name if route else "")
        if self._lobby.enter(call_id, place):
            return self._begin(arrival, sink, view)
        # Whom we have called ourselves is not made to wait for us.
        full = Full() if arrival.outbound or self._draining else self._lobby.full_of(route)
        queue = full.queue
        if queue is not None and self._lobby.wait(call_id, place, queue.callers_max):
            return self._wait(arrival, HeldLine(sink), view, full)
        return self._overflow_at_once(arrival, sink, view, full)

    def _begin(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        """The caller has his place. Raises: as `answer`; the place is given back."""
        try:
            return self._exchange.answer(arrival, sink, view)
        except AntiphonError:
            self._left(arrival.call_id)
            raise

    def _overflow_at_once(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None, full: Full
    ) -> tuple[str, MediaSource]:
        overflow = full.overflow
        if isinstance(overflow, ToAgent) and self._lobby.enter(arrival.call_id, Place(agent=overflow.agent)):
            self.counted["overflowed"] += 1
            return self._begin(replace(arrival, agent=overflow.agent), sink, view)
        self.counted["turned_away"] += 1
        if isinstance(overflow, Forward):
            # It got full between the webhook and the line; what comes after the line is asked for anyway.
            self._note_outcome(arrival, overflow.target)
        raise CallFailed("every line is busy")

    # ------------------------------------------------------------------ the queue

    def _wait(
        self, arrival: Arrival, held: HeldLine, view: CallerView | CallWatch | None, full: Full
    ) -> tuple[str, MediaSource]:
        call_id, kit = arrival.call_id, self._exchange.agents.get(arrival.agent)
        if kit is None:
            self._left(call_id)
            raise CallFailed(f"there is no agent {arrival.agent!r}")
        assert full.queue is not None, "nobody waits without one"
        wait = self._waits[call_id] = Wait(
            kit=kit, arrival=arrival, held=held, view=view, full=full, clock=self._clock
        )
        caller = wait.caller = WaitingCaller(
            kit,
            full.queue,
            note=wait.note,
            position=lambda: self._position(call_id),
            gone=lambda reason: self._gave_up(call_id, reason),
        )
        self.counted["queued"] += 1
        place = self._lobby.waiting[call_id]
        wait.note("queued", route=place.route, position=self._position(call_id))
        source, line = self._plane.attach(arrival.line_format, held, caller, arrival.lead_ms)
        held.connect(source)
        wait.limit = self._clock.call_later(full.queue.wait_max_ms, lambda: self._waited_enough(call_id))
        caller.begin(line)
        return call_id, held

    def _position(self, call_id: str) -> int:
        return self._lobby.position(call_id) if call_id in self._lobby.waiting else 1

    def _left(self, call_id: str) -> None:
        """A place is free: whose turn is it?"""
        for served in self._lobby.left(call_id):
            wait = self._waits.pop(served)
            self.counted["served"] += 1
            wait.note("served", waited_ms=wait.waited_ms)
            self._connect(wait, wait.arrival)

    def _waited_enough(self, call_id: str) -> None:
        wait = self._waits.get(call_id)
        if wait is None:
            return
        self._left(call_id)
        overflow = wait.full.overflow
        wait.note("queue_overflowed", waited_ms=wait.waited_ms, to=type(overflow).__name__.lower())
        if isinstance(overflow, ToAgent) and self._lobby.enter(call_id, Place(agent=overflow.agent)):
            del self._waits[call_id]
            self.counted["overflowed"] += 1
            self._connect(wait, replace(wait.arrival, agent=overflow.agent))
        elif isinstance(overflow, Forward) and wait.arrival.line == "phone":
            self._note_outcome(wait.arrival, overflow.target)
            self.counted["forwarded"] += 1
            self._end_wait(call_id, "queue_forwarded")
        else:
            self.counted["turned_away"] += 1
            assert wait.caller is not None, "who waits hears us"
            wait.caller.say_sorry()
            wait.limit = self._clock.call_later(
                SORRY_MAX_MS, lambda: self._end_wait(call_id, "queue_in_vain")
            )

    def _connect(self, wait: Wait, arrival: Arrival) -> None:
        """From the queue to the agent, on the line that is up."""
        wait.let_go()
        try:
            _, source = self._begin(arrival, wait.held, wait.view)
        except AntiphonError as error:
            log.error("queued_call_not_answered", call=arrival.call_id, reason=str(error))
            wait.keep_trace(self._calls_directory, "error", self._trace_keys)
            wait.held.end()
            return
        wait.held.connect(source)
        for _, kind, fields in wait.notes:
            self._exchange.note(arrival.call_id, kind, **fields)

    def _gave_up(self, call_id: str, reason: str) -> None:
        """His line is gone, or he has heard our last words on it."""
        wait = self._waits.get(call_id)
        if wait is None:
            return
        if reason == HEARD_SORRY:
            self._end_wait(call_id, "queue_in_vain")
            return
        self.counted["abandoned"] += 1
        self._end_wait(call_id, "caller_hangup" if reason == "hangup" else "error")

    def _end_wait(self, call_id: str, cause: str) -> None:
        wait = self._waits.pop(call_id, None)
        if wait is None:
            return
        wait.let_go()
        wait.keep_trace(self._calls_directory, cause, self._trace_keys)
        wait.held.end()
        self._left(call_id)

    # ------------------------------------------------------------------ what becomes of a call

    def _note_outcome(self, arrival: Arrival, target: str) -> None:
        outcome = Outcome(call_id=arrival.call_id, cause="queue_forwarded", escalate_to=target)
        for key in filter(None, (arrival.call_id, arrival.metadata.get("carrier_call", ""))):
            self._outcomes[key] = outcome
        while len(self._outcomes) > OUTCOMES_MAX:
            self._outcomes.popitem(last=False)

    # ------------------------------------------------------------------ the rest of `CallExchange`

    async def drain(self, timeout_ms: int) -> None:
        self._draining = True
        for call_id in list(self._waits):
            self._end_wait(call_id, "draining")
        await self._exchange.drain(timeout_ms)

    def active(self) -> list[object]:
        waiting = [
            WaitingCall(
                call_id=call_id,
                agent=wait.arrival.agent,
                line=wait.arrival.line,
                started_at=wait.began_at,
                position=self._position(call_id),
            )
            for call_id, wait in self._waits.items()
        ]
        return [*self._exchange.active(), *waiting]

    def end(self, call_id: str) -> None:
        if call_id in self._waits:
            self._end_wait(call_id, "operator")
        else:
            self._exchange.end(call_id)

    def pass_on(self, call_id: str, target: str) -> str:
        return self._exchange.pass_on(call_id, target)

    def operate(self, call_id: str, act: Act, digits: str = "") -> None:
        """Raises: ConfigError: No such call. CallFailed: It cannot be done, or the caller still waits."""
        if call_id in self._waits:
            raise CallFailed("the caller is still waiting for an agent")
        self._exchange.operate(call_id, act, digits)

    def tell_agent(self, call_id: str, words: str) -> None:
        """Raises: ConfigError: No such call. CallFailed: No agent has it yet."""
        if call_id in self._waits:
            raise CallFailed("the caller is still waiting for an agent")
        self._exchange.tell_agent(call_id, words)

    def outcome(self, key: str) -> Outcome | None:
        return self._outcomes.get(key) or self._exchange.outcome(key)

    def _new_id(self) -> str:
        at = datetime.fromtimestamp(self._clock.wall_time_ms() / 1000, tz=self._table.zone)
        return f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def called_of(arrival: Arrival) -> str:
    """What was called: the number of a signed webhook, what the line says, or the agent itself."""
    told: Mapping[str, Any] = arrival.metadata
    return str(told.get("called") or told.get("called_number") or arrival.agent)
