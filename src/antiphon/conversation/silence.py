"""When nobody speaks: fillers over our own waits, re-prompts over the caller's, then a polite end."""

from __future__ import annotations

from antiphon.conversation import endpointing, line_quality, replies
from antiphon.conversation.commands import FinishPlayout, StartPlayout
from antiphon.conversation.state import Chunk, Phase, Reply, State

# Names of sounds; the second takes turns with the first where there are no phrases between them.
THINKING = "thinking"
STILL_THINKING = "still_thinking"
LOOK_AGAIN_MS = 300  # While the caller makes himself heard.


def wait_for_caller(state: State) -> None:
    """The floor is the caller's. Counted from the last sample that was really heard."""
    state.phase = Phase.LISTENING
    turn = state.turn
    if turn is not None:
        # The caller began while the last words were played; the turn goes on under its own clock.
        if not turn.voiced:
            state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))
        return
    if state.sorry_due:
        replies.apologise(state)
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
    if state.sorry_due:
        replies.apologise(state)
        return
    if state.reprompts < state.policy.silence.reprompts_max:
        state.reprompts += 1
        if line_quality.act(state):
            return  # Who is not heard need not be asked again: we know why.
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
    if not state.policy.fillers or reply.kind in ("greeting", "goodbye", "trouble", "line", "message"):
        return
    if _caller_is_heard(state):
        state.set_timer("filler", state.now_ms + LOOK_AGAIN_MS)
        return
    phrase, sound = _next_filler(state)
    filler = Reply(id=f"f{state.fillers}", kind="filler", finished=True, playing=True)
    state.filler = filler
    replies.add_chunk(state, filler, Chunk(text=phrase, filler=True), sound=sound)
    state.emit(StartPlayout(reply_id=filler.id))
    state.emit(FinishPlayout(reply_id=filler.id, chunks=1))


def fill_within(state: State, reply: Reply) -> None:
    """The reply stopped half-way, for a tool or a slow model: what covers the gap is spoken as part of it,
    because audio of another reply would wait for its end."""
    if not state.policy.fillers or reply.kind != "turn":
        return
    if _caller_is_heard(state):
        state.set_timer("dry", state.now_ms + LOOK_AGAIN_MS)
        return
    phrase, sound = _next_filler(state)
    replies.add_chunk(state, reply, Chunk(text=phrase, filler=True), sound=sound)


def _next_filler(state: State) -> tuple[str, str]:
    """A phrase, or the name of a sound. Never the one before, in whatever reply that was: a soft sound helps
    out where there is but one phrase, or takes turns with the phrases if the agent wants it."""
    policy = state.policy
    state.fillers += 1
    if state.unified:  # No phrase in another voice than the one the caller talks to.
        return "", THINKING if state.fillers % 2 else STILL_THINKING
    ways = list(dict.fromkeys(policy.fillers))
    if policy.thinking_sound:
        ways = [way for phrase in ways for way in (phrase, "")]
    elif len(ways) == 1:
        ways.append("")
    phrase = ways[(state.fillers - 1) % len(ways)]
    return phrase, "" if phrase else THINKING


def _caller_is_heard(state: State) -> bool:
    return state.turn is not None and state.turn.voiced
