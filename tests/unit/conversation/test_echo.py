"""Our own voice on a speakerphone: recognised by its words, and harmless."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.echo import distance, without
from antiphon.conversation.policy import TurnPolicy

OURS = "We open at eight. We close at five. On Friday we close at noon."


@pytest.mark.parametrize(
    "heard",
    [
        "we open at eight",
        "We open at 8.",
        "open at ate we close",
        "we clothes at five on Friday",
        "reopen at eight we close at five",
        "close at",
        "five",
    ],
)
def test_our_words_come_back_and_are_known_even_misheard(heard: str) -> None:
    assert without(heard, OURS) == ""


@pytest.mark.parametrize(
    "heard",
    [
        "No wait, I meant Saturday.",
        "What about the weekend?",
        "Stop.",
        "nine",  # Near "five" and "noon", but a word of its own.
        "Can I come at ten?",
        "eight at open we",  # Order counts.
        "I need an appointment for my daughter",
    ],
)
def test_other_words_are_the_callers(heard: str) -> None:
    assert without(heard, OURS) == heard


def test_the_callers_own_words_after_our_echo_are_kept_as_he_said_them() -> None:
    assert without("We open at eight, no, I said Saturday!", OURS) == "no, I said Saturday!"


def test_what_follows_a_pause_is_measured_by_itself() -> None:
    heard = "We open at eight. We close at five. No."
    assert without(heard, OURS) == "", "in one breath so much may be misheard"
    assert without(heard, OURS, in_parts=True) == "No."
    assert without("We open at eight. On Friday we close", OURS, in_parts=True) == ""
    assert without("close at", OURS, in_parts=True) == ""
    assert without("close at Stop.", OURS, in_parts=True) == "close at Stop.", "no part is ours for certain"


def test_numbers_and_titles_are_compared_as_they_sound() -> None:
    ours = "Doctor Patel has an opening at nine thirty, and the number is five five five oh one two."
    for heard in ("Dr. Patel has an opening", "an opening at 9.30", "opening at 930 and", "number is 555"):
        assert without(heard, ours) == "", heard
    assert without("at 9.45 please", ours) == "at 9.45 please"


@pytest.mark.parametrize(
    ("ours", "echoes"),
    [
        (
            "Your number is 555-0123, right?",
            (
                "five five five oh one two three",
                "number is 555 0123",
                "your number is five five five zero one",
            ),
        ),
        ("Your code is 4712.", ("four seven one two", "forty seven twelve", "code is 4 7 1 2", "4-7-1-2.")),
        (
            "In 2006 it was 120 dollars.",
            ("two thousand six", "one hundred twenty", "in two thousand and six"),
        ),
        ("It was 1500 in 1905.", ("fifteen hundred", "nineteen oh five", "was one thousand five hundred")),
        ("We meet on the 13th at 9am.", ("thirteenth", "at nine am", "the thirteenth at nine")),
        ("Spelled S-M-I-T-H, is that right?", ("S M I T H", "spelled s m i t h")),
    ],
)
def test_a_number_or_a_name_we_read_out_comes_back_however_it_is_written(
    ours: str, echoes: tuple[str, ...]
) -> None:
    for heard in echoes:
        assert without(heard, ours) == "", heard


def test_another_number_than_the_one_we_read_out_is_the_callers() -> None:
    for heard in ("six one seven nine eight seven", "No, 617-9876.", "four one two five five five", "nine"):
        assert without(heard, "Your number is 555-0123, right?") == heard


def test_no_stroke_of_the_recogniser_is_left_as_the_callers_words() -> None:
    for in_parts in (False, True):
        assert without("We open at eight —", OURS, in_parts=in_parts) == ""
    assert without("We open at eight - Saturday, not Friday!", OURS) == "Saturday, not Friday!"


def test_a_short_word_is_no_echo_of_a_part_of_a_longer_one() -> None:
    assert without("nine", "Feminine products") == "nine"
    assert without("is", "This is it") == ""


def test_the_distance_is_that_of_the_best_substring() -> None:
    assert distance("eight", "we open at eight") == 0
    assert distance("eigt", "we open at eight") == 1
    assert distance("xyz", "we open") == 3
    assert distance("", "we") == 0
    assert distance("we", "") == 2


def test_an_echo_is_noted_as_such_and_speech_goes_on_at_the_same_sample() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 250
    scene.pause()
    scene.now_ms += 60
    scene.final("open at ate")
    assert scene.notes() == [("echo", "open at ate")]
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id=reply_id, rewind_ms=0)
    assert scene.count(cmd.FlushPlayout) == 0


def test_an_echo_in_a_partial_does_not_take_the_floor() -> None:
    scene, _ = speaking(heard_ms=1000)
    scene.voice()
    scene.now_ms += 300
    scene.partial("we open at eight")
    assert scene.count(cmd.FlushPlayout) == 0


def _line_with_echo() -> tuple[Scene, str]:
    """Two echoes in words were heard; the agent goes on."""
    scene, reply_id = speaking(heard_ms=1000)
    for words in ("open at eight", "we close at five"):
        scene.voice()
        scene.paused(reply_id)
        scene.now_ms += 250
        scene.pause()
        scene.final(words)
        scene.segment += 1
        scene.play(reply_id, 600)
    assert [kind for kind, _ in scene.notes()] == ["echo", "echo"]
    return scene, reply_id


def test_after_repeated_echoes_a_mere_voice_pauses_nothing() -> None:
    scene, _ = _line_with_echo()
    pauses = scene.count(cmd.PausePlayout)
    scene.voice()
    assert scene.count(cmd.PausePlayout) == pauses
    assert scene.phase == "speaking"


def test_after_repeated_echoes_real_words_still_take_the_floor() -> None:
    scene, _ = _line_with_echo()
    scene.voice()
    scene.now_ms += 400
    scene.partial("No, stop please")
    assert scene.count(cmd.FlushPlayout) == 1
    assert scene.phase == "listening"


def test_real_words_behind_an_echo_take_the_floor_without_it() -> None:
    scene, reply_id = _line_with_echo()
    scene.voice()
    scene.play(reply_id, 800)
    scene.partial("On Friday we no stop I mean Saturday")
    assert scene.count(cmd.FlushPlayout) == 1
    scene.pause()
    scene.now_ms += 60
    scene.final("On Friday we no stop I mean Saturday")
    scene.flushed()
    scene.wait(2000)
    assert scene.last(cmd.CommitTurn).text == "no stop I mean Saturday"


def test_an_echo_that_outlasts_our_speech_is_not_answered() -> None:
    scene, reply_id = _line_with_echo()
    scene.play(reply_id, 1300)
    scene.voice()
    scene.play(reply_id, 160)
    scene.ends(reply_id)
    scene.now_ms += 300
    scene.pause()
    scene.now_ms += 60
    scene.final("we close at noon")
    turns = scene.count(cmd.CommitTurn)
    scene.wait(1500)
    assert scene.count(cmd.CommitTurn) == turns
    assert not [c for c in scene.commands[-3:] if isinstance(c, cmd.StartReply)]


def test_voices_that_stop_as_we_pause_are_suspected_too() -> None:
    scene, reply_id = speaking(heard_ms=200, policy=Policy(turn=TurnPolicy(echoes_max=2)))
    for _ in range(2):
        scene.voice()
        scene.paused(reply_id)
        scene.now_ms += 250
        scene.pause()
        scene.final("")
        scene.segment += 1
        scene.play(reply_id, 400)
    pauses = scene.count(cmd.PausePlayout)
    scene.voice()
    assert pauses == 2
    assert scene.count(cmd.PausePlayout) == pauses


def test_a_word_of_ours_given_as_an_answer_after_our_speech_is_an_answer() -> None:
    scene, reply_id = speaking("We have Wednesday or Thursday.", heard_ms=1800)
    scene.ends(reply_id)
    scene.wait(300)
    scene.says("Thursday.", duration_ms=500)
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "Thursday."


def test_a_word_we_said_long_ago_is_the_callers_even_over_our_speech() -> None:
    scene, _ = speaking("We have Thursday at nine, or a week later the same time.", heard_ms=2600)
    scene.voice()
    scene.now_ms += 900
    scene.partial("Thursday please")
    assert scene.count(cmd.FlushPlayout) == 1


def test_yes_over_yes_or_no_is_the_answer() -> None:
    scene, _ = speaking("Is that right, yes or no?", heard_ms=1100, expects="yes_no")
    scene.voice()
    scene.now_ms += 300
    scene.partial("Yes")
    assert scene.count(cmd.FlushPlayout) == 1


def _sounds_like_us(scene: Scene, sure: bool = False) -> None:
    scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=sure, echo=not sure))


def test_our_voice_misheard_as_other_words_is_known_by_its_sound() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(400)
    _sounds_like_us(scene)
    scene.partial("my own grandmother never came")
    assert scene.count(cmd.FlushPlayout) == 0
    scene.wait(250)
    scene.pause()
    scene.final("my own grandmother never came")
    assert scene.notes() == [("echo", "my own grandmother never came")]
    assert scene.conversation.state.echoes == 2
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id=reply_id, rewind_ms=1000)


def test_a_caller_who_goes_on_when_we_are_silent_is_heard_after_all() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 400
    _sounds_like_us(scene)
    scene.partial("but I would rather come")
    assert scene.count(cmd.FlushPlayout) == 0
    scene.now_ms += 500
    _sounds_like_us(scene, sure=True)
    assert scene.count(cmd.FlushPlayout) == 1
    assert scene.phase == "listening"
