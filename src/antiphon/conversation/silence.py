"""When nobody speaks: fillers over our own waits, re-prompts over the caller's, then a polite end."""

from __future__ import annotations

from antiphon.conversation import replies, turns
from antiphon.conversation.commands import FinishPlayout, StartPlayout, Synthesize
from antiphon.conversation.state import Chunk, Phase, Reply, State


def wait_for_caller(state: State) -> None:
    """The floor is the caller's. Counted from the last sample that was really heard."""
    state.phase = Phase.LISTENING
    turn = state.turn
    if turn is not None:
        # The caller began while the last words were played; the turn goes on under its own clock.
        if not turn.voiced:
            state.set_timer("stop_silence", turn.ended_ms + turns.wait_ms(state, turn))
        return
    policy = state.policy.silence
    patience_ms = policy.hold_patience_ms if state.on_hold else policy.reprompt_after_ms
    state.set_timer("silence", state.now_ms + patience_ms)


def caller_is_silent(state: State) -> None:
    if state.phase is Phase.LISTENING and state.turn is None:
        nobody_answers(state)


def nobody_answers(state: State) -> None:
    """Ask again in other words; after the last try say goodbye."""
    state.on_hold = False
    state.cancel_timer("silence")
    if state.reprompts < state.policy.silence.reprompts_max:
        state.reprompts += 1
        replies.start(state, kind="reprompt", attempt=state.reprompts)
        return
    say_goodbye(state, reason="silence")


def say_goodbye(state: State, *, reason: str) -> None:
    """One last reply, with a hard limit: a call can always end."""
    state.set_timer("goodbye", state.now_ms + state.policy.silence.goodbye_max_ms)
    state.cancel_timer("silence")
    state.leaving = reason
    replies.start(state, kind="goodbye", reason=reason)
    assert state.reply is not None
    state.reply.cause = reason


def fill(state: State) -> None:
    """The reply is late: cover the wait, never over the caller."""
    reply = state.reply
    if state.phase is not Phase.THINKING or reply is None or reply.playing or state.filler is not None:
        return
    if not state.policy.fillers or reply.kind in ("greeting", "goodbye", "trouble"):
        return
    phrase = state.policy.fillers[state.fillers % len(state.policy.fillers)]
    state.fillers += 1
    filler = Reply(id=f"f{state.fillers}", kind="filler", finished=True, playing=True)
    filler.chunks.append(Chunk(text=phrase))
    state.filler = filler
    state.emit(Synthesize(reply_id=filler.id, index=0, text=phrase))
    state.emit(StartPlayout(reply_id=filler.id))
    state.emit(FinishPlayout(reply_id=filler.id, chunks=1))
