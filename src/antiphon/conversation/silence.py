"""When nobody speaks: fillers over our own waits, re-prompts over the caller's, then a polite end."""

from __future__ import annotations

from antiphon.conversation import asked, endpointing, heard, line_quality, replies
from antiphon.conversation.commands import DeferPlayout, FinishPlayout, FlushPlayout, StartPlayout
from antiphon.conversation.state import Chunk, Phase, Reply, State

# Names of sounds; the second takes turns with the first where there are no phrases between them.
THINKING = "thinking"
STILL_THINKING = "still_thinking"
LOOK_AGAIN_MS = 300  # While the caller makes himself heard.
# A voice that was only just given its words gets this long: the filler would hold them up.
VOICE_TAKES_MS = 500
COVERED = ("turn", "reprompt")


def wait_for_caller(state: State) -> None:
    """The floor is the caller's. Counted from the last sample that was really heard."""
    state.phase = Phase.LISTENING
    if asked.answer_typed(state):
        return
    turn = state.turn
    if turn is not None:
        # The caller began while the last words were played; the turn goes on under its own clock.
        if not turn.voiced:
            state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))
        return
    if state.sorry_due:
        replies.make_up(state)
        return
    policy = state.policy.silence
    patience_ms = policy.reprompt_after_ms
    if state.on_hold:
        patience_ms = max(patience_ms, policy.hold_patience_ms)
    state.set_timer("silence", state.now_ms + patience_ms)


def caller_is_silent(state: State) -> None:
    if state.phase is Phase.LISTENING and state.turn is None:
        nobody_answers(state)
    else:
        state.on_hold = False  # He has had his time, whatever it is that still sounds.


def nobody_answers(state: State) -> None:
    """Ask again in other words; after the last try say goodbye."""
    state.on_hold = False
    state.cancel_timer("silence")
    if state.sorry_due:
        replies.make_up(state)
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
    if state.phase is not Phase.THINKING or reply is None or reply.audible:
        return
    if state.filler is not None and not filler_is_late(state):
        return
    if not state.policy.fillers or reply.kind not in COVERED:
        return
    if _caller_is_heard(state) or any(chunk.duration_ms for chunk in reply.chunks):  # Its audio is there.
        state.set_timer("filler", state.now_ms + LOOK_AGAIN_MS)
    elif filler_is_late(state):
        drop_filler(state)
        _cover(state, *_next_sound(state))
    elif not reply.playing:
        _cover(state, *_next_filler(state))
    elif (late_ms := voice_is_late_ms(reply)) > state.now_ms:
        state.set_timer("filler", late_ms)
    else:
        _defer(state, reply)


def fill_for_voice(state: State, reply: Reply) -> None:
    """The line ran dry in the middle of a reply that has words, but no audio of them."""
    if not state.policy.fillers or reply.kind != "turn" or state.filler is not None:
        return
    if _caller_is_heard(state):
        state.set_timer("dry", state.now_ms + LOOK_AGAIN_MS)
    else:
        _defer(state, reply)


def voice_is_late_ms(reply: Reply) -> int:
    """When the first audio that is missing should have been there."""
    asked_ms = (chunk.asked_at_ms for chunk in reply.chunks if chunk.duration_ms is None)
    return next(asked_ms, 0) + VOICE_TAKES_MS


def _defer(state: State, reply: Reply) -> None:
    """Cover the wait for the voice by a sound, which needs none; the reply follows it."""
    reply.position_ms = heard.position_ms(state, reply)
    reply.deferred = reply.paused = True
    state.cancel_timer("dry")
    state.emit(DeferPlayout(reply_id=reply.id))
    _cover(state, *_next_sound(state))


def filler_is_late(state: State) -> bool:
    """A phrase the voice is slow with, too."""
    filler = state.filler
    return filler is not None and not filler.audible and not state.covered_by and not heard.all_made(filler)


def go_on_behind_filler(state: State, reply: Reply) -> None:
    """Whatever of it is there by now may be heard."""
    reply.deferred = reply.paused = False
    reply.position_at_ms = state.now_ms
    state.emit(StartPlayout(reply_id=reply.id))
    if reply.audible:
        state.phase = Phase.SPEAKING
        state.cancel_timer("filler")
        state.set_timer("dry", state.now_ms + state.policy.silence.filler_gap_ms)


def drop_filler(state: State) -> None:
    filler, state.filler = state.filler, None
    if filler is not None:
        state.closing[filler.id] = filler
        state.emit(FlushPlayout(reply_id=filler.id))


def _cover(state: State, phrase: str, sound: str) -> None:
    filler = Reply(id=f"f{state.fillers}", kind="filler", finished=True, playing=True)
    state.filler = filler
    replies.add_chunk(state, filler, Chunk(text=phrase, filler=True), sound=sound)
    state.emit(StartPlayout(reply_id=filler.id))
    state.emit(FinishPlayout(reply_id=filler.id, chunks=1))
    if phrase:
        state.set_timer("filler", state.now_ms + VOICE_TAKES_MS)


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
    if phrase:  # The voice may be slow with it, too.
        state.set_timer("dry", state.now_ms + VOICE_TAKES_MS)


def _next_filler(state: State) -> tuple[str, str]:
    """A phrase, or the name of a sound. Never the one before, in whatever reply that was: a soft sound helps
    out where there is but one phrase, or takes turns with the phrases if the agent wants it."""
    policy = state.policy
    if state.unified:  # No phrase in another voice than the one the caller talks to.
        return _next_sound(state)
    ways = list(dict.fromkeys(policy.fillers))
    if policy.thinking_sound:
        ways = [way for phrase in ways for way in (phrase, "")]
    elif len(ways) == 1:
        ways.append("")
    phrase = ways[state.fillers % len(ways)]
    if not phrase:
        return _next_sound(state)
    state.fillers += 1
    state.covered_by = ""
    return phrase, ""


def _next_sound(state: State) -> tuple[str, str]:
    state.fillers += 1
    state.covered_by = STILL_THINKING if state.covered_by == THINKING else THINKING
    return "", state.covered_by


def _caller_is_heard(state: State) -> bool:
    return state.turn is not None and state.turn.voiced
