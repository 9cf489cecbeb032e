"""Each kind of overlap has a test that a broken core fails: what the tests of the kind prove, proved once."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from tests.simulation import faults
from tests.simulation.faults import Fault
from tests.unit.conversation import test_odd_events as odd
from tests.unit.conversation import test_overlaps as over

from antiphon.conversation import conversation, ending, floor, silence, turns
from antiphon.conversation import events as ev
from antiphon.conversation.state import State, Turn


def a_transfer_cannot_be_called_off(patch: pytest.MonkeyPatch) -> None:
    drop_speech = floor.drop_speech

    def hasty(state: State) -> None:
        leaving = state.reply is not None and state.reply.then == "escalate"
        drop_speech(state)
        if leaving:
            ending.escalate(state, reason="asked", summary="")

    patch.setattr(floor, "drop_speech", hasty)


def the_end_of_our_speech_forgets_the_voice_over_it(patch: pytest.MonkeyPatch) -> None:
    wait_for_caller = silence.wait_for_caller

    def forgetful(state: State) -> None:
        if state.turn is not None:
            turns.close(state, state.turn)
            state.settled_segment += 1
        wait_for_caller(state)

    patch.setattr(silence, "wait_for_caller", forgetful)


def a_voice_leaves_the_silence_running(patch: pytest.MonkeyPatch) -> None:
    speech_started = turns.speech_started

    def deaf(state: State, event: ev.SpeechStarted) -> None:
        due_ms = state.timers.get("silence")
        speech_started(state, event)
        if due_ms is not None:
            state.set_timer("silence", due_ms)

    patch.setitem(conversation._HANDLERS, ev.SpeechStarted, deaf)


def finals_join_what_was_said_before(patch: pytest.MonkeyPatch) -> None:
    text = Turn.raw_text

    def doubled(turn: Turn) -> str:
        return f"{text(turn)} {text(turn)}".strip() if turn.segments else text(turn)

    patch.setattr(Turn, "raw_text", doubled)


def late_transcripts_open_turns(patch: pytest.MonkeyPatch) -> None:
    close = turns.close

    def forgetful(state: State, turn: Turn) -> None:
        settled = state.settled_segment
        close(state, turn)
        state.settled_segment = settled

    patch.setattr(turns, "close", forgetful)


def the_end_is_not_the_end(patch: pytest.MonkeyPatch) -> None:
    end = ending.end

    def undone(state: State, *, cause: str, detail: str = "") -> None:
        phase = state.phase
        end(state, cause=cause, detail=detail)
        state.phase = phase

    patch.setattr(ending, "end", undone)


PROOFS: tuple[tuple[str, Callable[..., None], tuple[object, ...], Fault], ...] = (
    ("while a tool runs", over.test_while_a_tool_runs, ("none",), faults.flush_is_forgotten),
    (
        "while the reply is still generated",
        over.test_while_the_reply_is_still_being_written,
        (),
        faults.everything_given_counts_as_heard,
    ),
    ("between sentences", over.test_between_two_sentences, (), faults.nothing_cut_counts_as_heard),
    (
        "twice in a row",
        over.test_twice_in_a_row_over_two_replies,
        (),
        faults.words_over_the_agent_are_dropped,
    ),
    ("during a filler", over.test_during_a_filler, (), faults.flush_is_forgotten),
    (
        "during a transfer",
        over.test_during_the_words_of_a_transfer_it_is_called_off,
        (),
        a_transfer_cannot_be_called_off,
    ),
    (
        "in the first 200 ms",
        over.test_in_the_first_200_ms,
        (0,),
        faults.everything_given_counts_as_heard,
    ),
    (
        "at the last sample, voice first",
        over.test_exactly_at_the_last_sample_voice_first,
        (),
        the_end_of_our_speech_forgets_the_voice_over_it,
    ),
    (
        "at the last sample, end first",
        over.test_exactly_at_the_last_sample_end_first,
        (),
        a_voice_leaves_the_silence_running,
    ),
    (
        "a transcript twice",
        odd.test_a_final_given_twice_within_the_turn_counts_once,
        (),
        finals_join_what_was_said_before,
    ),
    (
        "a transcript late",
        odd.test_a_final_given_twice_after_the_turn_is_noted_as_late,
        (),
        late_transcripts_open_turns,
    ),
    (
        "a transcript after the end",
        odd.test_whatever_comes_after_the_end_is_nothing,
        (),
        the_end_is_not_the_end,
    ),
)


@pytest.mark.parametrize(
    ("test", "given", "fault"), [proof[1:] for proof in PROOFS], ids=[p[0] for p in PROOFS]
)
def test_a_core_with_the_fault_fails_it(
    test: Callable[..., None], given: tuple[object, ...], fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    test(*given)
    fault(monkeypatch)
    with pytest.raises((AssertionError, LookupError)):
        test(*given)


def test_each_of_them_is_a_test() -> None:
    for name, test, _, _ in PROOFS:
        module = inspect.getmodule(test)
        assert module in (over, odd) and test.__name__.startswith("test_"), name
