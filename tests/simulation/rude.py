"""Ways to make the core rude on purpose: to a caller who waits, and to one who speaks. See `faults.py`."""

from __future__ import annotations

import pytest

from antiphon.conversation import floor, replies, silence, spans, words
from antiphon.conversation.state import Phase, State


def fillers_come_late(patch: pytest.MonkeyPatch) -> None:
    set_timer = State.set_timer

    def late(state: State, timer: str, due_ms: int) -> None:
        set_timer(state, timer, due_ms + 300 if timer == "filler" else due_ms)

    patch.setattr(State, "set_timer", late)


def no_filler_within_replies(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(silence, "fill_within", lambda state, reply: None)


def the_same_filler_again(patch: pytest.MonkeyPatch) -> None:
    def first(state: State) -> tuple[str, str]:
        state.fillers += 1
        return state.policy.fillers[0], ""

    patch.setattr(silence, "_next_filler", first)


def fillers_over_the_caller(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(silence, "_caller_is_heard", lambda state: False)


def replies_over_the_caller(patch: pytest.MonkeyPatch) -> None:
    """Whoever is ready begins, whether or not we are silent for a voice."""
    play_if_ready = replies.play_if_ready

    def play(state: State) -> None:
        phase = state.phase
        state.phase = Phase.THINKING if phase is Phase.HOLDING else phase
        play_if_ready(state)
        state.phase = phase if state.phase is Phase.THINKING else state.phase

    patch.setattr(replies, "play_if_ready", play)


def apologies_over_the_caller(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replies, "_caller_speaks", lambda state: False)


def failed_fillers_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What is paused just then neither goes on nor ends."""

    def forget(state: State) -> None:
        state.filler = None

    patch.setattr(silence, "drop_filler", forget)


def a_voice_pauses_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(floor, "hold", lambda state: None)


def protection_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spans, "protected", lambda state: False)


def only_whole_replies_are_protected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spans, "_end_ms", lambda state, reply: None)


def limits_wait_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spans, "under_way", lambda state: False)


def any_draft_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(words, "same_words", lambda one, other: True)
