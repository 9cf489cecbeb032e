"""What the other end of a line may ask for besides talking: to be answered in writing's stead, or silence.

Both are decided acts, like a pressed key: they take the floor at once, except from what must be heard.
"""

from __future__ import annotations

from antiphon.conversation import floor, keypad, silence, turns
from antiphon.conversation.commands import NoteUtterance
from antiphon.conversation.events import StopAsked, TextTyped
from antiphon.conversation.state import Phase, State

_OURS = (Phase.THINKING, Phase.SPEAKING, Phase.HOLDING)


def typed(state: State, event: TextTyped) -> None:
    """Words and typed text of one turn are answered together, like words and keys."""
    if not _may(state):
        state.emit(NoteUtterance(kind="late", text=event.text))
        return
    turns.drop_draft(state)
    state.cancel_timer("silence", "hold")
    if state.phase is not Phase.LISTENING:
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
    turn = state.turn
    parts = keypad.together(state, turn)
    if turn is not None:
        turns.close(state, turn)
    turns.take(state, " ".join([*parts, event.text]), state.now_ms)
    if turn is not None and turn.voiced:
        turns.open_again(state)


def stop(state: State, event: StopAsked) -> None:
    """Drop what is being said or prepared; nobody has taken the floor, so silence has its usual bound."""
    if state.phase not in _OURS or not _may(state):
        return
    turn = state.turn
    floor.yield_to_caller(state)
    if turn is None:
        silence.wait_for_caller(state)


def _may(state: State) -> bool:
    return (
        state.phase in (Phase.LISTENING, *_OURS)
        and state.waits is None
        and state.leaving in ("", "silence")
        and not floor.protected(state)
    )
