"""Our own voice on the caller's speakerphone: what of a turn is echo, and what repeated echo changes.

The rule and its limits: docs/decisions/0010-echo-and-protected-spans.md.
"""

from __future__ import annotations

from antiphon.conversation import heard, words
from antiphon.conversation.commands import NoteUtterance
from antiphon.conversation.state import Reply, State, Turn

# An echo comes back so late at most: speaker, room, network both ways, and the error of our word times.
LAG_MS = 700
# Estimated word times run late as often as early.
SLACK_MS = 200
# A voice that stops this soon after we paused was probably ours.
STOPS_WITH_US_MS = 350


def needs_words(state: State) -> bool:
    """This line gives our voice back: while we are heard, a mere voice is no reason to pause any more."""
    if state.echoes < state.policy.turn.echoes_max:
        return False
    return any(reply.audible for reply in state.sounding())


def listen(state: State, turn: Turn) -> None:
    """Note which of our words were in the air while this turn was spoken."""
    parts = [turn.over_ended, *(_words_over(state, turn, reply) for reply in state.sounding())]
    turn.over = " ".join(part for part in parts if part)


def ended(state: State, reply: Reply) -> None:
    """The reply was heard out; the caller's turn, if one is open, may hold its echo."""
    turn = state.turn
    if turn is None:
        return
    said = _words_over(state, turn, reply)
    turn.over_ended = f"{turn.over_ended} {said}".strip()
    turn.over = turn.over_ended


def kind(state: State, turn: Turn) -> str:
    """What speech without words of the caller's own was, "echo" or "noise"; remembered as evidence."""
    if words.words(turn.raw_text()):
        known(state)
        return "echo"
    # Also where the recogniser says that there were no words when we have gone on already.
    stopped_ms = [turn.ended_ms - reply.paused_at_ms for reply in state.sounding() if reply.paused_at_ms]
    if any(0 <= ms <= STOPS_WITH_US_MS for ms in stopped_ms):
        state.echoes += 1
    return "noise"


def known(state: State) -> None:
    """Our own voice came back in words: by what they say, or by their sound."""
    state.echoes += 2


def note(state: State, turn: Turn) -> None:
    """Put on record what a turn without words of the caller's own was."""
    what = kind(state, turn)
    state.emit(NoteUtterance(kind=what, text=turn.raw_text()))


def interrupted(state: State) -> None:
    """The caller's own words took the floor: a little less reason to mistrust a voice."""
    state.echoes = max(0, state.echoes - 1)


def _words_over(state: State, turn: Turn, reply: Reply) -> str:
    """The reply's words that may have come back in the turn."""
    if not reply.audible:
        return ""
    now_ms = reply.paused_at_ms if reply.paused else state.now_ms
    position_ms = reply.heard_ms if reply.paused else heard.clock_ms(state, reply)
    from_ms = position_ms - max(0, now_ms - turn.onset_ms) - LAG_MS
    to_ms = position_ms + SLACK_MS
    if not turn.voiced:
        to_ms -= max(0, now_ms - turn.ended_ms)
    said = heard.words_between(reply.chunks, from_ms, to_ms)
    if reply.expects != "yes_no":
        return said
    # "Yes or no?" - "Yes": the answer we ask for is always the caller's.
    return " ".join(word for word in said.split() if not words.sounds_complete(word, "yes_no"))
