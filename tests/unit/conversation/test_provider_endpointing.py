"""The recogniser's vendor decides when a turn is over; a call never hangs on it."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

WORDS = "I need to see a doctor."
PROVIDER = Policy(turn=TurnPolicy(endpointing="provider"))


def _talking(policy: Policy = PROVIDER) -> Script:
    script = Script(policy)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.partial(WORDS)
    return script


def _paused() -> Script:
    script = _talking()
    script.pause()
    return script


def test_our_silence_does_not_end_the_turn_nor_is_it_judged() -> None:
    script = _paused()
    script.final(WORDS)
    script.wait(2500)
    assert script.count(cmd.CommitTurn) == script.count(cmd.ScoreEndOfTurn) == 0


def test_the_vendors_end_after_its_final_commits_at_once() -> None:
    script = _paused()
    script.now_ms += 200
    script.final(WORDS)
    assert script.count(cmd.CommitTurn) == 0
    script.signal("ended", WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_vendor_that_is_gone_is_not_waited_for_and_our_own_silence_ends_the_turn() -> None:
    script = _paused()
    script.final(WORDS)
    script.signal("lost")
    assert script.count(cmd.ScoreEndOfTurn) == 1
    script.wait(PROVIDER.turn.stop_silence_max_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_vendor_that_is_gone_while_the_caller_speaks_leaves_his_next_pause_to_us() -> None:
    script = _talking()
    script.signal("lost")
    assert script.count(cmd.ScoreEndOfTurn) == 0
    script.pause()
    script.final(WORDS)
    script.wait(PROVIDER.turn.stop_silence_max_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_whoever_takes_over_from_a_vendor_that_is_gone_ends_turns_again_once_it_speaks_up() -> None:
    script = _talking()
    script.signal("lost")
    script.signal("started")
    script.pause()
    script.final(WORDS)
    script.wait(2500)
    assert script.count(cmd.CommitTurn) == 0
    script.signal("ended", WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_an_end_before_its_final_waits_for_the_final() -> None:
    script = _paused()
    script.signal("ended", WORDS)
    assert script.count(cmd.CommitTurn) == 0
    script.now_ms += 120
    script.final("I need to see the doctor.")
    assert script.last(cmd.CommitTurn).text == "I need to see the doctor."


def test_words_after_the_final_that_the_vendors_end_confirms_need_no_other_final() -> None:
    script = _paused()
    script.final("I need")
    script.partial(WORDS)
    script.signal("ended", WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_words_after_the_final_that_nothing_confirms_are_asked_for() -> None:
    script = _paused()
    script.final("I need")
    script.partial(WORDS)
    script.signal("ended")
    assert script.count(cmd.CommitTurn) == 0 and script.count(cmd.FinalizeTranscript) == 2
    script.final("I need to see a dentist.")
    assert script.last(cmd.CommitTurn).text == "I need to see a dentist."


def test_a_final_that_never_follows_its_end_costs_a_bounded_wait() -> None:
    script = _paused()
    script.signal("ended")
    script.wait(PROVIDER.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_an_end_with_words_nothing_else_told_of_is_answered() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.signal("ended", WORDS)
    script.wait(PROVIDER.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS
    script.now_ms += 100
    script.final(WORDS)
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text=WORDS)
    script.wait(5000)
    assert script.count(cmd.CommitTurn) == 1


def test_an_eager_end_starts_a_draft_that_the_end_confirms() -> None:
    script = _paused()
    script.signal("eager_end", WORDS)
    draft = script.last(cmd.StartReply)
    assert draft.speculative and draft.text == WORDS
    script.now_ms += 300
    script.final(WORDS)
    script.signal("ended", WORDS)
    assert script.last(cmd.ConfirmReply).reply_id == draft.reply_id
    assert script.last(cmd.StartReply) is draft


def test_a_turn_that_resumed_throws_the_draft_away() -> None:
    script = _paused()
    script.signal("eager_end", WORDS)
    draft = script.last(cmd.StartReply)
    script.signal("resumed")
    assert script.last(cmd.CancelReply).reply_id == draft.reply_id
    script.now_ms += 400
    script.partial("I need to see a doctor on Friday")
    script.final("I need to see a doctor on Friday.")
    script.signal("ended")
    assert script.last(cmd.CommitTurn).text == "I need to see a doctor on Friday."
    assert script.count(cmd.ConfirmReply) == 0


def test_a_turn_may_resume_while_its_final_is_due() -> None:
    script = _paused()
    script.signal("ended")
    script.signal("resumed")
    script.wait(2000)
    assert script.count(cmd.CommitTurn) == 0


def test_a_vendor_without_a_word_is_given_up_after_its_bound() -> None:
    script = _paused()
    script.final(WORDS)
    script.wait(PROVIDER.turn.provider_wait_ms - 1)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(1)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_vendor_that_sends_nothing_at_all_cannot_hang_the_call() -> None:
    script = _paused()
    script.wait(PROVIDER.turn.provider_wait_ms + PROVIDER.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_silent_vendor_is_not_waited_for_twice_until_it_speaks_again() -> None:
    script = _paused()
    script.wait(PROVIDER.turn.provider_wait_ms + PROVIDER.turn.final_wait_ms)
    script.reply_text("r2", "Sure.")
    script.audible("r2")
    script.now_ms += 1000
    script.heard_out("r2")
    script.segment = 1
    script.says("On Friday, please.")
    script.wait(400)
    assert script.last(cmd.CommitTurn).text == "On Friday, please."
    script.signal("started")
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "At nine?")
    script.audible(reply_id)
    script.now_ms += 1000
    script.heard_out(reply_id)
    script.segment = 2
    script.says("Nine is fine.")
    script.wait(2000)
    assert script.last(cmd.CommitTurn).text == "On Friday, please."


def test_a_late_or_second_end_changes_nothing() -> None:
    script = _paused()
    script.final(WORDS)
    script.signal("ended")
    before = len(script.commands)
    script.signal("ended", WORDS)
    script.signal("eager_end", WORDS)
    assert len(script.commands) == before


def test_a_line_so_noisy_that_our_vad_never_pauses_is_left_to_the_vendor() -> None:
    script = _talking()
    script.now_ms += 2000
    script.final(WORDS)
    script.signal("ended", WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS
    assert script.conversation.state.turn is not None, "what follows in that noise is still heard"


def test_an_end_that_was_decided_before_the_caller_went_on_is_not_believed() -> None:
    script = _paused()
    script.wait(300)
    script.voice()
    script.now_ms += 100
    script.final(WORDS)
    script.signal("ended", WORDS)
    assert script.count(cmd.CommitTurn) == 0


@pytest.mark.parametrize("moment", ["started", "eager_end", "resumed", "ended", "dreaming"])
def test_signals_mean_nothing_where_we_decide(moment: str) -> None:
    script = _talking(Policy())
    before = len(script.commands)
    assert script.signal(moment, WORDS) == [] and len(script.commands) == before


def test_a_barge_in_is_held_at_once_and_judged_by_words() -> None:
    script = Script(PROVIDER)
    script.reply_text("r1", "Hello, how can I help?")
    script.audible("r1")
    script.now_ms += 500
    script.voice()
    assert script.last(cmd.PausePlayout).reply_id == "r1"
    script.now_ms += 300
    script.partial("I need a doctor")
    assert script.last(cmd.FlushPlayout).reply_id == "r1"
    script.pause()
    script.final("I need a doctor.")
    script.signal("ended")
    assert script.last(cmd.CommitTurn).text == "I need a doctor."


def test_a_backchannel_is_judged_when_the_vendor_ends_it() -> None:
    script = Script(PROVIDER)
    script.reply_text("r1", "Hello, how can I help?")
    script.audible("r1")
    script.now_ms += 500
    script.voice()
    script.now_ms += 300
    script.pause()
    script.final("Mm-hmm.")
    assert script.last(cmd.NoteUtterance).kind == "backchannel"
    assert script.last(cmd.ResumePlayout).reply_id == "r1"


def test_no_draft_is_made_where_speculation_is_off() -> None:
    script = _talking(Policy(turn=msgspec.structs.replace(PROVIDER.turn, speculate=False)))
    script.pause()
    script.signal("eager_end", WORDS)
    script.wait(1000)
    assert not script.last(cmd.StartReply).speculative


def test_keys_typed_into_a_voice_that_never_pauses_are_answered() -> None:
    script = _talking()
    script.keys("6")
    script.now_ms += 1000
    script.signal("ended")
    script.wait(PROVIDER.turn.dtmf_gap_ms + PROVIDER.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == f"{WORDS} dtmf:6"


def test_a_vendor_whose_words_go_on_changing_is_still_at_work() -> None:
    script = _paused()
    for text in ("I need to", "I need to see", "I need to see a", WORDS):
        script.wait(PROVIDER.turn.provider_wait_ms - 100)
        script.partial(text)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(PROVIDER.turn.provider_wait_ms + PROVIDER.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_quiet_caller_whose_turn_the_vendor_does_not_end_is_answered() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.final(WORDS)
    script.wait(PROVIDER.turn.provider_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_other_words_than_the_vendor_ended_a_turn_with_are_the_next_turn() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.signal("ended", WORDS)
    script.wait(PROVIDER.turn.final_wait_ms)
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "Which day?")
    script.audible(reply.reply_id)
    script.now_ms += 600
    script.heard_out(reply.reply_id)
    script.final("On Friday.")
    script.wait(PROVIDER.turn.provider_wait_ms)
    assert script.last(cmd.CommitTurn).text == "On Friday."


def test_who_says_the_same_again_after_a_turn_nobody_else_told_of_is_answered_again() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.signal("ended", "Yes.")
    script.wait(PROVIDER.turn.final_wait_ms)
    script.final("Yes.")
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "Are you sure?")
    script.audible(reply.reply_id)
    script.now_ms += 600
    script.heard_out(reply.reply_id)
    script.segment += 1
    script.final("Yes.")
    script.wait(PROVIDER.turn.provider_wait_ms)
    assert script.count(cmd.CommitTurn) == 2


def test_a_vendor_that_comes_back_in_a_pause_ends_it_again_itself() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.signal("lost")
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.final(WORDS)
    script.signal("resumed")
    script.wait(PROVIDER.turn.provider_wait_ms - 100)
    assert script.count(cmd.CommitTurn) == 0, "our silence does not count any more"
    script.signal("ended")
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_final_is_worth_a_draft_although_the_vendor_takes_its_time() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.now_ms += 60
    script.final(WORDS)
    script.wait(PROVIDER.turn.stable_partial_ms + 10)
    assert script.last(cmd.StartReply).speculative


def test_a_vendor_that_gave_a_sign_of_life_is_waited_for_again_although_it_let_a_pause_pass() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.signal("started")
    script.now_ms += 1000
    script.pause()
    script.final(WORDS)
    script.wait(PROVIDER.turn.provider_wait_ms)
    reply = script.last(cmd.StartReply)
    assert script.last(cmd.CommitTurn).text == WORDS
    script.reply_text(reply.reply_id, "Which day?")
    script.audible(reply.reply_id)
    script.now_ms += 600
    script.heard_out(reply.reply_id)
    script.segment += 1
    script.says("On Friday.")
    script.wait(PROVIDER.turn.provider_wait_ms - 500)
    assert script.count(cmd.CommitTurn) == 1


def test_an_eager_end_over_the_agents_words_begins_no_reply() -> None:
    script = Script(PROVIDER)
    script.reply_text("r1", "Hello, this is the clinic at Maple Street, how can I help?")
    script.audible("r1")
    script.now_ms += 500
    script.voice()
    script.now_ms += 300
    script.pause()
    script.signal("eager_end", "I need to")
    assert script.last(cmd.StartReply).kind == "greeting"


@pytest.mark.parametrize(("told", "drafted"), [("I need two", "I need two"), ("", WORDS)])
def test_an_eager_end_is_drafted_on_with_the_vendors_words_or_with_those_there_are(
    told: str, drafted: str
) -> None:
    script = _paused()
    script.signal("eager_end", told)
    assert script.last(cmd.StartReply).text == drafted


def test_a_turn_that_resumed_is_not_taken_with_the_final_of_before() -> None:
    script = _paused()
    script.signal("ended")
    script.signal("resumed")
    script.final(WORDS)
    script.wait(PROVIDER.turn.provider_wait_ms - 100)
    assert script.count(cmd.CommitTurn) == 0
    script.signal("ended")
    assert script.last(cmd.CommitTurn).text == WORDS


def test_words_that_resumed_are_not_drafted_on_for_standing_still() -> None:
    script = _paused()
    script.signal("resumed")
    script.wait(2 * PROVIDER.turn.stable_partial_ms)
    assert script.last(cmd.StartReply).kind == "greeting"


def test_a_final_that_is_due_is_not_asked_for_twice() -> None:
    script = _paused()
    asked = script.count(cmd.FinalizeTranscript)
    script.signal("ended")
    assert script.count(cmd.FinalizeTranscript) == asked


def test_a_session_that_was_never_there_is_no_reason_to_mistrust_the_vendor() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.says(WORDS)
    script.wait(2000)
    assert script.count(cmd.CommitTurn) == 0


def test_a_vendor_that_says_something_in_a_pause_is_given_its_time_again() -> None:
    script = _paused()
    script.wait(PROVIDER.turn.provider_wait_ms - 100)
    script.signal("eager_end")
    script.wait(PROVIDER.turn.provider_wait_ms - 100)
    assert script.count(cmd.CommitTurn) == 0


def test_a_vendor_that_hears_the_end_before_we_do_has_the_turn_answered_once() -> None:
    """Its end comes with the words while our ears still hear the voice; the final follows our own pause."""
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.signal("started")
    script.wait(1200)
    script.signal("ended", WORDS)
    script.wait(50)
    script.pause()
    script.wait(300)
    script.final(WORDS)
    script.wait(1000)
    assert [c.text for c in script.commands if isinstance(c, cmd.CommitTurn)] == [WORDS]
    assert script.phase == "thinking"
    assert cmd.NoteUtterance(kind="late", text=WORDS) in script.commands


def test_who_says_the_same_word_again_after_that_says_it_again() -> None:
    script = Script(PROVIDER)
    script.greeted()
    script.voice()
    script.signal("started")
    script.wait(1200)
    script.pause()
    script.signal("ended", "Yes.")
    script.wait(PROVIDER.turn.final_wait_ms)
    assert [c.text for c in script.commands if isinstance(c, cmd.CommitTurn)] == ["Yes."]
    script.segment += 1
    script.voice()
    script.wait(400)
    script.pause()
    script.final("Yes.")
    script.wait(PROVIDER.turn.provider_wait_ms + PROVIDER.turn.final_wait_ms)
    assert cmd.NoteUtterance(kind="late", text="Yes.") not in script.commands
