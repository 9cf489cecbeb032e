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
    answered = words.answers(text, state.expects, language)
    if words.is_spelling(text, state.expects) and not answered:
        return high
    share = _doubt(state, turn)
    if answered:
        share *= _ANSWER_SHARE
    if turn.understood:
        share = min(share, _UNDERSTOOD_SHARE)
    return round(low * (high / low) ** share) if 0 < low < high else low


def _more_is_due(state: State, text: str) -> bool:
    """The words promise more, or what was asked for is not all there."""
    language = state.policy.language
    if state.on_hold or words.sounds_unfinished(text, state.expects, language):
        return True
    whole = words.sounds_complete(text, state.expects, language) or words.answers(
        text, state.expects, language
    )
    return state.expects == "digits" and not whole


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


def begins_soon(state: State, onset_ms: int) -> bool:
    """So soon after a turn was taken that its caller may not have finished; his words will tell."""
    return state.taken_ms is not None and onset_ms - state.taken_ms <= _CUT_OFF_MS


def speech_resumed(state: State, turn: Turn, onset_ms: int) -> None:
    """A voice again in the same turn. Whether the caller only paused, his next words tell: a cough says
    nothing about him, and a noisy line must not make the agent slow."""
    # Everybody pauses inside a number or while looking for a card.
    asked = state.expects in ("digits", "spelling") or state.on_hold
    if turn.voiced or asked or state.phase is not Phase.LISTENING:
        return
    if onset_ms - turn.ended_ms > _long_ms(state):
        turn.words_before = len(words.words(turn.text()))


def words_came(state: State, turn: Turn) -> None:
    """Words after a long pause: it was one of his. Words so soon after his turn: it was not over."""
    if turn.soon and state.phase is Phase.LISTENING and _says_something(state, turn):
        went_on(state, turn)
    if turn.words_before is not None and len(words.words(turn.text())) > turn.words_before:
        _paused_long(state, turn)


def voice_ended(state: State, turn: Turn) -> None:
    """Who is heard by the model alone is known by the length of his voice."""
    if state.unified and turn.words_before is not None and _is_speech(state, turn):
        _paused_long(state, turn)


def went_on(state: State, turn: Turn) -> None:
    """The floor is his again by what he said. If he said it so soon, his turn had been cut off."""
    if not turn.soon or not (state.unified or words.words(turn.text())):
        return
    turn.soon, state.taken_ms = False, None
    _learn(state, _PACE_CUT_OFF)


def turn_taken(state: State, turn: Turn) -> None:
    """A turn with words is over: patience fades, a brisk caller earns less of it."""
    if _says_something(state, turn):
        went_on(state, turn)
    state.taken_ms = turn.ended_ms
    if turn.long_pauses:
        return
    if state.pace < 0:
        state.pace = round(state.pace * _PACE_KEPT, 3)
    elif state.policy.turn.stop_silence_min_ms >= _BRISK_MIN_MS:
        _learn(state, _PACE_BRISK_TURN)


def _says_something(state: State, turn: Turn) -> bool:
    """More than a listening noise."""
    if state.unified:
        return _is_speech(state, turn)
    return words.takes_floor(turn.text(), state.policy, reply_kind="", expects="open")


def _is_speech(state: State, turn: Turn) -> bool:
    """A voice longer than "mm-hm"."""
    return turn.ended_ms - turn.voiced_at_ms >= state.policy.turn.voice_takes_floor_ms


def _paused_long(state: State, turn: Turn) -> None:
    turn.words_before = None
    turn.long_pauses += 1
    _learn(state, _PACE_LONG_PAUSE)


def _long_ms(state: State) -> int:
    """Halfway, by proportion, between the shortest and the longest wait."""
    policy = state.policy.turn
    return round(math.sqrt(policy.stop_silence_min_ms * policy.stop_silence_max_ms))


def _learn(state: State, by: float) -> None:
    if state.policy.turn.adapt:
        state.pace = round(min(_PACE_BRISKEST, max(_PACE_SLOWEST, state.pace + by)), 3)
