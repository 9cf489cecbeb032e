"""How long a pause may last before the turn is over: its score, bent by what the words promise."""

from __future__ import annotations

from antiphon.conversation import words
from antiphon.conversation.state import State, Turn


def wait_ms(state: State, turn: Turn) -> int:
    """Stop silence for this pause: from its end-of-turn score, bent by what the words promise."""
    policy = state.policy.turn
    low, high = policy.stop_silence_min_ms, policy.stop_silence_max_ms
    text = turn.text()
    if words.sounds_unfinished(text, state.expects) or state.on_hold:
        return high + policy.patience_ms
    if state.expects in ("digits", "spelling") and not words.sounds_complete(text, state.expects):
        return high + policy.patience_ms
    if words.sounds_complete(text, state.expects) and not turn.finals_due:
        return low
    if turn.finals_due:
        return high
    if words.answers(text, state.expects):
        # A first and last name, a date with its year: prosody judges these badly, the words well.
        high = low + (high - low) // 3
    if turn.score is None:
        return high
    span = policy.score_complete - policy.score_incomplete
    share = (
        (policy.score_complete - turn.score) / span if span > 0 else float(turn.score < policy.score_complete)
    )
    return low + round((high - low) * min(1.0, max(0.0, share)))
