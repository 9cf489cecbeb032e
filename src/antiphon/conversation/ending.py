"""Ends. Every path out of a call goes through here, so that what was heard is always accounted for."""

from __future__ import annotations

from antiphon.conversation import floor, handover, heard, keypad, silence, spans, turns
from antiphon.conversation.commands import (
    CancelReply,
    EndCall,
    Escalate,
    FlushPlayout,
    NoteUtterance,
    ReportHeard,
)
from antiphon.conversation.state import Phase, Reply, State

# The line is gone: only what it proved before counts. Elsewhere the clock knows up to this moment.
_LINE_IS_GONE = ("caller_hangup", "error")


def end(state: State, *, cause: str, detail: str = "") -> None:
    """Close the conversation now. Anything still open is folded into the record first."""
    if state.phase is Phase.ENDED:
        return
    turns.drop_draft(state)
    for reply in (state.filler, state.reply):
        if reply is None:
            continue
        if not reply.finished and reply.kind not in ("filler", "trouble", "line", "message"):
            state.emit(CancelReply(reply_id=reply.id))
        if reply.playing:
            if cause not in _LINE_IS_GONE:
                reply.heard_ms = max(reply.heard_ms, heard.position_ms(state, reply))
            state.emit(FlushPlayout(reply_id=reply.id))
        _report(state, reply, heard.heard_text(reply.chunks, reply.heard_ms))
    for reply in state.closing.values():
        _report(state, reply, heard.heard_text(reply.chunks, reply.heard_ms))
    state.filler = state.reply = None
    state.closing.clear()
    _note_unanswered(state)
    state.cancel_timer(*list(state.timers))
    state.phase = Phase.ENDED
    state.emit(EndCall(cause=cause, detail=detail))


def _report(state: State, reply: Reply, text: str) -> None:
    protected = heard.protected_heard(reply.chunks, reply.heard_ms)
    state.emit(ReportHeard(reply_id=reply.id, text=text, complete=False, protected=protected))


def _note_unanswered(state: State) -> None:
    """Nobody will answer these words and keys any more, but they were said."""
    turn = state.turn
    state.turn = None
    for text in keypad.together(state, turn, raw=True):
        state.emit(NoteUtterance(kind="late", text=text))


def leave(state: State, *, reason: str) -> None:
    """A limit is reached, or an operator asks politely. What must be heard, and has begun, comes first: the
    law does not know our limits."""
    if state.leaving not in ("", "silence"):
        return  # We are leaving already; a second limit must not begin the goodbye again.
    if state.phase is Phase.SCREENING:
        end(state, cause=reason)  # There is nobody yet to say goodbye to.
        return
    if not spans.under_way(state):
        last_words(state, reason)
        return
    state.leaving, state.put_off = reason, True
    state.set_timer("goodbye", state.now_ms + state.policy.silence.goodbye_max_ms)
    spans.watch(state)


def leave_if_heard(state: State) -> bool:
    """Say the goodbye that was put off, if nothing stands before it any more."""
    if not state.put_off or state.phase is Phase.ENDED or spans.under_way(state):
        return False
    last_words(state, state.leaving)
    return True


def last_words(state: State, reason: str) -> None:
    """Drop what is being said or prepared, keep on record what the caller was saying, and say goodbye."""
    state.put_off = False
    give_up_speech(state)
    turns.drop_draft(state)
    turn = state.turn
    parts = keypad.together(state, turn, raw=True)
    if turn is not None:
        turns.close(state, turn)
    if parts:
        state.emit(NoteUtterance(kind="late", text=" ".join(parts)))
    silence.say_goodbye(state, reason=reason)


def escalate(state: State, *, reason: str, summary: str) -> None:
    state.emit(Escalate(reason=reason, summary=summary))
    if handover.keeps_caller(state, reason):
        handover.begin(state)
        return
    end(state, cause="escalated", detail=reason)


def give_up_speech(state: State) -> None:
    """Stop saying and preparing anything; the caller's turn, if any, stays."""
    floor.drop_speech(state)
    state.cancel_timer("hold")
