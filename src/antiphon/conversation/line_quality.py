"""A line too poor to talk on: when it counts as poor, and what is said in place of an answer nobody can give.

Being understood comes first: however poor the line is, who is understood is answered. A fallback takes the
place of an answer to words that are not to be trusted, and of asking again where no words came at all.
"""

from __future__ import annotations

from antiphon.conversation import replies
from antiphon.conversation.events import LineGraded
from antiphon.conversation.state import State, Turn


def graded(state: State, event: LineGraded) -> None:
    """The grade of a second is not yet a verdict: a line is poor, and good again, when it stays so."""
    policy = state.policy.line
    if not policy.fallback:
        return
    if event.poor:
        state.line.causes = event.causes
        state.cancel_timer("line_good")
        if not state.line.poor:
            state.set_timer("line_poor", state.now_ms + policy.poor_after_ms)
    else:
        state.cancel_timer("line_poor")
        if state.line.poor:
            state.set_timer("line_good", state.now_ms + policy.good_after_ms)


def became_poor(state: State) -> None:
    state.line.poor = True


def became_good(state: State) -> None:
    """Whatever comes next is a new story: its fallbacks begin with the first."""
    state.line.poor = False
    state.line.steps = 0
    state.line.step_at_ms = None


def is_misheard(state: State, turn: Turn) -> bool:
    """These words came over a poor line, the recogniser itself doubts them, and there is something to do."""
    return turn.confidence() < state.policy.line.confidence_min and _is_due(state)


def act(state: State) -> bool:
    """Say the next fallback, if the line is poor and one is due. Nothing else may be prepared or played."""
    if not _is_due(state):
        return False
    policy, line = state.policy.line, state.line
    step = policy.fallback[min(line.steps, len(policy.fallback) - 1)]
    line.steps += 1
    line.step_at_ms = state.now_ms
    phrase = {"ask": policy.ask, "keypad": policy.keypad, "transfer": policy.transfer}[step]
    reply = replies.say(state, kind="line", phrase=phrase)
    if step == "transfer":
        reply.then, reply.cause = "escalate", "line_quality"
        reply.summary = f"The line is too poor to talk on ({line.causes or 'unknown'})."
    return True


def _is_due(state: State) -> bool:
    policy, line = state.policy.line, state.line
    if not line.poor:
        return False
    return line.step_at_ms is None or state.now_ms - line.step_at_ms >= policy.again_after_ms
