"""Endpointing by the caller's talk button: a press takes the floor, its release ends the turn.

Inside a press `Turn.voiced` means "he holds the floor", from the press to the last sound after the release;
the VAD's word is kept in `State.voice`. Outside presses a voice is nothing to us.
"""

from __future__ import annotations

from antiphon.conversation import drafts, ending, floor, replies, turns, words
from antiphon.conversation.commands import AmendTurn, NoteUtterance
from antiphon.conversation.events import TalkPressed, TalkReleased, TranscriptFinal
from antiphon.conversation.state import Phase, State, Turn


def decides(state: State) -> bool:
    return state.policy.turn.endpointing == "push_to_talk"


def pressed(state: State, event: TalkPressed) -> None:
    if not decides(state) or state.talking:
        return
    holds(state)
    state.released_ms = None
    turns.drop_draft(state)
    state.cancel_timer("silence", "stop_silence", "final_wait", "stable_partial", "talk_tail", "hold")
    if state.phase is not Phase.LISTENING and not floor.protected(state):
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
    if state.turn is None:
        # What was heard before the press may be told with it: an echo of ours, and no part of his words.
        state.turn = Turn(onset_ms=state.now_ms, ended_ms=state.now_ms, in_parts=True)
    # Pressed again before the words of the last press were in: one turn, with all of them.
    state.turn.voiced, state.turn.overdue = True, False


def holds_on(state: State) -> None:
    """He is ours again, or about to be somebody's, with the button held down: that press goes on."""
    if state.talking:
        turns.open_again(state)


def holds(state: State) -> None:
    if decides(state) and not state.talking:
        state.talking = True
        state.set_timer("talk", state.now_ms + state.policy.turn.talk_max_ms)


def released(state: State, event: TalkReleased) -> None:
    if state.talking:
        _let_go(state)


def release_is_lost(state: State) -> None:
    """Nobody holds a button for this long."""
    if state.talking:
        _let_go(state)


def tail_passed(state: State) -> None:
    """Still a voice, but he has let go: what comes now is not for us."""
    if state.turn is not None and not state.talking:
        _finish(state, state.turn)
        state.released_ms = None


def voice(state: State, *, heard: bool) -> None:
    """The VAD's word."""
    state.voice = heard
    if heard and not state.talking:
        state.released_ms = None
    turn = state.turn
    if not heard and turn is not None and turn.voiced and not state.talking:
        _finish(state, turn)


def came_late(state: State, event: TranscriptFinal) -> bool:
    """A final with words, though no turn is open. Where nothing else was heard since the release it is the
    rest of what was said into the button, which the recogniser gave in two: "I need", "a doctor today". False
    where it must wait for the end of what must be heard, as any words do."""
    if not _was_said_to_us(state):
        state.settled_segment = event.segment
        state.emit(NoteUtterance(kind="noise", text=event.text))
        return True
    if state.leaving not in ("", "silence"):
        state.settled_segment = event.segment
        state.emit(NoteUtterance(kind="late", text=event.text))
        return True
    if floor.protected(state):
        return False
    state.settled_segment = event.segment
    _take_too(state, event.text)
    return True


def _was_said_to_us(state: State) -> bool:
    since_ms = state.released_ms
    return since_ms is not None and state.now_ms - since_ms <= state.policy.turn.final_wait_ms


def _take_too(state: State, text: str) -> None:
    """One turn, one answer: what answers half of it is given up. Where nothing does (any more), a turn of its
    own."""
    half = state.reply
    ending.give_up_speech(state)
    if half is None or half.kind != "turn" or state.turns == state.released_turns:
        turns.take(state, text, state.now_ms)
        return
    state.emit(AmendTurn(turn=state.turns, text=text))
    whole = f"{half.source} {text}"
    state.on_hold = words.asks_to_wait(whole, state.policy, state.question)
    replies.start(state, kind="turn", text=whole)


def _let_go(state: State) -> None:
    state.talking = False
    state.cancel_timer("talk")
    turn = state.turn
    if turn is None:
        return
    turn.ended_ms = state.now_ms
    if state.voice:
        # Fingers are faster than the audio path: the last syllable is still on its way.
        state.set_timer("talk_tail", state.now_ms + state.policy.turn.talk_tail_ms)
    else:
        _finish(state, turn)


def _finish(state: State, turn: Turn) -> None:
    turn.voiced, turn.overdue = False, True
    state.released_ms, state.released_turns = state.now_ms, state.turns
    state.cancel_timer("talk_tail")
    turns.ask(state, turn)
    drafts.await_stable(state, turn)
    if state.phase is Phase.LISTENING and state.unified:
        turns.commit(state, turn)
    elif state.phase is Phase.LISTENING:
        state.set_timer("final_wait", state.now_ms + state.policy.turn.final_wait_ms)
    elif state.phase is Phase.HOLDING:  # An answer to what he typed waits for what he said.
        state.set_timer("hold", state.now_ms + state.policy.turn.hold_ms)
