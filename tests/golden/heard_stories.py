"""What the caller hears, and what the context says was heard."""

from __future__ import annotations

import pytest

from antiphon.conversation import Policy, conversation, ending, floor, playing, silence
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import State
from tests.golden.telling import Answer, Story, Told, spoken
from tests.simulation import faults

HOURS = "What are your opening hours?"
OPEN = Answer(chunks=("We are open from eight to five.", "On Fridays we close at noon."))


def _interrupts(call: Story) -> None:
    """The caller has heard "We are open from" and cuts in."""
    call.answers(HOURS, OPEN)
    call.answers("Stop, is there a doctor on Saturday?", Answer(chunks=("Yes, Doctor Patel is here.",)))
    call.greeted()
    call.says(HOURS)
    call.hears("r2", 900)
    call.says("Stop, is there a doctor on Saturday?", waits_ms=4000)
    call.hangs_up()


def _nothing_of_the_cut_reply(told: Told) -> None:
    sounded = told.facts["sounded"]
    assert isinstance(sounded, list)
    flushed_ms, _ = told.only(cmd.FlushPlayout)
    assert max(end_ms for _, end_ms, reply_id in sounded if reply_id == "r2") <= flushed_ms
    assert any(begin_ms > flushed_ms for begin_ms, _, reply_id in sounded if reply_id == "r3")


def _cut_at_the_word(told: Told) -> None:
    assert told.heard("r2") == "We are open from"


def _denies_nothing(told: Told) -> None:
    assert told.heard("r2").startswith("We are open"), "what was heard is not denied"


def _hangs_up_in_the_middle(call: Story) -> None:
    call.answers(HOURS, OPEN)
    call.greeted()
    call.says(HOURS)
    call.hears("r2", 1200)
    call.hangs_up()


def _last_words_are_there(told: Told) -> None:
    assert told.heard("r2") == "We are open from"
    assert told.only(cmd.EndCall)[1].cause == "caller_hangup"


def _says_goodbye(call: Story) -> None:
    call.answers(
        "No, that is all.",
        Answer(
            chunks=("Thank you for calling.", "Have a nice day, goodbye."), then="end", cause="goal_reached"
        ),
    )
    call.greeted()
    call.says("No, that is all.")
    call.until_end()


def _goodbye_is_whole(told: Told) -> None:
    assert told.heard("r2") == "Thank you for calling. Have a nice day, goodbye."
    assert told.only(cmd.EndCall)[1].cause == "goal_reached"


def _ends_as_soon_as_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    started = playing.started

    def hasty(state: State, event: ev.PlayoutStarted) -> None:
        started(state, event)
        if state.reply is not None and state.reply.then == "end":
            ending.end(state, cause=state.reply.cause)

    patch.setitem(conversation._HANDLERS, ev.PlayoutStarted, hasty)


def _coughs(call: Story) -> None:
    call.answers(HOURS, OPEN)
    call.greeted()
    call.says(HOURS)
    call.hears("r2", 900)
    call.coughs()
    call.runs(5000)
    call.hangs_up()


def _goes_on_where_it_was(told: Told) -> None:
    assert told.heard("r2") == "We are open from eight to five. On Fridays we close at noon."
    _, resume = told.only(cmd.ResumePlayout)
    assert (resume.reply_id, resume.rewind_ms) == ("r2", 0)
    assert [note.kind for _, note in told.commands(cmd.NoteUtterance)] == ["noise"]


def _every_voice_takes_the_floor(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(floor, "hold", floor.yield_to_caller)


def _listens_to_a_long_reply(call: Story) -> None:
    directions = "Leave the train at the central station, cross the bridge, and take the second street."
    call.answers(
        "How do I find you?", Answer(chunks=(directions, "We are the yellow house beside the bakery."))
    )
    call.greeted()
    call.says("How do I find you?")
    call.runs(20_000)
    call.hangs_up()


def _asked_only_after_the_last_word(told: Told) -> None:
    heard_ms = [event.at_ms for event in told.events(ev.PlayoutFinished) if event.reply_id == "r2"]
    asked_ms = [at_ms for at_ms, start in told.commands(cmd.StartReply) if start.kind == "reprompt"]
    assert asked_ms == [at_ms + Policy().silence.reprompt_after_ms for at_ms in heard_ms]


def _silence_counts_from_what_was_sent(patch: pytest.MonkeyPatch) -> None:
    """A burst: all of it is sent when the first of it is heard."""
    started = playing.started

    def idle(state: State, event: ev.PlayoutStarted) -> None:
        started(state, event)
        state.set_timer("silence", state.now_ms + state.policy.silence.reprompt_after_ms)

    def ask(state: State) -> None:
        floor.drop_speech(state)
        silence.nobody_answers(state)

    patch.setitem(conversation._HANDLERS, ev.PlayoutStarted, idle)
    patch.setitem(conversation._TIMERS, "silence", ask)


def _hears_half_a_sentence(call: Story) -> None:
    """The voice breaks off in the last sentence of its second reply; no other voice is there."""
    call.answers(HOURS, OPEN)
    call.greeted()
    call.says(HOURS)
    call.hears("r3", 3000)
    call.runs(2000)
    call.hangs_up()


def _half_of_it_is_known_and_regretted(told: Told) -> None:
    reports = {report.reply_id: report for _, report in told.commands(cmd.ReportHeard)}
    assert reports["r2"].text == "We are open from eight to five. On Fridays we"
    assert not reports["r2"].complete
    assert reports["r3"].text == Policy().trouble


_BREAKS_OFF = {("no audio", 3): True, ("audio before it broke off", 0): 2}  # After 870 ms.

SYMPTOMS = [
    spoken(
        "cut_reply_is_heard_again", "I1",
        story=_interrupts, absent=_nothing_of_the_cut_reply, fault=faults.flushed_replies_are_resumed,
    ),
    spoken(
        "agent_denies_what_it_said", "I3",
        story=_interrupts, absent=_denies_nothing, fault=faults.nothing_cut_counts_as_heard,
    ),
    spoken(
        "agent_believes_it_said_more_than_was_heard", "P1",
        story=_interrupts, absent=_cut_at_the_word, fault=faults.everything_given_counts_as_heard,
    ),
    spoken(
        "agent_believes_a_broken_voice_said_it_all", "I3", "P1", made=_BREAKS_OFF,
        story=_hears_half_a_sentence, absent=_half_of_it_is_known_and_regretted,
        fault=faults.what_there_is_of_a_sentence_is_all_of_it,
    ),
    spoken(
        "last_words_vanish_on_hang_up", "P3",
        story=_hangs_up_in_the_middle, absent=_last_words_are_there, fault=faults.ends_forget_what_was_said,
    ),
    spoken(
        "goodbye_is_clipped", "P7",
        story=_says_goodbye, absent=_goodbye_is_whole, fault=_ends_as_soon_as_it_is_sent,
    ),
    spoken(
        "cough_costs_the_sentence", "P8",
        story=_coughs, absent=_goes_on_where_it_was, fault=_every_voice_takes_the_floor,
    ),
    spoken(
        "asked_again_while_still_listening", "P16",
        story=_listens_to_a_long_reply, absent=_asked_only_after_the_last_word,
        fault=_silence_counts_from_what_was_sent,
    ),
]  # fmt: skip
