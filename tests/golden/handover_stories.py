"""What callers notice when a person is called for them and does not come."""

from __future__ import annotations

from itertools import pairwise

import pytest

from antiphon.conversation import Policy, handover
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy
from tests.golden.telling import Answer, Story, Told, spoken
from tests.simulation import faults

ASKS = "I want to speak to a person."
PATIENCE = HandoverPolicy(wait_max_ms=40_000)


def _asks_for_a_person(call: Story) -> None:
    through = Answer(chunks=("I will put you through.",), then="escalate", cause="caller_asked")
    call.answers(ASKS, through)
    call.greeted()
    call.says(ASKS)
    call.runs(12_000)


def _nobody_answers(call: Story) -> None:
    _asks_for_a_person(call)
    call.happens(ev.HandoverFailed(at_ms=call.world.now_ms, result="no_answer"))
    _goes_on(call)


def _nothing_is_heard_of_the_other_phone(call: Story) -> None:
    _asks_for_a_person(call)
    call.runs(30_000)
    _goes_on(call)


def _speaks_while_he_waits(call: Story) -> None:
    _asks_for_a_person(call)
    call.says("Hello? Is anybody there?", waits_ms=1000)
    call.happens(ev.HandoverFailed(at_ms=call.world.now_ms, result="busy"))
    _goes_on(call)


def _is_answered_when_he_is_back(told: Told) -> None:
    noted = [(note.kind, note.text) for _, note in told.commands(cmd.NoteUtterance)]
    assert noted == [("waiting", "Hello? Is anybody there?")], "it took no turn, and is on record"
    turns = [command.text for _, command in told.commands(cmd.CommitTurn)]
    assert turns == [ASKS, "Then book me for Friday."]


def _goes_on(call: Story) -> None:
    call.answers("Then book me for Friday.", Answer(chunks=("You are booked for Friday.",)))
    call.runs(6000)
    call.says("Then book me for Friday.", waits_ms=4000)
    call.hangs_up()


def _he_is_back_and_was_never_in_silence(told: Told) -> None:
    heard = [report.text for _, report in told.commands(cmd.ReportHeard)]
    assert PATIENCE.no_answer in heard, "he is told why he is back"
    assert heard[-1] == "You are booked for Friday.", "and answered as before"
    sounded = told.facts["sounded"]
    assert isinstance(sounded, list)
    asked_ms, _ = told.only(cmd.Escalate)
    back_ms = told.commands(cmd.CommitTurn)[-1][0] - 6000
    waits = [(from_ms, to_ms) for from_ms, to_ms, _ in sounded if asked_ms <= from_ms <= back_ms]
    gaps_ms = [later[0] - earlier[1] for earlier, later in pairwise(waits)]
    assert gaps_ms and max(gaps_ms) < 1500, "music and words follow one another"


def _nobody_keeps_the_caller(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handover, "keeps_caller", lambda state, reason: False)


SYMPTOMS = [
    spoken(
        "caller_is_gone_while_the_other_phone_rings", "P19",
        story=_nobody_answers, absent=_he_is_back_and_was_never_in_silence, fault=_nobody_keeps_the_caller,
        policy=Policy(handover=PATIENCE),
    ),
    spoken(
        "caller_waits_for_a_person_for_ever", "P19",
        story=_nothing_is_heard_of_the_other_phone, absent=_he_is_back_and_was_never_in_silence,
        fault=faults.timer_does_nothing("person"),
        policy=Policy(handover=PATIENCE),
    ),
    spoken(
        "nothing_is_answered_after_the_wait", "I5", "P19",
        story=_speaks_while_he_waits, absent=_is_answered_when_he_is_back,
        fault=faults.what_he_says_while_he_waits_settles_nothing,
        policy=Policy(handover=PATIENCE),
    ),
]  # fmt: skip
