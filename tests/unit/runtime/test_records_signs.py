"""Ratings and signs of trouble, read from what happened in a call."""

from __future__ import annotations

import json

import pytest

from antiphon.runtime.records import signs
from antiphon.runtime.records.signs import rating_of, signs_of
from antiphon.runtime.records.story import CallStory, InterruptionStory, ReplyStory, ToolStory, TurnStory


def story(*said: str, end: str = "caller_hangup", end_ms: int = 9000) -> CallStory:
    turns = [
        TurnStory(
            number=number, heard_as=text, onset_ms=0, ended_ms=1000 * number, committed_at_ms=1000 * number
        )
        for number, text in enumerate(said, start=1)
    ]
    return CallStory(turns=turns, end=(end_ms, end, ""))


def rated(rating: object, *, ok: bool = True, name: str = "feedback.rate") -> ToolStory:
    return ToolStory(
        id="t1",
        name=name,
        arguments=json.dumps({"rating": rating, "comment": "too slow"}),
        effect="write",
        requested_at_ms=5000,
        ok=ok,
    )


def test_a_call_without_trouble_has_no_signs() -> None:
    call = story("I'd like to book a cleaning.", "Thursday at ten works for me.")
    call.replies["r1"] = ReplyStory(id="r1", audible_at_ms=10, ended_at_ms=900, complete=True)
    assert signs_of(call) == ()
    assert rating_of(call) is None


@pytest.mark.parametrize("ended_ms", [None, 9000])
def test_a_caller_who_hangs_up_on_the_agents_words(ended_ms: int | None) -> None:
    call = story("Hello there you two.")
    call.replies["r1"] = ReplyStory(id="r1", audible_at_ms=8000, ended_at_ms=ended_ms, complete=False)
    assert signs_of(call) == (signs.HUNG_UP_MID_REPLY,)
    call.end = (9000, "completed", "")
    assert signs_of(call) == ()


def test_a_reply_that_was_interrupted_long_before_the_end_is_no_such_sign() -> None:
    call = story("Hello there you two.")
    call.replies["r1"] = ReplyStory(id="r1", audible_at_ms=100, ended_at_ms=700, complete=False)
    assert signs_of(call) == ()


@pytest.mark.parametrize(
    ("said", "again"),
    [
        (("I need a cleaning.", "I need a cleaning!"), True),
        (("I need a cleaning please.", "Hm.", "I need a cleaning, please."), True),
        (("Yes.", "Yes."), False),
        (("I need a cleaning.", "Thursday.", "At ten.", "I need a cleaning."), False),
        (("I need a cleaning on Thursday.", "I need a doctor on Friday then."), False),
    ],
)
def test_what_had_to_be_said_again(said: tuple[str, ...], again: bool) -> None:
    assert (signs.REPEATED in signs_of(story(*said))) is again


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Can I talk to a real person?", True),
        ("I want to speak with someone at the desk", True),
        ("Representative!", True),
        ("Operator.", True),
        ("Put me through to a human", True),
        ("The person who called me was nice.", False),
        ("I'd like to talk about my appointment.", False),
    ],
)
def test_who_asks_for_a_person(said: str, asked: bool) -> None:
    assert (signs.ASKED_FOR_PERSON in signs_of(story(said))) is asked


def test_many_interruptions_and_not_false_ones() -> None:
    call = story("Hello there you two.")
    call.interruptions = [InterruptionStory(at_ms=n, reply_id="r", barge_in=True) for n in range(3)]
    assert signs_of(call) == (signs.INTERRUPTED_OFTEN,)
    call.interruptions[0].barge_in = False
    assert signs_of(call) == ()


def test_a_caller_who_fell_silent() -> None:
    assert signs_of(story("Hello there you two.", end="silence")) == (signs.SILENT_END,)
    assert signs_of(story(end="silence")) == (), "nobody was there"


@pytest.mark.parametrize("given", [1, "1", 2])
def test_a_bad_rating_is_a_sign(given: object) -> None:
    call = story("One.")
    call.tools["t1"] = rated(given)
    rating = rating_of(call)
    assert rating is not None
    assert (rating.value, rating.comment, rating.at_ms) == (int(str(given)), "too slow", 5000)
    assert signs_of(call) == (signs.BADLY_RATED,)


@pytest.mark.parametrize(
    "tool", [rated(7), rated("a"), rated(None), rated(1, ok=False), rated(1, name="other.rate")]
)
def test_what_is_no_rating_is_none(tool: ToolStory) -> None:
    call = story("One.")
    call.tools["t1"] = tool
    assert rating_of(call) is None


def test_arguments_that_make_no_sense_are_no_rating() -> None:
    call = story("One.")
    call.tools["t1"] = rated(3)
    for arguments in ("", "[1]", "null", "{}"):
        call.tools["t1"].arguments = arguments
        assert rating_of(call) is None
