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
        "- no,  wait",
        "",
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


DIRECTIONS = (
    "From the north take the motorway as far as the second bridge.",
    "Behind it turn left, and follow the river until you see a red mill.",
    "Our building is the tall grey one next to the chemist.",
    "You may park in the yard, where a barrier opens when you ring.",
    "Please bring an old photograph, your passport and something warm to wear.",
    "Ask at reception for Barbara, who has your papers and a key.",
    "Lunch is served at noon, soup mostly, on the terrace if it does not rain.",
    "Whoever feels dizzy afterwards should drink water, sit down and wait.",
)
ALPHABET = "abcdefghijklmnopqrstuvwxy"


@pytest.mark.parametrize(
    ("length", "wrong", "known"),
    [(8, 2, True), (8, 3, False), (15, 5, True), (15, 6, False), (16, 6, True), (16, 7, False)],
)
def test_so_much_of_an_echo_may_be_misheard(length: int, wrong: int, known: bool) -> None:
    heard = list(ALPHABET[:length])
    heard[1 : 2 * wrong : 2] = "z" * wrong
    for in_parts in (False, True):
        # In parts nothing is forgiven that no certain part goes before.
        assert (without("".join(heard), ALPHABET, in_parts=in_parts) == "") is (known and not in_parts)


@pytest.mark.parametrize(
    ("ours", "heard", "known"),
    [
        ("abcdefghi", "abcdefg", False),
        ("abcdefgh", "abcdefg", True),
        ("abcdefg", "abcdzfg", True),
        ("abcdefg", "abcdef", True),
        ("abcdef", "abcdefg", True),
        ("abxdef", "abcdefg", False),
        ("abcdefg", "abzdzfg", False),
        ("abcdef", "abzdef", True),
        ("abcde", "abzde", False),
        ("ab cde", "abcde", True),
    ],
)
def test_a_short_echo_is_whole_words_with_one_slip_at_most(ours: str, heard: str, known: bool) -> None:
    for in_parts in (False, True):
        assert without(heard, ours, in_parts=in_parts) == ("" if known else heard)


HIS = " ".join(["zzzzzzzz"] * 6)


@pytest.mark.parametrize(
    ("ours", "taken_off", "his"),
    [
        ("abc def ghij klm", "abc def ghij", ""),
        ("abc def ghi jklm", "", "abc def ghi"),  # Nine characters,
        ("abcdef ghijkl mno", "", "abcdef ghijkl"),  # or two words, are not enough to be sure.
        ("abcdefg hijklmn opqrst uvw", "abzdefg hijzlmn opqzst", ""),  # 3 of 20 are wrong,
        ("abcdefg hijklmn opqrst uvw", "", "abzdefg hzjzlmn opqzst"),  # 4 of 20.
        ("abcde fghij klmno pqr", "abzde fghij klmno", ""),
        ("abcdefghi jklmnopqr stuv", "", "abcdefghi jklmnopqr no"),  # "No" is his, and two words are left.
    ],
)
def test_before_his_words_is_taken_off_what_is_ours_for_certain(ours: str, taken_off: str, his: str) -> None:
    for in_parts in (False, True):
        heard = f"{taken_off} {his} {HIS}".strip()
        assert without(heard, ours, in_parts=in_parts) == f"{his} {HIS}".strip()


@pytest.mark.parametrize(
    ("ours", "taken_off", "his"),
    [
        ("abcde fghij klmno pqrst uvw", "abcde fghij klmno pqzzt", ""),
        ("abcde fghij klmno pqrst uvw", "abcde fghij klmno", "pzzzt"),
        ("abcde fghij klmno pqrs tuv", "abcde fghij klmno", "pzzs"),
        ("abcde fghij klmno pqrst uvw", "abzde fghij klmno pqzzt", ""),
        ("abcdefghij klmnopqrst mm uv wxy", "abcdefghij klmnopqrst zz uv", ""),
    ],
)
def test_a_word_of_his_that_rides_on_our_errors_is_left_to_him(ours: str, taken_off: str, his: str) -> None:
    assert without(f"{taken_off} {his} {HIS}", ours).split() == f"{his} {HIS}".split()


def test_a_short_piece_of_ours_behind_a_pause_is_ours() -> None:
    for heard in ("On Friday", "we open", "we close at", "We open at eight. On Friday"):
        assert without(heard, OURS, in_parts=True) == "", heard
    assert without("On Monday", OURS, in_parts=True) == "On Monday"
    assert without("abcdefgh", "abcdefghi", in_parts=False) == "", "from 8 characters on a piece of a word"


def test_what_came_back_twice_around_a_pause_is_ours_in_any_order() -> None:
    assert without("appointments. have", "We have appointments", in_parts=True) == ""


def test_a_short_word_is_no_echo_of_a_part_of_a_longer_one() -> None:
    assert without("nine", "Feminine products") == "nine"
    assert without("is", "This is it") == ""


def test_the_distance_is_that_of_the_best_substring() -> None:
    assert distance("eight", "we open at eight") == 0
    assert distance("eigt", "we open at eight") == 1
    assert distance("xyz", "we open") == 3
    assert distance("ab", "bb") == 1
    assert distance("", "we") == 0
    assert distance("we", "") == 2


def test_a_long_speech_that_comes_back_all_the_time_does_not_interrupt_itself() -> None:
    policy = Policy(turn=TurnPolicy(echoes_max=0))
    scene, reply_id = speaking(*DIRECTIONS, heard_ms=500, policy=policy)
    scene.voice()
    whole = " ".join(DIRECTIONS).split()
    spoken_ms = 60 * len("".join(DIRECTIONS))
    for heard in range(1, len(whole) - 1):
        scene.play(reply_id, spoken_ms * heard // len(whole) - (scene.heard_ms - 500))
        scene.partial(" ".join(whole[:heard]))
        assert scene.count(cmd.FlushPlayout) == 0, f"after {heard} words"
    scene.partial(
        " ".join(whole[:-6])
        + " no, stop, I know the way, but can I come on Monday, when my sister is free, by bus?"
    )
    assert scene.count(cmd.FlushPlayout) == 1, "but he does"


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
