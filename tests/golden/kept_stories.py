"""What must be heard is heard, and nothing that callers say, type or press is lost or out of order."""

from __future__ import annotations

import pytest

from antiphon.conversation import (
    Policy,
    TurnPolicy,
    asked,
    conversation,
    heard,
    keypad,
    push_to_talk,
    replies,
    spans,
)
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import Reply, State, Turn
from tests.golden.telling import Answer, Story, Told, spoken

BUTTON = Policy(turn=TurnPolicy(endpointing="push_to_talk"))
PRICES = "What does it cost?"
NOTICE = "Prices do not bind us and may change before the day of your visit."


def _prices(call: Story) -> None:
    """The caller is in the middle of what the law wants him to hear."""
    call.answers(
        PRICES,
        Answer(chunks=("About the prices.", NOTICE, "A cleaning is ninety dollars."), protected=(NOTICE,)),
    )
    call.greeted()
    call.says(PRICES)
    call.hears("r2", 2500)


def _operator_ends_within_the_notice(call: Story) -> None:
    _prices(call)
    call.happens(ev.OperatorEnded(at_ms=call.world.now_ms))
    call.until_end()


def _notice_is_whole_and_then_goodbye(told: Told) -> None:
    reports = {report.reply_id: report for _, report in told.commands(cmd.ReportHeard)}
    assert reports["r2"].protected == "heard"
    assert reports["r2"].text == f"About the prices. {NOTICE}", "and not a word behind it"
    assert reports["r3"].text == "Thank you for calling. Goodbye."
    assert told.only(cmd.EndCall)[1].cause == "operator"


def _limits_wait_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spans, "under_way", lambda state: False)


def _types_within_the_notice(call: Story) -> None:
    _prices(call)
    call.happens(ev.TextTyped(at_ms=call.world.now_ms, text="I only need a check-up"))
    call.runs(9000)
    call.hangs_up()


def _typed_words_are_answered_after_it(told: Told) -> None:
    reports = {report.reply_id: report for _, report in told.commands(cmd.ReportHeard)}
    assert (reports["r2"].text, reports["r2"].protected) == (f"About the prices. {NOTICE}", "heard")
    turns = [command.text for _, command in told.commands(cmd.CommitTurn)]
    assert turns == [PRICES, "I only need a check-up"]
    assert reports["r3"].text == "I see."


def _typed_words_are_too_late(patch: pytest.MonkeyPatch) -> None:
    typed = asked.typed

    def late(state: State, event: ev.TextTyped) -> None:
        if spans.protected(state):
            state.emit(cmd.NoteUtterance(kind="late", text=event.text))
        else:
            typed(state, event)

    patch.setitem(conversation._HANDLERS, ev.TextTyped, late)


def _presses_and_explains(call: Story) -> None:
    call.greeted()
    for digit in "4711":
        call.happens(ev.DtmfReceived(at_ms=call.world.now_ms, digit=digit))
        call.runs(250)
    call.says("is my old number and what is the new one?", waits_ms=4000)
    call.hangs_up()


def _keys_stand_first(told: Told) -> None:
    assert told.only(cmd.CommitTurn)[1].text == "dtmf:4711 is my old number and what is the new one?"


def _keys_stand_last(patch: pytest.MonkeyPatch) -> None:
    together = keypad.together

    def behind(state: State, turn: Turn | None, *, raw: bool = False) -> list[str]:
        return sorted(together(state, turn, raw=raw), key=lambda text: text.startswith("dtmf:"))

    patch.setattr(keypad, "together", behind)


def _is_told_in_two(call: Story) -> None:
    """One press of the talk button, of which the recogniser gives two finals."""
    whole = "I need to see a doctor today."
    call.answers(whole, Answer(chunks=("Doctor Patel is free at four.",)))
    call.greeted()
    call.happens(ev.TalkPressed(at_ms=call.world.now_ms))
    call.runs(2000)
    call.happens(ev.TalkReleased(at_ms=call.world.now_ms))
    for text in ("I need", "to see a doctor today."):
        segment = call.world.recogniser.segment
        call.happens(ev.TranscriptFinal(at_ms=call.world.now_ms, segment=segment, text=text))
        call.runs(150)
    call.runs(3000)
    call.hangs_up()


