"""One warm transfer under way: carries out what the machine asks for, and tells it what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

import structlog

from antiphon.calls.control import commands as cmd
from antiphon.calls.control import events as ev
from antiphon.calls.control.person import PersonLeg
from antiphon.calls.control.state import Patience, Stage
from antiphon.calls.control.warm import WarmTransfer
from antiphon.calls.ports import CarrierControl, Dial
from antiphon.errors import (
    AntiphonError,
    ConfigError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.runtime.clock import Clock
from antiphon.runtime.media import Bridge
from antiphon.runtime.timers import Timers
from antiphon.runtime.transfers import WaitingCaller, Wanted

log = structlog.get_logger(__name__)

_NOT_DONE = (ProviderRejected, ProviderUnavailable, ConfigError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a transfer is carried out with.

    Attributes:
        place: Dials, once for each key.
        ended: Told once, when nothing of it is left.
    """

    control: CarrierControl
    place: Callable[[Dial], Coroutine[Any, Any, str]]
    dial: Dial
    briefing: tuple[str, ...]
    question: str
    clock: Clock
    patience: Patience
    ended: Callable[[], None]


class Underway:
    """Implements `runtime.transfers.Transfer`."""

    def __init__(self, wanted: Wanted, caller: WaitingCaller, means: Means) -> None:
        self._wanted: Wanted | None = wanted
        self._caller: WaitingCaller | None = caller
        self._call_id, self._means = caller.call_id, means
        self._machine = WarmTransfer(means.patience)
        self._began_ns = means.clock.now_ns()
        self._timers = Timers(means.clock, self._timer_fired)
        self._person: PersonLeg | None = None
        self._bridge: Bridge | None = None
        self._queue: list[ev.AnyEvent] = []
        self._stepping = False
        self._over = False
        self.tasks: set[asyncio.Task[None]] = set()  # Requests to the carrier under way.

    @property
    def wanted(self) -> Wanted:
        assert self._wanted is not None, "nobody asks once it is over"
        return self._wanted

    @property
    def caller(self) -> WaitingCaller:
        assert self._caller is not None, "nobody asks once it is over"
        return self._caller

    @property
    def awaits_person(self) -> bool:
        """A line of the person's would be of use."""
        return self._machine.state.stage is Stage.CALLING and self._person is None

    def begin(self) -> None:
        self.happened(ev.TransferAsked)

    # ------------------------------------------------------------------ what happens

    def happened(self, kind: Callable[..., ev.AnyEvent], **fields: Any) -> None:
        self.post(kind(at_ms=self.at_ms, **fields))

    @property
    def at_ms(self) -> int:
        return (self._means.clock.now_ns() - self._began_ns) // 1_000_000

    def post(self, event: ev.AnyEvent) -> None:
        """One event at a time; what happens inside a step waits for its end."""
        self._queue.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._queue:
                for command in self._machine.step(self._queue.pop(0)):
                    _CARRY_OUT[type(command)](self, command)
        finally:
            self._stepping = False
        if self._machine.is_over and not self._over:
            self._over = True
            self._timers.clear()
            # It is remembered for a call that still rings; the caller, what he said and both lines are not.
            self._wanted = self._caller = self._person = None
            self._means = replace(self._means, briefing=())
            self._means.ended()

    def person_is_there(self, person: PersonLeg) -> None:
        """His line is up."""
        self._person = person
        self.happened(ev.PersonMediaStarted, call_id=person.call_id)

    # `Transfer`: from the caller's call.

    def caller_spoke(self) -> None:
        self.happened(ev.VoiceHeard, caller=True)

    def caller_left(self) -> None:
        self.happened(ev.CallerLeft)

    def call_off(self) -> None:
        self.happened(ev.TransferCancelled)

    def _timer_fired(self, name: str, due_ms: int) -> None:
        self.post(ev.TimerFired(at_ms=max(self.at_ms, due_ms), timer=name))

    # ------------------------------------------------------------------ what is asked for

    def _place(self, command: cmd.PlaceCall) -> None:
        self.caller.note("transfer_dialled", carrier=self._means.control.carrier, reason=self.wanted.reason)
        self._spawn(self._dial(), "dial")

    async def _dial(self) -> None:
        try:
            call_id = await self._means.place(self._means.dial)
        except AntiphonError as error:
            certain = isinstance(error, _NOT_DONE)
            log.warning("transfer_not_placed", call=self._call_id, reason=str(error), certain=certain)
            if self._caller is not None:
                self._caller.note("transfer_not_placed", reason=str(error), certain=certain)
            self.happened(ev.PlacingFailed, reason=str(error), certain=certain)
        else:
            log.info("transfer_placed", call=self._call_id, leg=call_id)
            self.happened(ev.CallPlaced, call_id=call_id)

    def _hang_up(self, command: cmd.HangUp) -> None:
        if self._person is not None and self._person.call_id == command.call_id:
            self._person.close()
        self._spawn(self._end_call(command.call_id), "hang up")

    async def _end_call(self, call_id: str) -> None:
        try:
            await self._means.control.hang_up(call_id)
        except AntiphonError as error:
            log.warning("hang_up_failed", call=self._call_id, reason=str(error))
            self.happened(ev.HangUpFailed, call_id=call_id)

    def _brief(self, command: cmd.Brief) -> None:
        if self._person is not None:
            self._person.say(*self._means.briefing, self._means.question)

    def _ask_again(self, command: cmd.AskAgain) -> None:
        if self._person is not None:
            self._person.say(self._means.question)

    def _open_bridge(self, command: cmd.OpenBridge) -> None:
        assert self._person is not None, "who accepted is there"
        self._person.hush()
        self.caller.person_joined()
        self.caller.note("transfer_bridged", after_ms=self.at_ms)
        self._bridge = Bridge(self.caller.line, self._person.line)

    def _close_bridge(self, command: cmd.CloseBridge) -> None:
        if self._bridge is not None:
            self._bridge.close()
            self._bridge = None

    def _leave(self, command: cmd.LeaveThem) -> None:
        if self._person is not None:
            self._person.hear_no_more()
        self.caller.handed_over()

    def _return_caller(self, command: cmd.ReturnCaller) -> None:
        log.warning("transfer_failed", call=self._call_id, result=command.result)
        self.caller.note("transfer_failed", result=command.result, after_ms=self.at_ms)
        self.caller.failed(command.result)

    def _end_caller(self, command: cmd.EndCaller) -> None:
        self.caller.person_left()

    def _leg_over(self, command: cmd.LegOver) -> None:
        log.info("transfer_leg_over", call=self._call_id, how=command.how, certain=command.certain)
        self.caller.note("transfer_leg_over", how=command.how, certain=command.certain)
        if self._person is not None:
            self._person.close()

    def _set_timer(self, command: cmd.SetTimer) -> None:
        self._timers.set(command.timer, command.due_ms, self.at_ms)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"{name} for {self._call_id}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


# Any: each method takes exactly the command type it is filed under.
_CARRY_OUT: dict[type[cmd.Command], Callable[[Underway, Any], None]] = {
    cmd.PlaceCall: Underway._place,
    cmd.HangUp: Underway._hang_up,
    cmd.Brief: Underway._brief,
    cmd.AskAgain: Underway._ask_again,
    cmd.OpenBridge: Underway._open_bridge,
    cmd.CloseBridge: Underway._close_bridge,
    cmd.LeaveThem: Underway._leave,
    cmd.ReturnCaller: Underway._return_caller,
    cmd.EndCaller: Underway._end_caller,
    cmd.LegOver: Underway._leg_over,
    cmd.SetTimer: Underway._set_timer,
    cmd.CancelTimer: lambda underway, command: underway._timers.cancel(command.timer),
}
