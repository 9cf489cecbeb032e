"""Endpointing by the recogniser's own turn events; by our silence when it says nothing for too long.

A vendor that misses a turn altogether is not waited for again until it gives a sign of life.
"""

from __future__ import annotations

from antiphon.conversation import drafts, endpointing, floor, turns, unified, words
from antiphon.conversation.commands import ScoreEndOfTurn
from antiphon.conversation.events import TurnSignalled
from antiphon.conversation.state import Phase, State, Turn

# A vendor's end this soon after a voice began was decided without it: the caller goes on.
UNHEARD_MS = 700


def decides(state: State) -> bool:
    return state.policy.turn.endpointing == "provider" and not state.vendor_silent


def watch(state: State) -> None:
    """Count the vendor's silence from now."""
    state.set_timer("vendor_turn", state.now_ms + state.policy.turn.provider_wait_ms)


def signalled(state: State, event: TurnSignalled) -> None:
    """News of the turn. Of one that is settled already, or that nobody heard, they change nothing."""
    if state.policy.turn.endpointing != "provider":
        return
    if event.moment == "lost":
        _lost(state)
        return
    state.vendor_silent = False
    turn = state.turn
    if turn is None:
        if event.moment == "started":
            unified.vendor_hears(state)
        return
    turn.claimed = True
    if event.moment == "ended":
        _ended(state, turn, event.text)
        return
    if event.moment == "eager_end" and state.phase is Phase.LISTENING:
        drafts.begin(state, event.text or turn.text())
    elif event.moment == "resumed":
        turns.drop_draft(state)
        turn.overdue = False
        state.cancel_timer("final_wait", "stable_partial")
    if not turn.voiced and not turn.overdue:
        watch(state)


def nothing_was_said(state: State) -> None:
    """The vendor has let a pause pass: end the turn ourselves."""
    turn = state.turn
    if turn is None or turn.voiced or unified.vendor_was_wrong(state, turn):
        return
    if not turn.overdue:
        state.vendor_silent = not turn.claimed
    _over(state, turn)


def _lost(state: State) -> None:
    """Whoever takes over may end turns too; it shows by doing so. Until then our own silence does."""
    state.vendor_silent = True
    state.cancel_timer("vendor_turn")
    turn = state.turn
    if turn is None or turn.voiced or turn.overdue:
        return
    state.emit(ScoreEndOfTurn(ended_ms=turn.ended_ms))
    if state.phase is Phase.LISTENING:
        due_ms = turn.ended_ms + endpointing.wait_ms(state, turn)
        state.set_timer("stop_silence", max(state.now_ms, due_ms))


def _ended(state: State, turn: Turn, text: str) -> None:
    if turn.voiced and state.now_ms - turn.voiced_at_ms < UNHEARD_MS:
        return
    turn.told = text
    _over(state, turn)


def _over(state: State, turn: Turn) -> None:
    """Take the turn, with the final that belongs to it, or without when that does not come."""
    turn.overdue = True
    state.cancel_timer("vendor_turn", "stop_silence")
    if not turn.finals_due and not _is_final(turn):
        turns.ask(state, turn)
    if state.phase is not Phase.LISTENING:
        floor.judge(state, turn)
    if state.turn is not turn or state.phase is not Phase.LISTENING:
        return
    if turn.finals_due:
        state.set_timer("final_wait", state.now_ms + state.policy.turn.final_wait_ms)
    else:
        turns.commit(state, turn)


def _is_final(turn: Turn) -> bool:
    """Nothing is missing: every segment has its final, or the vendor's whole turn reads like what we have."""
    if turn.segments and not turn.partials:
        return True
    return bool(turn.told) and words.same_words(turn.told, turn.raw_text())
