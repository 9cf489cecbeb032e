"""Keys as first-class input: collected until #, a pause or the one key asked for; mixed with speech.

Words and keys of one turn are answered together, in the order in which they began, and neither ends the
other's: keys wait for the final transcript of what was said before them, speech goes on while somebody types.
"""

from __future__ import annotations

from operator import itemgetter

from antiphon.conversation import echoes, endpointing, floor, push_to_talk, silence, turns, words
from antiphon.conversation.commands import NoteUtterance
from antiphon.conversation.events import DtmfReceived
from antiphon.conversation.state import Phase, State, Turn

KEYS_MAX = 64
ONE_KEY_ANSWERS = ("choice", "yes_no")


def key(state: State, event: DtmfReceived) -> None:
    """A pressed key is a decided act: it takes the floor at once, except from what must be heard."""
    digit = event.digit
    turns.drop_draft(state)
    if floor.protected(state):
        _add(state, digit)  # "#" too: with what is typed after it, this is one answer for later.
        return
    alone = _answers_alone(state)
    if state.keys_ended and state.phase is Phase.LISTENING:
        take(state)  # The next answer begins.
    state.cancel_timer("silence", "hold")
    if state.phase is not Phase.LISTENING:
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
        if state.turn is not None and not state.turn.voiced:
            state.set_timer("stop_silence", state.turn.ended_ms + endpointing.wait_ms(state, state.turn))
    if digit == "*" and state.keys:
        _clear(state)
        return
    if digit != "#" or not state.keys:
        _add(state, digit)
    if digit == "#" or alone or len(state.keys) >= KEYS_MAX:
        _end(state, "key")


def waited(state: State) -> None:
    """No further key came, or no final transcript of what was said before the last one."""
    if not state.keys:
        return
    if floor.protected(state):
        state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)
    elif state.phase is not Phase.LISTENING:
        state.emit(NoteUtterance(kind="late", text=forget(state)))
    elif not state.keys_ended:
        _end(state, "gap")
    elif state.turn is None or not state.turn.voiced or not _talks_on(state, state.turn):
        take(state)


def spoken(state: State, turn: Turn) -> bool:
    """A final came after the keys had ended: true when that completed the answer."""
    if turn.finals_due or state.phase is not Phase.LISTENING:
        return False
    if _talks_on(state, turn):
        state.cancel_timer("dtmf")
        return False
    take(state)
    return True


def take(state: State) -> None:
    """Words and keys are one turn."""
    turn = state.turn
    parts = together(state, turn)
    if turn is not None:
        turns.close(state, turn)
        if turn.raw_text() and not turn.text():
            echoes.note(state, turn)
    turns.take(state, " ".join(parts), state.now_ms)
    if turn is not None and turn.voiced:
        turns.open_again(state)


def together(state: State, turn: Turn | None, *, raw: bool = False) -> list[str]:
    """Words (`raw`: with the echo in them), keys and typed text of one turn, what began first first. Keys and
    text are used up."""
    parts = [(turn.onset_ms, turn.raw_text() if raw else turn.text())] if turn is not None else []
    if state.keys:
        parts.append((state.keys_at_ms, forget(state)))
    if state.typed:
        parts.append((state.typed_at_ms, state.typed))
        state.typed = ""
    return [text for _, text in sorted(parts, key=itemgetter(0)) if text]


def forget(state: State) -> str:
    """The keys pressed so far, as they stand in a turn; from now on there are none."""
    keys, state.keys, state.keys_ended = state.keys, "", ""
    state.cancel_timer("dtmf")
    return f"dtmf:{keys}" if keys else ""


def _add(state: State, digit: str) -> None:
    if not state.keys:
        state.keys_at_ms = state.now_ms
    state.keys += digit
    state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)


def _clear(state: State) -> None:
    """A slip of the finger: begin again."""
    forget(state)
    turn = state.turn
    if turn is None:
        silence.wait_for_caller(state)
    elif not turn.voiced:
        state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))


def _end(state: State, how: str) -> None:
    """The keys are complete: answer, or have the words beside them finished first."""
    state.keys_ended = how
    turn = state.turn
    if turn is None or not (turn.voiced or turn.finals_due):
        take(state)
        return
    if turn.voiced and _talks_on(state, turn):
        state.cancel_timer("dtmf")
        return
    if turn.voiced:
        turns.ask(state, turn)
    state.set_timer("dtmf", state.now_ms + state.policy.turn.final_wait_ms)


def _talks_on(state: State, turn: Turn) -> bool:
    """The turn ends with the speech: to answer now would be talking over him, or into his pause."""
    if turn.overdue:
        return False
    if turn.voiced and push_to_talk.decides(state):
        return True
    return bool(words.words(turn.text())) and (turn.voiced or state.keys_ended == "gap")


def _answers_alone(state: State) -> bool:
    """What was asked last, as far as it was heard, awaits one key."""
    reply = state.reply
    if state.phase is Phase.LISTENING:
        return state.expects in ONE_KEY_ANSWERS and len(state.keys) == 0
    return reply is not None and reply.audible and reply.expects in ONE_KEY_ANSWERS
