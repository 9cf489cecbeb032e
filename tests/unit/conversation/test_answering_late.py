"""Calls we place: words and verdicts that come late, twice, or into something else."""

from __future__ import annotations

import pytest
from tests.unit.conversation.test_answering import MESSAGE, Placed

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    CancelReply,
    CommitTurn,
    EndCall,
    FinalizeTranscript,
    FlushPlayout,
    NoteUtterance,
    StartReply,
)
from antiphon.conversation.policy import AnsweringPolicy

FINAL_WAIT_MS = Policy().turn.final_wait_ms


def _notes(call: Placed) -> list[tuple[str, str]]:
    return [(note.kind, note.text) for note in call.commands if isinstance(note, NoteUtterance)]


def _greets(call: Placed, text: str = "Good morning, this is Robin.") -> None:
    """The person is spoken to."""
    reply_id = call.last(StartReply).reply_id
    call.reply_text(reply_id, text)
    call.audible(reply_id)
    call.wait(700)


def test_without_a_word_on_machines_in_the_file_who_answers_is_greeted() -> None:
    call = Placed()
    call.conversation = Conversation(Policy())
    call.commands = []
    call.step(
        ev.CallStarted(at_ms=0, call_id="call", agent="a", line="loopback", wall_time_ms=0, screened=True)
    )
    assert call.greeted == 1 and call.phase == "thinking"


def test_a_pause_without_a_voice_before_it_asks_for_no_words() -> None:
    call = Placed()
    call.step(ev.SpeechStopped(at_ms=call.now_ms, ended_ms=call.now_ms))
    assert call.count(FinalizeTranscript) == 0


def test_a_model_that_hears_by_itself_is_asked_for_no_words() -> None:
    call = Placed()
    call.conversation = Conversation(Policy(unified=True, answering=AnsweringPolicy()))
    call.step(
        ev.CallStarted(at_ms=0, call_id="call", agent="a", line="loopback", wall_time_ms=0, screened=True)
    )
    call.voice(600)
    assert call.count(FinalizeTranscript) == 0


@pytest.mark.parametrize(
    ("heard", "known"),
    [
        ([("partial", "Hello who is")], "Hello who is"),
        ([("partial", "Hello who is"), ("final", "Hello, who is it?")], "Hello, who is it?"),
        ([("partial", "Hello who is"), ("final", "")], "Hello who is"),
        ([("partial", "Hello who is"), ("lost", "Hello")], "Hello who is"),
        ([("partial", "Hello who is"), ("guess", "Hello who is calling")], "Hello who is"),
    ],
)
def test_what_he_said_before_we_spoke_is_kept_as_far_as_it_is_known(
    heard: list[tuple[str, str]], known: str
) -> None:
    call = Placed()
    call.voice(600)
    for kind, text in heard:
        if kind in ("final", "lost"):
            call.step(ev.TranscriptFinal(at_ms=call.now_ms, segment=0, text=text, lost=kind == "lost"))
        else:
            call.step(ev.TranscriptPartial(at_ms=call.now_ms, segment=0, text=text, guess=kind == "guess"))
    call.judge("human")
    assert _notes(call) == [("answered", known)]


@pytest.mark.parametrize("pauses", [1, 2])
def test_every_final_that_is_due_from_before_is_no_answer_and_the_next_one_is(pauses: int) -> None:
    call = Placed()
    for _ in range(pauses):
        call.voice(400)
    call.judge("human")
    _greets(call)
    for number in range(pauses):
        call.segment = number
        call.words(f"Words of before number {number}")
    assert call.count(FlushPlayout) == 0
    assert _notes(call) == [("answered", f"Words of before number {number}") for number in range(pauses)]
    call.segment = pauses
    call.voice(900)
    call.words("I need an appointment on Monday.")
    assert call.count(FlushPlayout) == 1


