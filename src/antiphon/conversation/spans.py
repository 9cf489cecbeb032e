"""Words that must be heard to their end: legal disclosures, read-backs, the last goodbye.

A voice over them pauses nothing. Words and keys are kept and judged right after the stretch, as if they had
been said then.
"""

from __future__ import annotations

from antiphon.conversation import asked, echoes, floor, heard
from antiphon.conversation.state import Phase, Reply, State

# Where the end was only estimated and has not come yet, look again so soon.
LOOK_AGAIN_MS = 100


def guards(state: State, kind: str, reason: str = "") -> bool:
    """Whether all of a reply is uninterruptible, even before its first sample: nobody may talk us out of a
    limit, or out of a greeting that is protected as a whole."""
    if kind == "goodbye":
        return reason != "silence"
    return kind == "greeting" and state.policy.protect_greeting


def protected(state: State) -> bool:
    """Is the agent inside such a stretch now?"""
    reply = state.reply
    return reply is not None and (reply.guarded or _end_ms(state, reply) is not None)


def under_way(state: State) -> bool:
    """As `protected`, and some of the reply has been heard: to stop now would cut it."""
    reply = state.reply
    return reply is not None and reply.audible and protected(state)


def watch(state: State) -> None:
    """Playout was proved to have come this far: if anybody waits for the end of a stretch, be there."""
    reply = state.reply
    if state.phase is not Phase.SPEAKING or reply is None or reply.guarded or not _somebody_waits(state):
        return
    end_ms = _end_ms(state, reply)
    if end_ms is None:
        passed(state)
    else:
        left_ms = end_ms - heard.position_ms(state, reply)
        state.set_timer("span", state.now_ms + max(LOOK_AGAIN_MS, left_ms))


def due(state: State) -> None:
    """The stretch should have been heard by now."""
    watch(state)


def filler_over(state: State) -> None:
    """What sounded in place of the rest of a reply is over. Who waited for the end of a stretch before it
    does not wait for what comes next too, unless that must be heard."""
    reply = state.reply
    if reply is None or not reply.deferred or reply.guarded or not _somebody_waits(state):
        return
    if heard.span_end_ms(reply, heard.position_ms(state, reply)) is None:
        passed(state)


def passed(state: State) -> None:
    """What was said or typed over the stretch counts from here on."""
    state.cancel_timer("span")
    if state.put_off:
        return  # It was the last thing but the goodbye.
    if asked.answer_typed(state):
        return
    if state.keys:
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
        return
    turn = state.turn
    assert turn is not None, "somebody waits"
    if state.talking or floor.taken(state, turn):
        floor.yield_to_caller(state)
    elif turn.voiced:
        floor.hold(state)
    else:
        floor.judge(state, turn)


def _somebody_waits(state: State) -> bool:
    turn = state.turn
    if state.put_off or state.keys or state.typed or (state.talking and turn is not None):
        return True
    if turn is None or turn.held:
        return False
    # Where a mere voice pauses nothing, a voice without words waits for nothing either.
    return bool(turn.raw_text()) or not echoes.needs_words(state)


def _end_ms(state: State, reply: Reply) -> int | None:
    if not reply.audible:
        return None
    position_ms = heard.position_ms(state, reply)
    if reply.deferred:
        position_ms -= 1  # A filler sounds in its stead: what comes next has not begun.
    return heard.span_end_ms(reply, position_ms)
