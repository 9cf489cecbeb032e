"""Yes, no, positions, choices, corrections and numbers out of spoken words."""

from __future__ import annotations

import pytest

from antiphon.agents.extract import (
    find_choice,
    find_corrections,
    find_ordinals,
    find_yes_no,
    words_to_digits,
)


@pytest.mark.parametrize(
    "text",
    [
        "yes", "Yes.", "yeah", "yep", "Yup!", "sure", "um, yes", "uh yeah", "oh yes", "yes please",
        "that's right", "That's correct.", "correct", "perfect", "sounds good", "Sounds good to me.",
        "that works", "works for me", "okay", "OK", "alright", "all right", "uh-huh", "mm-hmm", "Mhm",
        "right", "exactly", "of course", "absolutely", "definitely", "please do", "go ahead", "I do",
        "it is", "I think so", "that'll work", "why not", "no problem", "yes, that's right", "well yes",
        "great, thanks", "fine", "that's fine", "Yes, but can we make it later?", "no yeah", "you bet",
        "let's do it", "book it", "no, that's right",
    ],
)  # fmt: skip
def test_yes(text: str) -> None:
    found = find_yes_no(text)
    assert found is not None
    assert found.value is True
    assert text[found.start : found.end] == found.text


@pytest.mark.parametrize(
    "text",
    [
        "no", "No.", "nope", "nah", "um, no", "no thanks", "no, thank you", "not really",
        "that's wrong", "That's not right.", "incorrect", "wrong", "no, I said Thursday",
        "I don't think so", "I do not", "absolutely not", "definitely not", "of course not",
        "not at all", "uh-uh", "yeah, no", "not today", "that doesn't work", "that won't work",
        "never mind", "I'd rather not", "no, that's wrong", "no, it's Kowalski", "No, not Tuesday.",
        "actually no", "Know, I said the fifth", "Now it's CHEN.", "know it's the second",
        "no that's not it", "well, no",
    ],
)  # fmt: skip
def test_no(text: str) -> None:
    found = find_yes_no(text)
    assert found is not None
    assert found.value is False


@pytest.mark.parametrize(
    "text",
    [
        "", "um", "now", "Thursday", "I'm not sure", "I don't know", "maybe", "okay so I need an appointment",
        "good morning", "I have no insurance", "Maria Lopez", "right now", "617 555 0123",
        "please hold on a second", "I have a question", "what time is it",
    ],
)  # fmt: skip
def test_neither_yes_nor_no(text: str) -> None:
    assert find_yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the first one", [1]),
        ("The first.", [1]),
        ("first", [1]),
        ("second", [2]),
        ("the second one please", [2]),
        ("I'll take the third option", [3]),
        ("the last one", [-1]),
        ("last", [-1]),
        ("the latter", [-1]),
        ("the former", [1]),
        ("the later one", [-1]),
        ("the earlier one", [1]),
        ("number two", [2]),
        ("number 3", [3]),
        ("option one", [1]),
        ("number to", [2]),
        ("the first one, no, the second one", [2]),
        ("not the first, the second", [2]),
        ("December first", []),
        ("the first of December", []),
        ("Tuesday the second", []),
        ("one second", []),
        ("first name", []),
        ("last week", []),
        ("my last name is Gray", []),
        ("the first available", []),
    ],
)
def test_positions(text: str, expected: list[int]) -> None:
    assert [each.value for each in find_ordinals(text)] == expected


DOCTORS = {
    "patel": ["Dr. Patel", "Patel"],
    "nguyen": ["Dr. Nguyen", "Nguyen", "Doctor Win"],
    "okafor": ["Dr. Okafor", "Okafor"],
}
PLANS = {
    "aetna": ["Aetna"],
    "blue_cross": ["Blue Cross", "Blue Cross Blue Shield", "BCBS"],
    "cigna": ["Cigna"],
    "united": ["United Healthcare"],
}


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Dr. Patel", DOCTORS, ["patel"]),
        ("Dr. Patell", DOCTORS, ["patel"]),
        ("doctor patel please", DOCTORS, ["patel"]),
        ("with Dr Patil", DOCTORS, ["patel"]),
        ("Doctor Okafur", DOCTORS, ["okafor"]),
        ("Doctor new yen", DOCTORS, ["nguyen"]),
        ("Dr. Win", DOCTORS, ["nguyen"]),
        ("not Dr. Patel", DOCTORS, []),
        ("not Dr. Patel, Dr. Nguyen", DOCTORS, ["nguyen"]),
        ("Dr. Patel, no, Dr. Okafor", DOCTORS, ["okafor"]),
        ("anyone but Patel", DOCTORS, []),
        ("Nguyen instead of Patel", DOCTORS, ["nguyen"]),
        ("Patel or Nguyen", DOCTORS, ["patel", "nguyen"]),
        ("I need a doctor", DOCTORS, []),
        ("any doctor is fine", DOCTORS, []),
        ("Tuesday at 3 with Doctor Patel", DOCTORS, ["patel"]),
        ("Aetna", PLANS, ["aetna"]),
        ("Etna", PLANS, ["aetna"]),
        ("do you take Eatna?", PLANS, ["aetna"]),
        ("Signa", PLANS, ["cigna"]),
        ("bluecross", PLANS, ["blue_cross"]),
        ("Blue Cross Blue Shield", PLANS, ["blue_cross"]),
        ("united health care", PLANS, ["united"]),
        ("I have insurance", PLANS, []),
        ("", PLANS, []),
    ],
)
def test_choices_survive_mishearing_and_denial(
    text: str, options: dict[str, list[str]], expected: list[str]
) -> None:
    assert [each.value for each in find_choice(text, options)] == expected


def test_two_options_for_the_same_words_are_both_given() -> None:
    twins = {"maria_lopez": ["Lopez"], "juan_lopez": ["Lopez"]}
    assert {each.value for each in find_choice("Lopez", twins)} == {"maria_lopez", "juan_lopez"}


@pytest.mark.parametrize(
    ("text", "negated", "corrected"),
    [
        ("no, I said Thursday", "", "Thursday"),
        ("actually make it Friday", "", "Friday"),
        ("not Tuesday, Wednesday", "Tuesday", "Wednesday"),
        ("Tuesday, no, Wednesday at two", "Tuesday", "Wednesday at two"),
        ("Tuesday, I mean Wednesday", "Tuesday", "Wednesday"),
        ("I mean the fifth", "", "the fifth"),
        ("sorry, Lopez", "", "Lopez"),
        ("scratch that, Monday", "", "Monday"),
    ],
)
def test_a_correction_says_what_holds_instead(text: str, negated: str, corrected: str) -> None:
    value = find_corrections(text)[0].value
    assert (value.negated, value.corrected) == (negated, corrected)
    assert text[value.corrected_start :].startswith(corrected)


@pytest.mark.parametrize("text", ["yes", "no", "no thanks", "Thursday", "", "why not"])
def test_no_correction(text: str) -> None:
    assert find_corrections(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twelve ounce", "12 ounce"),
        ("twenty-one", "21"),
        ("twenty one dollars", "21 dollars"),
        ("a hundred and five", "105"),
        ("two thousand three hundred", "2300"),
        ("three hundred", "300"),
        ("five five five", "5 5 5"),
        ("the third of May", "the 3rd of May"),
        ("twenty second", "22nd"),
        ("no numbers here", "no numbers here"),
        ("I have 3 cats", "I have 3 cats"),
    ],
)
def test_number_words_become_digits(text: str, expected: str) -> None:
    assert words_to_digits(text) == expected
