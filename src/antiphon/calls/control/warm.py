"""`step()`: one event of a warm transfer in, the commands it calls for out.

Two rules for editors: no clock and no I/O in this file; and every way out settles the caller once and dooms
the leg, so that nobody is left alone on a line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.calls.control import commands as cmd
from antiphon.calls.control import events as ev
from antiphon.calls.control import leg
from antiphon.calls.control.state import LegPhase, Patience, Stage, State

_WAITS = ("decide", "brief", "heard")
_RESULTS: dict[str, cmd.Result] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "cancelled": "no_answer",
    "failed": "failed",
    "completed": "lost",
}


class WarmTransfer:
    """One transfer as a pure state machine: total, deterministic, synchronous."""

    __slots__ = ("state",)

    def __init__(self, patience: Patience | None = None) -> None:
        self.state = State(patience=patience or Patience())

    @property
    def is_over(self) -> bool:
        """Nothing is left to do: the caller is settled and the leg has ended."""
        return self.state.stage is Stage.SETTLED and self.state.leg.phase is LegPhase.OVER

    def step(self, event: ev.AnyEvent) -> list[cmd.Command]:
        """Take one event; return the commands it calls for."""
        state = self.state
        state.now_ms = max(state.now_ms, event.at_ms)
        state.commands = []
        if isinstance(event, ev.TimerFired):
            self._timer(event)
        else:
            _TAKE[type(event)](state, event)
        return state.commands

    def _timer(self, event: ev.TimerFired) -> None:
        state = self.state
        due_ms = state.timers.get(event.timer)
        if due_ms is None or state.now_ms < due_ms:
            return  # Cancelled or re-armed while the expiry was under way.
        del state.timers[event.timer]
        _TIMERS[event.timer](state)


# ------------------------------------------------------------------ the person's leg


def _asked(state: State, event: ev.TransferAsked) -> None:
    if state.stage is Stage.CALLING and state.leg.phase is LegPhase.UNASKED:
        leg.place(state)


def _placed(state: State, event: ev.CallPlaced) -> None:
    if leg.is_ours(state, event.call_id):
        leg.reached(state, LegPhase.PLACED)


def _placing_failed(state: State, event: ev.PlacingFailed) -> None:
    if state.leg.phase is not LegPhase.ASKED:
        return  # A webhook was quicker and knows better.
    if event.certain:
        leg.over(state, "not placed")
        _give_back(state, "failed")
    elif not state.leg.doomed:
        state.set_timer("unknown", state.patience.unknown_ms)


def _ringing(state: State, event: ev.PersonRinging) -> None:
    if leg.is_ours(state, event.call_id):
        leg.reached(state, LegPhase.PLACED)


def _answered(state: State, event: ev.PersonAnswered) -> None:
    if not leg.is_ours(state, event.call_id):
        return
    leg.reached(state, LegPhase.ANSWERED)
    state.cancel_timer("ring")
    if event.machine:
        _machine(state)
    elif state.stage is Stage.CALLING:
        state.set_timer("media", state.patience.media_ms)


def _ended(state: State, event: ev.PersonEnded) -> None:
    if not leg.is_ours(state, event.call_id):
        return
    leg.over(state, event.how)
    _person_is_gone(state, _RESULTS[event.how])


def _media_started(state: State, event: ev.PersonMediaStarted) -> None:
    if not leg.is_ours(state, event.call_id):
        return
    leg.reached(state, LegPhase.ANSWERED)  # The webhook of the answer may come after.
    state.cancel_timer("ring", "media")
    if state.stage is Stage.CALLING:
        state.stage = Stage.BRIEFING
        state.emit(cmd.Brief())
        state.set_timer("brief", state.patience.brief_ms)


def _media_stopped(state: State, event: ev.PersonMediaStopped) -> None:
    if leg.is_ours(state, event.call_id):
        _person_is_gone(state, "lost")


def _person_is_gone(state: State, result: cmd.Result) -> None:
    """By what his carrier or his line says. What that means for the caller depends on how far they were."""
    if state.stage is Stage.BRIEFING:
        result = "declined"  # He heard what it is about, and hung up.
    if state.stage is Stage.PARTED:
        state.emit(cmd.CloseBridge())
        _settle(state)
        state.emit(cmd.EndCaller())
        leg.doom(state)
    else:
        _give_back(state, result)


def _hang_up_failed(state: State, event: ev.HangUpFailed) -> None:
    if event.call_id == state.leg.call_id and state.leg.doomed and state.leg.phase is not LegPhase.OVER:
        state.set_timer("gone", state.patience.gone_ms)


# ------------------------------------------------------------------ what the person says


def _brief_heard(state: State, event: ev.BriefHeard) -> None:
    if state.stage is Stage.BRIEFING:
        state.cancel_timer("brief")
        state.set_timer("decide", state.patience.decide_ms)


def _accepted(state: State, event: ev.PersonAccepted) -> None:
    if state.stage is Stage.BRIEFING:
        state.cancel_timer(*_WAITS)
        state.stage = Stage.BRIDGED
        state.emit(cmd.OpenBridge())
        state.set_timer("heard", state.patience.heard_ms)


def _declined(state: State, event: ev.PersonDeclined) -> None:
    if state.stage is Stage.BRIEFING:
        _give_back(state, "declined")


def _machine_heard(state: State, event: ev.MachineHeard) -> None:
    _machine(state)


def _machine(state: State) -> None:
    # Past the briefing somebody has pressed a key, and no detector knows better.
    if state.stage in (Stage.CALLING, Stage.BRIEFING):
        _give_back(state, "voicemail")


def _undecided(state: State) -> None:
    if state.asked_again:
        _give_back(state, "no_answer")
        return
    state.asked_again = True
    state.emit(cmd.AskAgain())
    state.set_timer("brief", state.patience.brief_ms)


def _voice_heard(state: State, event: ev.VoiceHeard) -> None:
    if state.stage is not Stage.BRIDGED:
        return
    state.caller_heard |= event.caller
    state.person_heard |= not event.caller
    if state.person_heard:
        state.cancel_timer("heard")
    if state.caller_heard and state.person_heard:
        state.stage = Stage.PARTED
        state.emit(cmd.LeaveThem())


# ------------------------------------------------------------------ the caller


def _caller_left(state: State, event: ev.CallerLeft) -> None:
    if state.stage is Stage.BRIDGED or state.stage is Stage.PARTED:
        state.emit(cmd.CloseBridge())
    _settle(state)
    leg.doom(state)


def _cancelled(state: State, event: ev.TransferCancelled) -> None:
    if state.stage is not Stage.PARTED:  # Nobody is taken out of a talk that is under way.
        _give_back(state, "cancelled")


def _give_back(state: State, result: cmd.Result) -> None:
    """The caller is with the agent again, and the leg goes. Once: who is settled stays so."""
    if state.stage is Stage.SETTLED:
        return
    if state.stage in (Stage.BRIDGED, Stage.PARTED):
        state.emit(cmd.CloseBridge())
    _settle(state)
    state.emit(cmd.ReturnCaller(result=result))
    leg.doom(state)


def _settle(state: State) -> None:
    state.stage = Stage.SETTLED
    state.cancel_timer(*_WAITS)


def _unknown_passed(state: State) -> None:
    leg.unknown_passed(state)
    _give_back(state, "failed")


def _too_long(result: cmd.Result) -> Callable[[State], None]:
    return lambda state: _give_back(state, result)


# Any: each function takes exactly the event type it is filed under.
_TAKE: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.TransferAsked: _asked,
    ev.CallPlaced: _placed,
    ev.PlacingFailed: _placing_failed,
    ev.PersonRinging: _ringing,
    ev.PersonAnswered: _answered,
    ev.PersonEnded: _ended,
    ev.PersonMediaStarted: _media_started,
    ev.PersonMediaStopped: _media_stopped,
    ev.BriefHeard: _brief_heard,
    ev.PersonAccepted: _accepted,
    ev.PersonDeclined: _declined,
    ev.MachineHeard: _machine_heard,
    ev.VoiceHeard: _voice_heard,
    ev.CallerLeft: _caller_left,
    ev.TransferCancelled: _cancelled,
    ev.HangUpFailed: _hang_up_failed,
}

_TIMERS: dict[str, Callable[[State], None]] = {
    "ring": _too_long("no_answer"),
    "unknown": _unknown_passed,
    "media": _too_long("failed"),
    "brief": _too_long("no_answer"),
    "decide": _undecided,
    "heard": _too_long("lost"),
    "gone": leg.gone_passed,
}
