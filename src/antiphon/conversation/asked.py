"""What the other end of a line may ask for besides talking: to be answered in writing's stead, or silence.

Both are decided acts, like a pressed key: they take the floor at once, except from what must be heard. What
is typed over that is kept and answered right after it.
"""

from __future__ import annotations

from antiphon.conversation import floor, keypad, silence, spans, turns
from antiphon.conversation.commands import NoteUtterance
from antiphon.conversation.events import StopAsked, TextTyped
from antiphon.conversation.state import Phase, State

_OURS = (Phase.THINKING, Phase.SPEAKING, Phase.HOLDING)
TYPED_MAX = 16_000  # Characters kept for after what must be heard.


def typed(state: State, event: TextTyped) -> None:
    """Words and typed text of one turn are answered together, like words and keys."""
    if not _may(state) or len(state.typed) + len(event.text) > TYPED_MAX:
        state.emit(NoteUtterance(kind="late", text=event.text))
        return
    if not state.typed:
        state.typed_at_ms = state.now_ms
    state.typed = f"{state.typed} {event.text}".strip()
    if floor.protected(state):
        spans.watch(state)
    else:
        answer_typed(state)


def answer_typed(state: State) -> bool:
    """Take what was typed as his turn, if anything was; nothing that must be heard is in the way."""
    if not state.typed:
        return False
    turns.drop_draft(state)
    state.cancel_timer("silence", "hold")
    if state.phase is not Phase.LISTENING:
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
    turn = state.turn
    parts = keypad.together(state, turn)
    if turn is not None:
        turns.close(state, turn)
    turns.take(state, " ".join(parts), state.now_ms)
    if turn is not None and turn.voiced:
        turns.open_again(state)
    return True


def stop(state: State, event: StopAsked) -> None:
    """Drop what is being said or prepared; nobody has taken the floor, so silence has its usual bound."""
    if state.phase not in _OURS or not _may(state) or floor.protected(state):
        return
    turn = state.turn
    floor.yield_to_caller(state)
    if turn is None and state.phase is Phase.LISTENING:
        silence.wait_for_caller(state)


def _may(state: State) -> bool:
    return (
        state.phase in (Phase.LISTENING, *_OURS) and state.waits is None and state.leaving in ("", "silence")
    )
