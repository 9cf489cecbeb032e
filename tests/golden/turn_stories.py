"""What becomes of the caller's words, of silence, of effects, and of the end."""

from __future__ import annotations

from itertools import count

import pytest

from antiphon.conversation import Policy, conversation, ending, heard, silence, turns
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import State
from tests.golden.telling import Answer, Story, Told, spoken
from tests.simulation import faults
from tests.simulation.plan import RARER_WEATHERS

BOOK = "Book the first one please."


def _turns(told: Told) -> list[str]:
    return [command.text for _, command in told.commands(cmd.CommitTurn)]


def _kinds(told: Told) -> list[str]:
    return [command.kind for _, command in told.commands(cmd.StartReply)]


def _answers_over_the_question(call: Story) -> None:
    call.answers(
        "I need a cleaning.", Answer(chunks=("Shall I book Tuesday at nine for you?",), expects="yes_no")
    )
    call.greeted()
    call.says("I need a cleaning.")
    call.hears("r2", 1500)
    call.says("Yes please do.", waits_ms=2000)
    call.hangs_up()


def _answer_is_a_turn(told: Told) -> None:
    assert _turns(told) == ["I need a cleaning.", "Yes please do."]


def _agrees_before_the_question_ends(call: Story) -> None:
    call.answers("I need a cleaning.", Answer(chunks=("Tuesday at nine is free.", "Shall I book it?")))
    call.greeted()
    call.says("I need a cleaning.")
    call.hears("r2", 2100)
    call.says("Yes.", waits_ms=2500)
    call.hangs_up()


def _yes_is_a_turn(told: Told) -> None:
    assert _turns(told) == ["I need a cleaning.", "Yes."]


