"""What is ours of what a recogniser understood, by the words alone."""

from __future__ import annotations

import pytest

from antiphon.conversation.echo import distance, without

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
        ("It is five five five oh one two three.", ("555 0123", "5550123")),
        ("Your code is 4712.", ("four seven one two", "forty seven twelve", "code is 4 7 1 2", "4-7-1-2.")),
        (
            "In 2006 it was 120 dollars.",
            ("two thousand six", "one hundred twenty", "in two thousand and six"),
        ),
        ("It was 1500 in 1905.", ("fifteen hundred", "nineteen oh five", "was one thousand five hundred")),
        ("We meet on the 13th at 9am.", ("thirteenth", "at nine am", "the thirteenth at nine")),
        (
            "On December 3rd or the 21st, the 2nd.",
            ("third", "December 3rd or the twenty first", "twenty first"),
        ),
        ("On December third or May first.", ("3rd", "December 3rd", "1st.", "on December 1st")),
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


def test_codes_of_letters_and_digits_are_compared_as_they_are_written() -> None:
    heard = "W1 W2 W3 W4 W5 W6"
    assert without(heard, "R1C1W0 R1C1W1 R1C1W2 R1C1W3") == heard
    assert without("R1C1W1", "It is R1C1W1.") == ""


def test_behind_a_number_of_ours_his_words_are_kept() -> None:
    heard = "Four seven one two, as you wish, but please call my mother instead."
    assert without(heard, "Your code is 4712.") == "as you wish, but please call my mother instead."


def test_of_a_long_speech_the_last_words_are_known_too() -> None:
    ours = "Behind the bridge turn left, and follow the river until you see a red mill. " * 3 + OURS
    for in_parts in (False, True):
        assert without("On Friday we close at noon", ours, in_parts=in_parts) == ""
        assert without("Can I come at ten?", ours, in_parts=in_parts) == "Can I come at ten?"


def test_no_stroke_of_the_recogniser_is_left_as_the_callers_words() -> None:
    for in_parts in (False, True):
        assert without("We open at eight —", OURS, in_parts=in_parts) == ""
    assert without("We open at eight - Saturday, not Friday!", OURS) == "Saturday, not Friday!"


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


@pytest.mark.parametrize(("ending", "wrong", "known"), [(28, 16, True), (28, 17, False), (27, 17, True)])
def test_so_little_of_the_end_of_a_long_echo_may_be_like_ours(ending: int, wrong: int, known: bool) -> None:
    """Of all of it 17 errors are less than a third, but they are all in the last word."""
    before = "ghost thorn plumb dwarf quick jinx "  # 30 letters.
    letters = f"{ALPHABET}1234"
    his = "z" * wrong + letters[:ending][wrong:]
    assert without(before + his, before + letters) == ("" if known else his)


def test_a_caller_who_speaks_into_a_long_echo_is_noticed_within_a_sentence() -> None:
    ours = (
        "Doctor Patel is on the second floor, at the end of the hall. Please bring your insurance card and "
        "arrive ten minutes early. You can park behind the building, where a barrier opens when you ring."
    )
    misheard = (
        "doctor but tell is on the second floor at the end of the whole please bring you're in sure ants "
        "card and a rifle ten minutes early you can pack behind the building were a barrier opens"
    )
    assert without(misheard, ours) == ""
    for his in (
        "excuse me can I come tomorrow",
        "I just want to cancel my visit",
        "can I come on Monday instead",
    ):
        assert without(f"{misheard} {his}", ours).endswith(his)


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
    assert without("have. appointments", "We have appointments", in_parts=True) == ""


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
