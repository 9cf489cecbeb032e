"""The races of a transfer, in every order each can have: decided once, in the machine, the same way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from antiphon.calls.control import commands as cmd
from antiphon.calls.control import events as ev
from antiphon.calls.control.warm import WarmTransfer

ASKED = ev.TransferAsked(at_ms=0)
PLACED = ev.CallPlaced(at_ms=200, call_id="CA1")
RINGING = ev.PersonRinging(at_ms=900, call_id="CA1")
ANSWERED = ev.PersonAnswered(at_ms=4000, call_id="CA1")
MEDIA = ev.PersonMediaStarted(at_ms=4200, call_id="CA1")
REST = (
    ev.BriefHeard(at_ms=12_000),
    ev.PersonAccepted(at_ms=13_000),
    ev.VoiceHeard(at_ms=14_000, caller=True),
    ev.VoiceHeard(at_ms=15_000, caller=False),
)
STORY = (ASKED, PLACED, RINGING, ANSWERED, MEDIA, *REST)
CALLER_LEFT = ev.CallerLeft(at_ms=20_000)
ENDED = ev.PersonEnded(at_ms=20_500, call_id="CA1", how="completed")


def told(events: Sequence[ev.AnyEvent]) -> list[str]:
    """What is asked for, by name, timers left out."""
    machine = WarmTransfer()
    timers = cmd.SetTimer | cmd.CancelTimer
    return [
        type(command).__name__
        for event in events
        for command in machine.step(event)
        if not isinstance(command, timers)
    ]


SMOOTH = told(STORY)


def test_how_it_goes_when_nothing_races() -> None:
    assert SMOOTH == ["PlaceCall", "Brief", "OpenBridge", "LeaveThem"]


@pytest.mark.parametrize("order", list(permutations((PLACED, RINGING, ANSWERED, MEDIA))))
def test_webhooks_and_the_interfaces_answer_in_any_order_are_one_transfer(
    order: tuple[ev.AnyEvent, ...],
) -> None:
    """A webhook before the interface answered, two webhooks swapped, the audio before both."""
    assert told((ASKED, *order, *REST)) == SMOOTH


@pytest.mark.parametrize("twice", [PLACED, RINGING, ANSWERED, MEDIA], ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("later", range(2, len(STORY) + 1))
def test_a_webhook_told_again_at_any_time_changes_nothing(twice: ev.AnyEvent, later: int) -> None:
    first = STORY.index(twice)
    place = max(later, first + 1)
    assert told((*STORY[:place], twice, *STORY[place:])) == SMOOTH


@pytest.mark.parametrize("so_far", range(1, len(STORY) + 1))
def test_a_caller_who_hangs_up_at_any_moment_leaves_nobody_on_a_line(so_far: int) -> None:
    rest = [event for event in STORY[so_far:] if isinstance(event, ev.CallPlaced | ev.PersonRinging)]
    machine_told = told((*STORY[:so_far], CALLER_LEFT, *rest, ENDED))
    assert machine_told.count("HangUp") == 1, "the person's phone, ringing or not"
    assert machine_told.count("LegOver") == 1
    assert machine_told.count("OpenBridge") == machine_told.count("CloseBridge")
    assert "ReturnCaller" not in machine_told and "EndCaller" not in machine_told[-1:]


@pytest.mark.parametrize("so_far", range(1, len(STORY) + 1))
def test_an_end_told_before_anything_else_ends_it_and_later_news_wakes_nothing(so_far: int) -> None:
    """The webhook of the end overtakes all others."""
    so = told((*STORY[:so_far], ENDED))
    assert told((*STORY[:so_far], ENDED, *STORY[so_far:])) == so, "what comes after the end is old news"
    assert so.count("LegOver") == 1 and so.count("PlaceCall") == 1
    assert so.count("ReturnCaller") + so.count("EndCaller") == 1, "and the caller is settled"