@pytest.mark.parametrize(
    ("late_ms", "lost", "interrupts"),
    [
        (FINAL_WAIT_MS, False, False),
        (FINAL_WAIT_MS + 1, False, True),
        (FINAL_WAIT_MS, True, False),
    ],
)
def test_words_are_of_before_only_as_long_as_a_final_takes(
    late_ms: int, lost: bool, interrupts: bool
) -> None:
    call = Placed()
    call.wait(1000)
    call.voice(600)
    call.judge("human")
    greeted_ms = call.now_ms
    _greets(call)
    call.wait(greeted_ms + late_ms - call.now_ms)
    call.step(
        ev.TranscriptFinal(at_ms=call.now_ms, segment=0, text="I need an appointment please.", lost=lost)
    )
    assert (call.count(FlushPlayout) == 1) is interrupts
    assert len(_notes(call)) == (0 if interrupts or lost else 1)


def test_words_that_were_used_as_he_was_greeted_are_not_heard_as_an_answer_once_more() -> None:
    call = Placed()
    call.voice(600)
    call.step(ev.TranscriptPartial(at_ms=call.now_ms, segment=0, text="Hello who is that"))
    call.words("")
    call.judge("human")
    _greets(call)
    call.words("Hello, who is that?")
    assert call.count(FlushPlayout) == 0
    assert call.last(NoteUtterance) == NoteUtterance(kind="late", text="Hello, who is that?")


@pytest.mark.parametrize(
    ("verdict", "machine", "records"), [("human", "hang_up", True), ("machine", "continue", False)]
)
def test_a_late_verdict_that_changes_nothing_silences_nobody(
    verdict: str, machine: str, records: bool
) -> None:
    call = Placed(machine=machine)
    call.judge("human")
    _greets(call)
    call.judge(verdict, records=records)
    assert call.phase == "speaking" and call.count(FlushPlayout) == 0 and not call.ends


def test_a_verdict_on_who_hears_the_goodbye_or_the_message_comes_too_late() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine")
    call.beep()
    call.judge("human")
    assert call.said == [MESSAGE] and call.greeted == 0
    call.hear_message()
    assert call.ends == ["message_left"]
    call = Placed()
    call.judge("human")
    _greets(call)
    call.step(ev.OperatorEnded(at_ms=call.now_ms))
    assert not call.ends, "the goodbye is due"
    call.judge("machine")
    assert not call.ends, "and is heard out"


def test_a_machine_that_is_judged_twice_is_not_waited_for_twice() -> None:
    call = Placed(machine="leave_message", greeting_max_ms=20_000)
    call.step(ev.SpeechStarted(at_ms=0, onset_ms=0))
    call.judge("machine")
    call.wait(15_000)
    call.judge("machine", "long_greeting")
    call.wait(5_000)
    assert call.ends == ["machine"]
    assert call.last(EndCall).detail == "it never let us speak"


def test_a_tone_before_it_is_known_who_answered_or_while_he_is_spoken_to_is_no_beep() -> None:
    call = Placed(machine="leave_message")
    call.beep()
    assert call.said == [] and call.phase == "screening"
    call.judge("human")
    call.beep()
    _greets(call)
    call.beep()
    assert MESSAGE not in call.said and call.count(FlushPlayout) == 0
    call.heard_out(call.last(StartReply).reply_id)
    call.beep()
    assert MESSAGE not in call.said


def test_what_a_machine_said_while_it_was_taken_for_a_person_is_kept_and_not_answered() -> None:
    call = Placed(machine="leave_message", greeting_max_ms=60_000, no_beep_ms=20_000)
    call.judge("human")
    _greets(call)
    call.heard_out(call.last(StartReply).reply_id)
    call.voice(900)
    call.words("You have reached the Chens")
    draft = call.last(StartReply)
    assert draft.speculative
    call.judge("machine")
    assert call.last(CancelReply).reply_id == draft.reply_id
    assert _notes(call)[-1] == ("answered", "You have reached the Chens")
    before = call.count(StartReply)
    call.step(ev.SpeechStarted(at_ms=call.now_ms, onset_ms=call.now_ms))
    call.wait(15_000)
    assert (call.count(StartReply), call.count(CommitTurn), call.phase) == (before, 0, "screening")
    call.beep()
    assert call.said[-1] == MESSAGE