def _both_halves_are_one_turn(told: Told) -> None:
    assert told.commands(cmd.NoteUtterance) == []
    assert told.only(cmd.CommitTurn)[1].text == "I need"
    assert told.only(cmd.AmendTurn)[1] == cmd.AmendTurn(turn=1, text="to see a doctor today.")
    assert told.heard("r3") == "Doctor Patel is free at four."


def _second_final_is_noise(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(push_to_talk, "_was_said_to_us", lambda state: False)


def _agrees_while_it_is_written(call: Story) -> None:
    """The model is slow: of its question only the first words are there when the caller says yes."""
    begun = ("Tuesday at nine is free.", "Shall I book that one")
    call.answers("I need a cleaning.", Answer(chunks=begun, unfinished=True))
    call.greeted()
    call.says("I need a cleaning.")
    call.hears("r2", 2300)
    call.says("Yes.", waits_ms=200)
    rest = ev.ReplyText(at_ms=call.world.now_ms, reply_id="r2", index=2, text="for you?")
    call.happens(rest)
    call.happens(ev.ReplyFinished(at_ms=call.world.now_ms, reply_id="r2"))
    call.runs(4000)
    call.hangs_up()


def _yes_is_the_answer(told: Told) -> None:
    assert [command.text for _, command in told.commands(cmd.CommitTurn)] == ["I need a cleaning.", "Yes."]
    assert told.heard("r2") == "Tuesday at nine is free. Shall I book that one for you?"


def _only_what_is_written_asks(patch: pytest.MonkeyPatch) -> None:
    asks_behind = heard.asks_behind
    patch.setattr(heard, "asks_behind", lambda reply, known_ms: asks_behind(reply, known_ms) is True)


def _coughs_as_the_model_is_lost(call: Story) -> None:
    call.answers(PRICES, Answer(chunks=("A cleaning is ninety dollars.", "A check-up is"), unfinished=True))
    call.greeted()
    call.says(PRICES)
    call.hears("r2", 900)
    call.coughs(100)
    call.happens(ev.ReplyFailed(at_ms=call.world.now_ms, reply_id="r2", reason="lost", goes_on=True))
    call.coughs(150)
    call.runs(5000)
    call.hangs_up()


def _hears_the_rest(told: Told) -> None:
    lost_ms = told.events(ev.ReplyFailed)[0].at_ms
    asked_ms, rest = told.commands(cmd.StartReply)[-1]
    assert (rest.reply_id, rest.text, rest.reason) == ("r3", PRICES, "broke_off")
    assert asked_ms - lost_ms < 3500 and told.heard("r3"), "words, and soon"


def _rest_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    go_on_behind = replies.go_on_behind

    def forget(state: State, reply: Reply) -> None:
        go_on_behind(state, reply)
        state.sorry_due = False

    patch.setattr(replies, "go_on_behind", forget)


SYMPTOMS = [
    spoken(
        "call_ends_within_the_legal_notice", "P7",
        story=_operator_ends_within_the_notice, absent=_notice_is_whole_and_then_goodbye,
        fault=_limits_wait_for_nothing,
    ),
    spoken(
        "typed_words_are_ignored", "I5",
        story=_types_within_the_notice, absent=_typed_words_are_answered_after_it,
        fault=_typed_words_are_too_late,
    ),
    spoken(
        "rest_of_what_was_said_into_the_button_is_lost", "P4", policy=BUTTON,
        story=_is_told_in_two, absent=_both_halves_are_one_turn, fault=_second_final_is_noise,
    ),
    spoken(
        "yes_to_a_slow_question_is_a_listening_noise", "I5",
        story=_agrees_while_it_is_written, absent=_yes_is_the_answer, fault=_only_what_is_written_asks,
    ),
    spoken(
        "answer_is_lost_under_a_cough", "P5",
        story=_coughs_as_the_model_is_lost, absent=_hears_the_rest, fault=_rest_is_forgotten,
    ),
    spoken(
        "number_is_read_behind_the_words_about_it", "I8",
        story=_presses_and_explains, absent=_keys_stand_first, fault=_keys_stand_last,
    ),
]  # fmt: skip
