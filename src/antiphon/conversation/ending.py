"""Ends. Every path out of a call goes through here, so that what was heard is always accounted for."""

from __future__ import annotations

from antiphon.conversation import floor, heard, turns
from antiphon.conversation.commands import CancelReply, EndCall, Escalate, FlushPlayout, ReportHeard
from antiphon.conversation.state import Phase, State


def end(state: State, *, cause: str, detail: str = "") -> None:
    """Close the conversation now. Anything still open is folded into the record first."""
    if state.phase is Phase.ENDED:
        return
    turns.drop_draft(state)
    for reply in (state.filler, state.reply):
        if reply is None:
            continue
        if not reply.finished and reply.kind not in ("filler", "trouble"):
            state.emit(CancelReply(reply_id=reply.id))
        if reply.playing:
            state.emit(FlushPlayout(reply_id=reply.id))
        _report(state, reply.id, heard.heard_text(reply.chunks, reply.heard_ms))
    for reply_id, reply in state.closing.items():
        _report(state, reply_id, heard.heard_text(reply.chunks, reply.heard_ms))
    state.filler = state.reply = None
    state.closing.clear()
    state.cancel_timer(*list(state.timers))
    state.phase = Phase.ENDED
    state.emit(EndCall(cause=cause, detail=detail))


def _report(state: State, reply_id: str, text: str) -> None:
    state.emit(ReportHeard(reply_id=reply_id, text=text, complete=False))


def escalate(state: State, *, reason: str, summary: str) -> None:
    state.emit(Escalate(reason=reason, summary=summary))
    end(state, cause="escalated", detail=reason)


def give_up_speech(state: State) -> None:
    """Stop saying and preparing anything; the caller's turn, if any, stays."""
    floor.drop_speech(state)
    state.cancel_timer("hold")
