"""Speculation: a reply prepared before the turn is over. Used only if the turn ends with the same words,
otherwise dropped without a trace in the context."""

from __future__ import annotations

from antiphon.conversation import replies, turns, words
from antiphon.conversation.commands import StartReply
from antiphon.conversation.state import Phase, State, Turn


def await_stable(state: State, turn: Turn) -> None:
    """A partial that stays as it is will probably be the final: do not wait for a slow recogniser."""
    if state.policy.turn.speculate and not state.unified and turn.text():
        since_ms = max(turn.ended_ms, turn.partial_at_ms)
        state.set_timer("stable_partial", since_ms + state.policy.turn.stable_partial_ms)


def partial_is_stable(state: State) -> None:
    turn = state.turn
    if turn is None or turn.voiced or state.phase is not Phase.LISTENING:
        return
    text = turn.text()
    if not words.sounds_unfinished(text, state.expects, state.policy.language):
        begin(state, text)


def begin(state: State, text: str) -> None:
    """Prepare the reply before the turn is over; it is used only if the turn ends with these words."""
    if not state.policy.turn.speculate or state.unified or state.keys or not words.words(text):
        return
    if state.draft is not None:
        if words.same_words(state.draft.source, text):
            return
        turns.drop_draft(state)
    state.draft = replies.new_reply(state, kind="turn", source=text, speculative=True)
    state.emit(StartReply(reply_id=state.draft.id, kind="turn", text=text, speculative=True))
