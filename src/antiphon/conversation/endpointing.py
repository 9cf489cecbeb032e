"""How long a pause may last before the turn is over.

Inner pauses have a long tail: twice the silence, about a third of the risk. Weighing that risk against the
caller's waiting gives a wait that grows by the same factor with every step of the log-odds that he is done;
the policy's two scores say where the shortest and the longest wait apply (docs/decisions/0012).
"""

from __future__ import annotations

import math

from antiphon.conversation import words
from antiphon.conversation.state import Phase, State, Turn

_EDGE = 0.001
# A whole answer of the expected kind: prosody judges names and dates badly, the words well.
_ANSWER_SHARE = 1 / 3
# Whatever it sounds like, it can be acted on: who goes on all the same is let in.
_UNDERSTOOD_SHARE = 2 / 3
# Pace is a shift of the log-odds: what this caller has shown about his pauses.
_PACE_SLOWEST = -1.6
_PACE_BRISKEST = 0.5
_PACE_LONG_PAUSE = -0.5
_PACE_CUT_OFF = -1.0
_PACE_BRISK_TURN = 0.15
# Who is answered sooner than this gains nothing: shorter waits yet cut off more turns and save 4 ms.
_BRISK_MIN_MS = 300
_PACE_KEPT = 0.7  # A turn without a long pause lets the patience fade.
_CUT_OFF_MS = 1500  # Whoever goes on so soon after his last word had not finished.


def wait_ms(state: State, turn: Turn) -> int:
    """Stop silence for this pause, between the minimum and the maximum plus patience."""
    policy = state.policy.turn
    low, high = policy.stop_silence_min_ms, policy.stop_silence_max_ms
    text = turn.text()
    if turn.urgent:
        return low
    if _more_is_due(state, text):
        return high + policy.patience_ms
    if turn.finals_due:
        return high
    language = state.policy.language
    if words.sounds_complete(text, state.expects, language):
        return low
    if words.is_spelling(text, state.expects):
        return high
    share = _doubt(state, turn)
    if words.answers(text, state.expects, language):
        share *= _ANSWER_SHARE
    if turn.understood:
        share = min(share, _UNDERSTOOD_SHARE)
    return round(low * (high / low) ** share) if 0 < low < high else low


def _more_is_due(state: State, text: str) -> bool:
    """The words promise more, or what was asked for is not all there."""
    language = state.policy.language
    if state.on_hold or words.sounds_unfinished(text, state.expects, language):
        return True
    return state.expects == "digits" and not words.sounds_complete(text, state.expects, language)


def _doubt(state: State, turn: Turn) -> float:
    """0 where the turn is surely over, 1 where it surely goes on, in proportion to the log-odds between."""
    policy = state.policy.turn
    sure, unsure = _log_odds(policy.score_complete), _log_odds(policy.score_incomplete)
    # Without a score (none configured, or late) nothing speaks for either side.
    found = (sure + unsure) / 2 if turn.score is None else _log_odds(turn.score)
    found += state.pace
    if sure <= unsure:
        return float(found < sure)
    return min(1.0, max(0.0, (sure - found) / (sure - unsure)))


def _log_odds(probability: float) -> float:
    inside = min(1 - _EDGE, max(_EDGE, probability))
    return math.log(inside / (1 - inside))


def speech_resumed(state: State, turn: Turn | None, onset_ms: int) -> None:
    """The caller speaks again: what does his pause say about him?"""
    if not state.policy.turn.adapt:
        return
    if turn is not None:
        # Everybody pauses inside a number or while looking for a card.
        asked = state.expects in ("digits", "spelling") or state.on_hold
        if turn.voiced or asked or state.phase is not Phase.LISTENING:
            return
        if onset_ms - turn.ended_ms > _long_ms(state):
            turn.long_pauses += 1
            _shift(state, _PACE_LONG_PAUSE)
    elif state.taken_ms is not None and onset_ms - state.taken_ms <= _CUT_OFF_MS:
        _shift(state, _PACE_CUT_OFF)
        state.taken_ms = None


def turn_taken(state: State, turn: Turn) -> None:
    """A turn is over: patience fades, a brisk caller earns less of it."""
    state.taken_ms = turn.ended_ms
    if not state.policy.turn.adapt or turn.long_pauses:
        return
    if state.pace < 0:
        state.pace = round(state.pace * _PACE_KEPT, 3)
    elif state.policy.turn.stop_silence_min_ms >= _BRISK_MIN_MS:
        _shift(state, _PACE_BRISK_TURN)


def _long_ms(state: State) -> int:
    """Halfway, by proportion, between the shortest and the longest wait."""
    policy = state.policy.turn
    return round(math.sqrt(policy.stop_silence_min_ms * policy.stop_silence_max_ms))


def _shift(state: State, by: float) -> None:
    state.pace = round(min(_PACE_BRISKEST, max(_PACE_SLOWEST, state.pace + by)), 3)
