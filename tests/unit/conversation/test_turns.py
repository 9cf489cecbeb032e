"""Endpointing and speculation, decided by events alone."""

from __future__ import annotations

import msgspec
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

MIN_MS = TurnPolicy().stop_silence_min_ms
MAX_MS = TurnPolicy().stop_silence_max_ms
PATIENCE_MS = TurnPolicy().patience_ms


def _commit_delay_ms(text: str, *, score: float, expects: str = "") -> int:
    script = Script()
    script.greeted(expects=expects)
    script.says(text, score=score)
    for _ in range(400):
        if script.count(cmd.CommitTurn):
            break
        script.wait(10)
    return script.now_ms - script.last(cmd.CommitTurn).ended_ms


def test_a_turn_that_sounds_complete_ends_after_the_minimum_silence() -> None:
    assert MIN_MS <= _commit_delay_ms("I need to see a doctor.", score=0.95) <= MIN_MS + 10


def test_a_turn_that_sounds_unfinished_gets_the_maximum_silence() -> None:
    assert MAX_MS <= _commit_delay_ms("I need to see a doctor.", score=0.05) <= MAX_MS + 10


def test_a_score_in_between_gives_a_silence_in_between() -> None:
    assert 1.5 * MIN_MS < _commit_delay_ms("I need to see a doctor.", score=0.645) < MAX_MS / 1.5


def test_a_dangling_word_outweighs_a_confident_score() -> None:
    assert _commit_delay_ms("I'd like to book an appointment for", score=0.9) >= MAX_MS + PATIENCE_MS


def test_a_short_answer_is_complete_however_it_sounds() -> None:
    assert _commit_delay_ms("No.", score=0.02) <= MIN_MS + 10


def test_a_whole_answer_of_the_expected_kind_waits_a_third_of_the_way_at_most() -> None:
    for text, expects in (
        ("Hassan Ali.", "name"),
        ("September 9, 1994", "date"),
        ("Yes, that's me.", "yes_no"),
    ):
        third_ms = round(MIN_MS * (MAX_MS / MIN_MS) ** (1 / 3))
        assert third_ms <= _commit_delay_ms(text, score=0.02, expects=expects) <= third_ms + 10, text


def test_half_an_answer_gets_the_maximum() -> None:
    for text, expects in (("Hassan", "name"), ("September 9", "date"), ("I think that is", "yes_no")):
        assert _commit_delay_ms(text, score=0.02, expects=expects) >= MAX_MS, text


def test_a_phone_number_is_not_cut_after_its_first_digits() -> None:
    assert _commit_delay_ms("555", score=0.99, expects="digits") >= MAX_MS + PATIENCE_MS


def test_a_whole_phone_number_needs_no_patience() -> None:
    assert _commit_delay_ms("555 123 4567", score=0.1, expects="digits") <= MIN_MS + 10


def test_without_a_score_and_cues_the_wait_is_halfway_by_proportion() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.now_ms += 800
    script.pause()
    script.final("I need to see a doctor.")
    halfway_ms = round((MIN_MS * MAX_MS) ** 0.5)
    script.wait(halfway_ms - 150)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(200)
    assert script.count(cmd.CommitTurn) == 1


def test_the_reply_is_prepared_during_the_stop_silence_and_confirmed() -> None:
    script = Script()
    script.greeted()
    script.says("I need to see a doctor.")
    draft = script.last(cmd.StartReply)
    assert draft.speculative
    script.reply_text(draft.reply_id, "Sure, which day?")
    assert script.count(cmd.StartPlayout) == 1  # The greeting's only.
    script.wait(300)
    assert script.last(cmd.ConfirmReply).reply_id == draft.reply_id
    assert script.last(cmd.StartPlayout).reply_id == draft.reply_id


def test_a_caller_who_goes_on_cancels_the_draft_and_keeps_his_words() -> None:
    script = Script()
    script.greeted()
    script.says("I need to see a doctor", score=0.3)
    draft = script.last(cmd.StartReply)
    script.wait(100)
    script.voice()
    assert script.last(cmd.CancelReply).reply_id == draft.reply_id
    script.now_ms += 700
    script.pause()
    script.now_ms += 60
    script.final("I need to see a doctor on Thursday")
    script.score(0.95)
    script.wait(400)
    assert script.last(cmd.CommitTurn).text == "I need to see a doctor on Thursday"


def test_a_later_final_of_the_same_segment_replaces_and_another_segment_adds() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.final("My name is")
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="My name is Maria"))
    script.now_ms += 500
    script.pause()
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=1, text="Lopez."))
    script.score(0.9)
    script.wait(1000)
    assert script.last(cmd.CommitTurn).text == "My name is Maria Lopez."


def test_a_final_that_never_comes_costs_a_bounded_wait() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.now_ms += 800
    script.partial("I need to see a")
    script.pause()
    script.wait(MAX_MS + PATIENCE_MS + TurnPolicy().final_wait_ms)
    assert script.last(cmd.CommitTurn).text == "I need to see a"


def test_noise_without_words_takes_no_turn() -> None:
    script = Script()
    script.greeted()
    script.says("", duration_ms=300)
    script.wait(1000)
    assert script.count(cmd.CommitTurn) == 0
    assert script.last(cmd.NoteUtterance).kind == "noise"


def test_a_late_transcript_is_recorded_and_answered_by_nobody() -> None:
    script = Script()
    script.greeted()
    script.says("Hello there, good morning.")
    script.wait(400)
    replies = script.count(cmd.StartReply)
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="Hello there, good morning."))
    assert script.last(cmd.NoteUtterance).kind == "late"
    assert script.count(cmd.StartReply) == replies


def test_speculation_can_be_switched_off() -> None:
    script = Script(Policy(turn=msgspec.structs.replace(TurnPolicy(), speculate=False)))
    script.greeted()
    script.says("I need to see a doctor.")
    assert not script.last(cmd.StartReply).speculative
    assert script.last(cmd.StartReply).kind == "greeting"
    script.wait(300)
    assert script.last(cmd.StartReply).kind == "turn"


def test_keys_make_a_turn_of_their_own() -> None:
    script = Script()
    script.greeted()
    for digit in "42#":
        script.step(ev.DtmfReceived(at_ms=script.now_ms, digit=digit))
    assert script.last(cmd.CommitTurn).text == "dtmf:42"


def test_keys_without_a_hash_end_after_a_pause() -> None:
    script = Script()
    script.greeted()
    script.step(ev.DtmfReceived(at_ms=script.now_ms, digit="7"))
    assert script.count(cmd.CommitTurn) == 0
    script.wait(2500)
    assert script.last(cmd.CommitTurn).text == "dtmf:7"