def _no_question_is_known(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(heard, "ends_asking", lambda state, reply: False)
    patch.setattr(heard, "asks_behind", lambda reply, known_ms: False)


def _speaks_again_at_once(call: Story) -> None:
    call.greeted()
    call.says("I would like to see the doctor", waits_ms=350)
    call.says("and bring my daughter along.", waits_ms=2500)
    call.hangs_up()


def _both_halves_are_there(told: Told) -> None:
    assert " ".join(_turns(told)) == "I would like to see the doctor and bring my daughter along."


def _each_onset_begins_anew(patch: pytest.MonkeyPatch) -> None:
    speech_started = turns.speech_started

    def forgetful(state: State, event: ev.SpeechStarted) -> None:
        if state.turn is not None:
            turns.close(state, state.turn)
        speech_started(state, event)

    patch.setitem(conversation._HANDLERS, ev.SpeechStarted, forgetful)


def _reply_never_comes(call: Story) -> None:
    call.answers("Are you open today?", Answer(silent=True))
    call.greeted()
    call.says("Are you open today?")
    call.runs(40_000)
    call.hangs_up()


def _apologises_and_goes_on(told: Told) -> None:
    ends = [report.reply_id for _, report in told.commands(cmd.ReportHeard)]
    assert len(ends) == len(set(ends)) and {"r2", "r3"} <= set(ends), "each reply has one end"
    assert told.heard("r3") == Policy().trouble
    assert "reprompt" in _kinds(told), "life goes on after the apology"


def _reply_stops_in_the_middle(call: Story) -> None:
    call.answers("Are you open today?", Answer(chunks=("Let me see,",), unfinished=True))
    call.greeted()
    call.says("Are you open today?")
    call.runs(25_000)
    call.hangs_up()


def _silence_is_noticed(told: Told) -> None:
    begun_ms = {event.reply_id: event.at_ms for event in told.events(ev.PlayoutStarted)}
    assert {"r2", "r3"} <= set(begun_ms), "something is said about it"
    assert begun_ms["r3"] - begun_ms["r2"] < Policy().silence.reply_deadline_ms + 1500


def _voice_takes_its_time(call: Story) -> None:
    call.answers("Are you open today?", Answer(chunks=("We are open from eight to five today.",)))
    call.greeted()
    call.says("Are you open today?")
    call.runs(16_000)
    call.hangs_up()


def _hears_that_somebody_is_there(told: Told) -> None:
    """Softly, without words, which the voice would be late with as well; then the answer, whole."""
    committed_ms, _ = told.only(cmd.CommitTurn)
    begun_ms = [at_ms for at_ms, _, _ in told.facts["sounded"] if at_ms > committed_ms]
    assert begun_ms[0] - committed_ms <= Policy().silence.filler_after_ms + 200
    covering = [made for at_ms, made in told.commands(cmd.Synthesize) if at_ms > committed_ms and made.sound]
    assert covering and told.heard("r2") == "We are open from eight to five today."


def _words_are_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(silence, "_defer", lambda state, reply: None)


def _noise_and_nothing(call: Story) -> None:
    call.greeted()
    call.coughs(700)
    call.runs(12_000)
    call.hangs_up()


def _agent_asks_again(told: Told) -> None:
    assert "reprompt" in _kinds(told)


def _coughs_into_the_reply(call: Story) -> None:
    call.answers("Are you open today?", Answer(chunks=("We are open from eight to five today.",)))
    call.greeted()
    call.says("Are you open today?")
    call.hears("r2", 500)
    call.coughs(2000)
    call.runs(6000)
    call.hangs_up()


def _resumes_within_the_hold(told: Told) -> None:
    held_ms, _ = told.only(cmd.PausePlayout)
    resumed_ms, _ = told.only(cmd.ResumePlayout)
    assert resumed_ms - held_ms <= Policy().turn.hold_ms
    assert told.heard("r2") == "We are open from eight to five today."


def _final_never_comes(call: Story) -> None:
    call.answers("Are you open today?", Answer(chunks=("Yes, until five.",)))
    call.greeted()
    call.says("Are you open today?")
    call.runs(5000)
    call.hangs_up()


def _answered_in_time(told: Told) -> None:
    policy = Policy().turn
    committed_ms, turn = told.only(cmd.CommitTurn)
    wait_ms = policy.stop_silence_max_ms + policy.final_wait_ms
    assert turn.text and committed_ms - turn.ended_ms <= wait_ms


def _waits_anew_for_every_timer(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conversation._TIMERS, "final_wait", turns.stop_silence_passed)


def _operator_ends(call: Story) -> None:
    call.goodbye_is(Answer(chunks=("Thank you for calling",), unfinished=True))
    call.greeted()
    call.happens(ev.OperatorEnded(at_ms=0))
    call.runs(60_000)


def _ends_within_bounds(told: Told) -> None:
    asked_ms = told.events(ev.OperatorEnded)[0].at_ms
    ended_ms, end = told.only(cmd.EndCall)
    assert end.cause == "operator" and ended_ms - asked_ms <= Policy().silence.goodbye_max_ms


def _no_timer_ends_it(patch: pytest.MonkeyPatch) -> None:
    for name in ("goodbye", "reply_deadline"):
        faults.timer_does_nothing(name)(patch)


def _books(call: Story) -> None:
    call.answers(BOOK, Answer(tools=2, chunks=("You are booked for Tuesday at nine.",)))
    call.greeted()
    call.says(BOOK)
    call.runs(5000)
    call.hangs_up()


def _booked_once(told: Told) -> None:
    assert len(told.events(ev.ToolRequested)) == 2, "the reasoner asked twice"
    assert len(told.commands(cmd.RunTool)) == 1
    assert [reuse.source_id for _, reuse in told.commands(cmd.ReuseToolResult)] == ["r2.t1"]


def _adds_a_second_thought(call: Story) -> None:
    """A pause in the middle: the draft wants to book, and then the caller goes on."""
    call.answers("Book me for Friday", Answer(tools=1, chunks=("Booked for Friday.",)))
    call.greeted()
    call.says("Book me for Friday", waits_ms=360)
    call.says("no wait make it Tuesday.", waits_ms=2500)
    call.hangs_up()


def _nothing_was_booked_for_friday(told: Told) -> None:
    assert told.events(ev.ToolRequested), "the draft did ask"
    assert told.commands(cmd.RunTool) == []
    assert _turns(told) == ["Book me for Friday no wait make it Tuesday."]


def _asks_for_a_person(call: Story) -> None:
    call.answers(
        "I want to speak to a person.",
        Answer(chunks=("I will put you through.",), then="escalate", cause="caller_asked"),
    )
    call.greeted()
    call.says("I want to speak to a person.")
    call.until_end()


def _handed_over_after_the_words(told: Told) -> None:
    assert told.heard("r2") == "I will put you through."
    _, handed = told.only(cmd.Escalate)
    _, end = told.only(cmd.EndCall)
    assert (handed.reason, end.cause) == ("caller_asked", "escalated")


def _person_is_never_called(patch: pytest.MonkeyPatch) -> None:
    def escalate(state: State, *, reason: str, summary: str) -> None:
        ending.end(state, cause="agent", detail=reason)

    patch.setattr(ending, "escalate", escalate)


def _slow_reply(call: Story) -> None:
    call.answers("Are you open today?", Answer(chunks=("Yes, until five.",), delay_ms=4000))
    call.greeted()
    call.says("Are you open today?")
    call.runs(9000)
    call.hangs_up()


def _both_times_the_same(told: Told) -> None:
    again = Story()
    _slow_reply(again)
    steps = [(event, commands) for event, commands in again.world.steps]
    assert [event for event, _ in steps] == told.record.events
    assert [c for _, commands in steps for c in commands] == [c for _, c in told.commands(cmd.Command)]


def _something_outside_decides(patch: pytest.MonkeyPatch) -> None:
    fill, calls = silence.fill, count()

    def moody(state: State) -> None:
        state.fillers += next(calls)
        fill(state)

    patch.setitem(conversation._TIMERS, "filler", moody)


SYMPTOMS = [
    spoken(
        "callers_answer_is_swallowed", "I5",
        story=_answers_over_the_question, absent=_answer_is_a_turn,
        fault=faults.words_over_the_agent_are_dropped,
        made={("no partial", 2): True, ("no partial", 3): True},
    ),
    spoken(
        "yes_to_a_question_is_a_listening_noise", "I5",
        story=_agrees_before_the_question_ends, absent=_yes_is_a_turn, fault=_no_question_is_known,
    ),
    spoken(
        "first_half_of_the_sentence_is_lost", "P4",
        story=_speaks_again_at_once, absent=_both_halves_are_there, fault=_each_onset_begins_anew,
        made={("score", 0): 1},
    ),
    spoken(
        "agent_is_silent_for_the_rest_of_the_call", "I2",
        story=_reply_never_comes, absent=_apologises_and_goes_on,
        fault=faults.timer_does_nothing("reply_deadline"),
    ),
    spoken(
        "line_is_silent_while_the_agent_says_speaking", "I4",
        story=_reply_stops_in_the_middle, absent=_silence_is_noticed,
        fault=faults.timers_are_not_set("reply_deadline"),
    ),
    spoken(
        "nobody_ever_speaks_again", "I6",
        story=_noise_and_nothing, absent=_agent_asks_again, fault=faults.timer_does_nothing("final_wait"),
        made={("the final never comes", 0): True},
    ),
    spoken(
        "line_is_silent_while_the_voice_is_slow", "I4", "P5", weather=RARER_WEATHERS["hesitant"],
        story=_voice_takes_its_time, absent=_hears_that_somebody_is_there, fault=_words_are_enough,
        made={("the voice is slow", 2): True, ("a slow voice", 0): 3},
    ),
    spoken(
        "agent_stays_silent_after_a_noise", "P5",
        story=_coughs_into_the_reply, absent=_resumes_within_the_hold,
        fault=faults.timer_does_nothing("hold"),
        made={("the final never comes", 1): True},
    ),
    spoken(
        "answer_takes_seconds_when_a_final_is_missing", "P21",
        story=_final_never_comes, absent=_answered_in_time, fault=_waits_anew_for_every_timer,
        made={("the final never comes", 0): True},
    ),
    spoken(
        "call_never_ends", "P6", story=_operator_ends, absent=_ends_within_bounds, fault=_no_timer_ends_it
    ),
    spoken(
        "appointment_is_booked_twice", "I7",
        story=_books, absent=_booked_once, fault=faults.effects_are_not_remembered,
    ),
    spoken(
        "agent_acts_before_it_was_asked", "I9",
        story=_adds_a_second_thought, absent=_nothing_was_booked_for_friday, fault=faults.effects_do_not_wait,
        made={("score", 0): 1},
    ),
    spoken(
        "caller_is_dropped_instead_of_handed_over", "P19",
        story=_asks_for_a_person, absent=_handed_over_after_the_words, fault=_person_is_never_called,
    ),
    spoken(
        "same_call_goes_differently_the_second_time", "P24",
        story=_slow_reply, absent=_both_times_the_same, fault=_something_outside_decides,
    ),
]  # fmt: skip
