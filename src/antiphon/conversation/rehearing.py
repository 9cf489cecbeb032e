"""What the caller said to a session that was lost before it told his words: a recogniser hears it again, and
his turn, which was taken by its sound, gets its words.

Until they are there, nothing that is transcribed belongs to anything later.
"""

from __future__ import annotations

from antiphon.conversation import floor, replies, turns, words
from antiphon.conversation.commands import AmendTurn, FinalizeTranscript
from antiphon.conversation.events import TranscriptFinal, TranscriptPartial
from antiphon.conversation.state import Phase, Rehearing, State

# A recogniser that fails first and the one behind it: both have answered by then.
WITHIN_MS = 2500


def begin(state: State, half_heard: str) -> None:
    """The sound is with the recogniser. `half_heard`: the session's words for it, as far as they came."""
    state.rehearing = Rehearing(turn=state.turns, half_heard=half_heard)
    turn = state.turn
    if turn is not None and not turn.voiced and not turn.segments:
        # It was said behind the other, and is heard again with it as one.
        turns.close(state, turn)
        state.settled_segment = -1
        state.rehearing.unanswered = state.phase is Phase.LISTENING
        floor.go_on(state)
    state.emit(FinalizeTranscript())
    state.set_timer("rehearing", state.now_ms + WITHIN_MS)


def partial(state: State, event: TranscriptPartial) -> bool:
    """Is it of what is heard again?"""
    if state.rehearing is None:
        return False
    if not event.guess:
        state.rehearing.texts[event.segment] = event.text
    return True


def final(state: State, event: TranscriptFinal) -> bool:
    """As `partial`; the first final ends it."""
    found = state.rehearing
    if found is None:
        return False
    if event.lost:
        found.texts.clear()  # Half of what was said is not what was meant.
    elif event.text:
        found.texts[event.segment] = event.text
    state.settled_segment = max([event.segment, *found.texts])
    _over(state, found)
    return True


def overdue(state: State) -> None:
    """The recogniser owes it; what it has shown must do."""
    if state.rehearing is not None:
        state.settled_segment = max([state.settled_segment, *state.rehearing.texts])
        _over(state, state.rehearing)


def _over(state: State, found: Rehearing) -> None:
    state.rehearing = None
    state.cancel_timer("rehearing")
    text = " ".join(found.texts[segment] for segment in sorted(found.texts) if found.texts[segment])
    text = text or found.half_heard
    if found.unanswered and state.phase is Phase.LISTENING and state.turn is None:
        _answer(state, text)
        return
    if text:
        if found.turn == state.turns:
            state.on_hold = words.asks_to_wait(text, state.policy, state.question)
        state.emit(AmendTurn(turn=found.turn, text=text))
        return
    reply = state.reply
    if reply is not None and reply.kind == "turn" and not reply.given and found.turn == state.turns:
        # Nobody will ever know what it was to answer.
        replies.fail(state, reply)


def _answer(state: State, text: str) -> None:
    """Nobody else will: the answer in progress was given up for these words."""
    if text:
        turns.take(state, text, state.now_ms)
    else:
        replies.apologise(state)
