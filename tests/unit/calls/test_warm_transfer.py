"""The warm transfer machine, race by race. Times are ms since the caller was promised a person."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from antiphon.calls.control import commands as cmd
from antiphon.calls.control import events as ev
from antiphon.calls.control.state import Patience, Stage
from antiphon.calls.control.warm import WarmTransfer

ASKED = ev.TransferAsked(at_ms=0)
PLACED = ev.CallPlaced(at_ms=200, call_id="CA1")
RINGING = ev.PersonRinging(at_ms=900, call_id="CA1")
ANSWERED = ev.PersonAnswered(at_ms=4000, call_id="CA1")
MEDIA = ev.PersonMediaStarted(at_ms=4200, call_id="CA1")
BRIEFED = ev.BriefHeard(at_ms=12_000)
ACCEPTED = ev.PersonAccepted(at_ms=13_000)
CALLER_HEARD = ev.VoiceHeard(at_ms=14_000, caller=True)
PERSON_HEARD = ev.VoiceHeard(at_ms=15_000, caller=False)
CALLER_LEFT = ev.CallerLeft(at_ms=20_000)
HUNG_UP = ev.PersonEnded(at_ms=20_500, call_id="CA1", how="completed")
BRIDGED = [ASKED, PLACED, RINGING, ANSWERED, MEDIA, BRIEFED, ACCEPTED]
PARTED = [*BRIDGED, CALLER_HEARD, PERSON_HEARD]


def told(*events: ev.AnyEvent, machine: WarmTransfer | None = None) -> list[str]:
    """What is asked for, by name, timers left out."""
    machine = machine or WarmTransfer()
    return [_said(command) for event in events for command in machine.step(event) if not _is_timer(command)]


def _is_timer(command: cmd.Command) -> bool:
    return isinstance(command, cmd.SetTimer | cmd.CancelTimer)


def _said(command: cmd.Command) -> str:
    match command:
        case cmd.ReturnCaller(result=result):
            return f"return: {result}"
        case cmd.HangUp(call_id=call_id):
            return f"hang up {call_id}"
        case cmd.LegOver(how=how):
            return f"over: {how}"
    return type(command).__name__


def timer(machine: WarmTransfer, name: str) -> list[str]:
    return told(ev.TimerFired(at_ms=machine.state.timers[name], timer=name), machine=machine)


def after(events: Sequence[ev.AnyEvent]) -> WarmTransfer:
    machine = WarmTransfer()
    for event in events:
        machine.step(event)
    return machine


def test_a_person_is_called_briefed_bridged_and_left_with_the_caller() -> None:
    assert told(*PARTED, HUNG_UP) == [
        "PlaceCall", "Brief", "OpenBridge", "LeaveThem", "over: completed", "CloseBridge", "EndCaller"
    ]  # fmt: skip


def test_the_agent_stays_until_both_are_heard() -> None:
    machine = after([*BRIDGED, CALLER_HEARD, CALLER_HEARD])
    assert machine.state.stage is Stage.BRIDGED
    assert told(PERSON_HEARD, machine=machine) == ["LeaveThem"]


def test_a_person_who_says_nothing_on_the_bridge_is_taken_for_lost() -> None:
    machine = after([*BRIDGED, CALLER_HEARD])
    assert timer(machine, "heard") == ["CloseBridge", "return: lost", "hang up CA1"]


@pytest.mark.parametrize(
    ("how", "result"),
    [("busy", "busy"), ("no_answer", "no_answer"), ("failed", "failed"), ("cancelled", "no_answer")],
)
def test_a_person_who_is_not_reached_gives_the_caller_back(how: str, result: str) -> None:
    ended = ev.PersonEnded(at_ms=5000, call_id="CA1", how=how)  # type: ignore[arg-type]  # Of a literal.
    assert told(ASKED, PLACED, RINGING, ended) == ["PlaceCall", f"over: {how}", f"return: {result}"]


def test_a_phone_that_only_rings_is_given_up_and_hung_up() -> None:
    machine = after([ASKED, PLACED, RINGING])
    assert timer(machine, "ring") == ["return: no_answer", "hang up CA1"]


def test_an_answering_machine_by_the_carriers_ear_or_ours_gives_the_caller_back() -> None:
    machine_answered = ev.PersonAnswered(at_ms=4000, call_id="CA1", machine=True)
    assert told(ASKED, PLACED, machine_answered)[-2:] == ["return: voicemail", "hang up CA1"]
    heard = ev.MachineHeard(at_ms=6000)
    assert told(ASKED, PLACED, ANSWERED, MEDIA, heard)[-2:] == ["return: voicemail", "hang up CA1"]


def test_who_accepted_is_no_machine_whatever_a_detector_says_later() -> None:
    assert told(ev.MachineHeard(at_ms=14_000), machine=after(BRIDGED)) == []


def test_a_person_may_decline_by_word_or_by_hanging_up() -> None:
    declined = ev.PersonDeclined(at_ms=9000)
    assert told(ASKED, PLACED, ANSWERED, MEDIA, declined)[-2:] == ["return: declined", "hang up CA1"]
    assert told(ASKED, PLACED, ANSWERED, MEDIA, HUNG_UP)[-2:] == ["over: completed", "return: declined"]


def test_a_person_who_does_not_decide_is_asked_once_more() -> None:
    machine = after([ASKED, PLACED, ANSWERED, MEDIA, BRIEFED])
    assert timer(machine, "decide") == ["AskAgain"]
    machine.step(ev.BriefHeard(at_ms=machine.state.now_ms + 4000))
    assert timer(machine, "decide") == ["return: no_answer", "hang up CA1"]


@pytest.mark.parametrize("so_far", [1, 2, 3, 4, 5, 6])
def test_a_caller_who_hangs_up_during_the_transfer_takes_the_leg_with_him(so_far: int) -> None:
    machine = after(BRIDGED[:so_far])
    asked = told(CALLER_LEFT, machine=machine)
    if so_far > 1:
        assert asked == ["hang up CA1"]
    else:
        assert asked == [], "the call has no name yet"
        assert told(PLACED, machine=machine) == ["hang up CA1"]
    assert told(HUNG_UP, machine=machine) == ["over: completed"]
    assert machine.is_over


def test_a_webhook_before_the_api_answers_is_as_good_as_the_answer() -> None:
    assert told(ASKED, RINGING, ANSWERED, PLACED, MEDIA) == ["PlaceCall", "Brief"]


def test_swapped_and_repeated_webhooks_change_nothing() -> None:
    assert told(ASKED, PLACED, MEDIA, ANSWERED, RINGING, ANSWERED, MEDIA) == ["PlaceCall", "Brief"]
    ended = ev.PersonEnded(at_ms=5000, call_id="CA1", how="busy")
    once = ["PlaceCall", "over: busy", "return: busy"]
    assert told(ASKED, ended, PLACED, RINGING, ANSWERED, MEDIA, ended) == once


UNNAMED = ev.CallPlaced(at_ms=200, call_id="")


def test_a_carrier_that_names_a_call_by_webhook_only_is_as_good() -> None:
    """Plivo answers a request to dial with the id of the request."""
    assert told(ASKED, UNNAMED, RINGING, ANSWERED, MEDIA) == ["PlaceCall", "Brief"]
    assert told(ASKED, ANSWERED, UNNAMED, RINGING, MEDIA) == ["PlaceCall", "Brief"]
    machine = after([ASKED, UNNAMED])
    assert told(CALLER_LEFT, machine=machine) == [], "the call has no name yet"
    assert told(RINGING, machine=machine) == ["hang up CA1"]
    ended = ev.PersonEnded(at_ms=5000, call_id="CA1", how="no_answer")
    assert told(ASKED, UNNAMED, ended)[-1] == "return: no_answer"


def test_a_machine_judged_in_the_background_ends_the_briefing_and_no_talk() -> None:
    """Plivo and Vonage tell of it while the call is up."""
    judged = ev.PersonAnswered(at_ms=6000, call_id="CA1", machine=True)
    assert told(judged, machine=after([ASKED, PLACED, ANSWERED, MEDIA])) == [
        "return: voicemail",
        "hang up CA1",
    ]
    assert told(judged, machine=after(BRIDGED)) == []
    assert told(judged, machine=after(PARTED)) == []


def test_an_answer_after_the_transfer_was_cancelled_is_hung_up() -> None:
    machine = after([ASKED])
    assert told(ev.TransferCancelled(at_ms=100), machine=machine) == ["return: cancelled"]
    assert told(ANSWERED, MEDIA, machine=machine) == ["hang up CA1"]


def test_no_answer_of_the_api_is_no_reason_to_dial_again() -> None:
    unknown = ev.PlacingFailed(at_ms=10_000, reason="timed out", certain=False)
    assert told(ASKED, unknown, RINGING, ANSWERED, MEDIA) == ["PlaceCall", "Brief"]
    machine = WarmTransfer(Patience(ring_ms=100_000))
    told(ASKED, unknown, machine=machine)
    assert timer(machine, "unknown") == ["over: never heard of", "return: failed"]
    assert told(RINGING, machine=machine) == ["hang up CA1"], "it came after all"


def test_a_second_call_for_the_same_intent_is_hung_up() -> None:
    twin = ev.PersonRinging(at_ms=950, call_id="CA2")
    assert told(ASKED, PLACED, twin, twin, ANSWERED, MEDIA) == ["PlaceCall", "hang up CA2", "Brief"]


def test_a_hang_up_that_is_not_confirmed_is_repeated_and_then_given_up() -> None:
    machine = after([ASKED, PLACED, CALLER_LEFT])
    assert timer(machine, "gone") == ["hang up CA1"]
    assert timer(machine, "gone") == ["hang up CA1"]
    assert timer(machine, "gone") == ["over: hang-up not confirmed"]
    assert machine.is_over


def test_nobody_is_taken_out_of_a_talk_that_is_under_way() -> None:
    cancel = ev.TransferCancelled(at_ms=16_000)
    assert told(cancel, machine=after(PARTED)) == []
    assert told(cancel, machine=after(BRIDGED)) == ["CloseBridge", "return: cancelled", "hang up CA1"]


def test_a_lost_line_of_the_person_before_both_were_heard_gives_the_caller_back() -> None:
    stopped = ev.PersonMediaStopped(at_ms=14_500, call_id="CA1")
    assert told(stopped, machine=after([*BRIDGED, CALLER_HEARD])) == [
        "CloseBridge", "return: lost", "hang up CA1"
    ]  # fmt: skip


def test_an_answer_without_audio_is_a_failure() -> None:
    machine = after([ASKED, PLACED, ANSWERED])
    assert timer(machine, "media") == ["return: failed", "hang up CA1"]
