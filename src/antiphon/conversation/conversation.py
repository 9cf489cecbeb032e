"""`step()`: one event in, the commands it calls for out. Dispatch only; behaviour lives in the files beside.

Two rules for editors: no clock, no I/O, no randomness in this room; and every path that stops the agent or
the caller leaves a timer pending, until `EndCall`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.conversation import (
    answering,
    asked,
    drafts,
    ending,
    floor,
    handover,
    keypad,
    line_quality,
    playing,
    push_to_talk,
    rehearing,
    replies,
    silence,
    spans,
    tools,
    turns,
    unified,
    vendor_turns,
)
from antiphon.conversation import events as ev
from antiphon.conversation.commands import Command
from antiphon.conversation.policy import Policy
from antiphon.conversation.state import Phase, State


class Conversation:
    """One call's turn-taking as a pure state machine.

    `step` is total over well-formed events, deterministic and synchronous. Call time is on the event, in
    integer milliseconds since the call began, and never decreases.
    """

    __slots__ = ("state",)

    def __init__(self, policy: Policy) -> None:
        self.state = State(policy=policy, unified=policy.unified)

    @property
    def phase(self) -> Phase:
        return self.state.phase

    def step(self, event: ev.AnyEvent) -> list[Command]:
        """Take one event; return the commands it calls for."""
        state = self.state
        assert event.at_ms >= state.now_ms, "the call clock never runs backwards"
        state.now_ms = event.at_ms
        state.commands = []
        if state.phase is Phase.ENDED:
            return []
        if isinstance(event, ev.TimerFired):
            self._timer(event)
        elif state.waits is None or not handover.take(state, event):
            handler = _HANDLERS[type(event)]
            if state.phase is Phase.SCREENING:
                handler = answering.WHILE_SCREENING.get(type(event), handler)
            handler(state, event)
        if state.put_off:
            ending.leave_if_heard(state)
        return state.commands

    def give_up(self, detail: str) -> list[Command]:
        """The driver broke: close the conversation as any end does, so that what was heard is told once."""
        self.state.commands = []
        ending.end(self.state, cause="error", detail=detail)
        return self.state.commands

    def _timer(self, event: ev.TimerFired) -> None:
        state = self.state
        due_ms = state.timers.get(event.timer)
        if due_ms is None or state.now_ms < due_ms:
            return  # Cancelled or re-armed while the expiry was under way.
        del state.timers[event.timer]
        _TIMERS[event.timer](state)


def _started(state: State, event: ev.CallStarted) -> None:
    state.call_id = event.call_id
    state.set_timer("call_limit", event.at_ms + state.policy.silence.call_max_ms)
    if not (event.screened is True and answering.begin(state)):
        replies.start(state, kind="greeting")


def _hung_up(state: State, event: ev.CallerHungUp) -> None:
    cause = "escalated" if event.reason == ev.PASSED_ON else "caller_hangup"
    ending.end(state, cause=cause, detail=event.reason)


def _line_failed(state: State, event: ev.LineFailed) -> None:
    ending.end(state, cause="error", detail=event.reason)


def _operator(state: State, event: ev.OperatorEnded) -> None:
    if event.now:
        ending.end(state, cause="operator")
    else:
        ending.leave(state, reason="operator")


def _time_limit(state: State) -> None:
    if state.waits is not None:
        ending.end(state, cause="time_limit")
        return
    ending.leave(state, reason="time_limit")


def _cost_reached(state: State, event: ev.CostReached) -> None:
    limit_usd = state.policy.silence.call_cost_max_usd
    if limit_usd and event.cost_usd >= limit_usd:
        ending.leave(state, reason="cost_limit")


def _goodbye_overdue(state: State) -> None:
    if state.put_off:
        ending.last_words(state, state.leaving)  # What had to be heard does not come to its end.
        return
    ending.end(state, cause=state.leaving or "error", detail="goodbye was not heard in time")


def _tool_finished(state: State, event: ev.ToolFinished) -> None:
    """The runtime gives the result to whoever waits; the core only needs to know that life goes on."""
    tools.settled(state, event.tool_call_id)
    reply = state.reply
    if reply is None or event.tool_call_id not in reply.tools:
        return  # Asked for by a reply that was given up, or answered twice: no progress of this one.
    reply.tools.discard(event.tool_call_id)
    if state.phase is not Phase.HOLDING:
        replies.progressed(state)


# Any: each function takes exactly the event type it is filed under.
_HANDLERS: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.CallStarted: _started,
    ev.AnswererJudged: answering.judged,
    ev.BeepHeard: answering.beep,
    ev.SpeechStarted: turns.speech_started,
    ev.SpeechStopped: turns.speech_stopped,
    ev.VoiceWeighed: floor.weighed,
    ev.TranscriptPartial: turns.transcript_partial,
    ev.TranscriptFinal: turns.transcript_final,
    ev.EndOfTurnScored: turns.scored,
    ev.TurnSignalled: vendor_turns.signalled,
    ev.TalkPressed: push_to_talk.pressed,
    ev.TalkReleased: push_to_talk.released,
    ev.TextTyped: asked.typed,
    ev.StopAsked: asked.stop,
    ev.ReplyText: replies.text,
    ev.AnswerExpected: replies.expected,
    ev.TurnUnderstood: turns.understood,
    ev.ReplyFinished: replies.finished,
    ev.ReplyFailed: replies.failed,
    ev.ReplyOverruled: unified.overruled,
    ev.SessionLost: unified.session_lost,
    ev.ChunkSynthesized: replies.synthesized,
    ev.ChunkCut: replies.chunk_cut,
    ev.SynthesisFailed: replies.synthesis_failed,
    ev.PlayoutStarted: playing.started,
    ev.PlayoutMark: playing.marked,
    ev.PlayoutPaused: playing.marked,
    ev.PlayoutFlushed: playing.flushed,
    ev.PlayoutFinished: playing.finished,
    ev.ToolRequested: tools.requested,
    ev.ToolFinished: _tool_finished,
    ev.DtmfReceived: keypad.key,
    ev.CallerHungUp: _hung_up,
    ev.OperatorEnded: _operator,
    ev.OperatorTransfers: handover.operator_transfers,
    ev.OperatorHolds: handover.operator_holds,
    ev.OperatorResumes: handover.unasked,
    ev.OperatorTakesOver: handover.operator_takes_over,
    ev.OperatorGivesBack: handover.unasked,
    ev.PersonJoined: handover.unasked,
    ev.HandedOver: handover.unasked,
    ev.HandoverFailed: handover.unasked,
    ev.PersonLeft: handover.unasked,
    ev.CostReached: _cost_reached,
    ev.LineGraded: line_quality.graded,
    ev.LineFailed: _line_failed,
}

_TIMERS: dict[str, Callable[[State], None]] = {
    "call_limit": _time_limit,
    "answerer": answering.nobody_judged,
    "no_beep": answering.machine_is_silent,
    "machine_greeting": answering.greeting_never_ends,
    "stop_silence": turns.stop_silence_passed,
    "final_wait": turns.final_wait_passed,
    "noise": turns.only_noise,
    "hold": floor.hold_passed,
    "silence": silence.caller_is_silent,
    "span": spans.due,
    "filler": silence.fill,
    "dry": playing.ran_dry,
    "reply_deadline": replies.deadline_passed,
    "goodbye": _goodbye_overdue,
    "dtmf": keypad.waited,
    "stable_partial": drafts.partial_is_stable,
    "vendor_turn": vendor_turns.nothing_was_said,
    "person": handover.waited_enough,
    "line_poor": line_quality.became_poor,
    "line_good": line_quality.became_good,
    "rehearing": rehearing.overdue,
    "talk": push_to_talk.release_is_lost,
    "talk_tail": push_to_talk.tail_passed,
}
