"""What the words say about the floor, one word more or less."""

from __future__ import annotations

import pytest

from antiphon.conversation import Policy, words

NUMBER = "four one five five five five oh one two three"


@pytest.mark.parametrize(
    ("text", "kind", "expects", "takes"),
    [
        ("M", "turn", "spelling", True),
        ("M-m", "turn", "spelling", True),
        ("mm-hm", "turn", "spelling", False),
        ("M", "turn", "open", False),
        ("hello", "greeting", "open", False),
        ("hello", "turn", "open", True),
        ("right on", "turn", "open", False),
        ("right", "turn", "open", False),
        ("on", "turn", "open", True),
        ("", "turn", "yes_no", False),
    ],
)
def test_what_takes_the_floor_depends_on_what_is_said_and_asked(
    text: str, kind: str, expects: str, takes: bool
) -> None:
    policy = Policy(backchannels=("right", "right on"), greeting_words=("hello",))
    assert words.takes_floor(text, policy, reply_kind=kind, expects=expects) is takes


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("hold on, um", True),
        ("hold on, um, let me find it", True),
        ("hold on, my card", True),
        ("hold on, my 415 number", False),
        ("hold on, my name is Linda", False),
        ("hold on, Thursday at ten", False),
        ("hold on", True),
        ("Well you see that was the day before I said hold on", True),  # Twelve words,
        ("Well now you see that was the day before I said hold on", False),  # thirteen.
    ],
)
def test_who_fetches_something_is_waited_for_and_who_answers_is_not(text: str, waits: bool) -> None:
    assert words.asks_to_wait(text, Policy(hold_phrases=("hold on",))) is waits


def test_in_a_language_without_a_list_the_phrase_alone_asks_to_wait() -> None:
    policy = Policy(language="nl", hold_phrases=("momentje",))
    assert words.asks_to_wait("momentje ik kijk even", policy)
    assert not words.asks_to_wait("ik kijk even", policy)


@pytest.mark.parametrize(
    ("text", "expects", "language", "unfinished"),
    [
        ("five", "digits", "en", True),
        (NUMBER.removesuffix(" three"), "digits", "en", True),
        (NUMBER, "digits", "en", False),
        ("I do not know", "digits", "en", False),
        ("S M", "spelling", "en", True),
        ("S M I", "spelling", "en", False),
        ("T I N A", "spelling", "en", False),
        ("it is T I N A", "open", "en", False),
        ("T A", "spelling", "en", True),
        ("it starts with", "spelling", "en", True),
        ("I need a", "open", "en", True),
        ("my phone number is five", "open", "en", True),
        ("my phone number is " + NUMBER, "open", "en", False),
        ("my phone number has 555 there", "open", "en", False),
        ("on the 4th you can call me on the 5th", "open", "en", True),
        ("denwa 555 123", "open", "ja", False),
    ],
)
def test_a_number_or_a_name_is_unfinished_until_it_is_whole(
    text: str, expects: str, language: str, unfinished: bool
) -> None:
    assert words.sounds_unfinished(text, expects, language) is unfinished


@pytest.mark.parametrize(
    ("text", "expects", "complete"),
    [
        ("yes", "open", True),
        ("yes yes sure", "open", True),
        ("yes yes sure okay", "open", False),
        ("yes maybe tomorrow", "open", False),
        ("415-555-0123", "digits", True),
        ("415-555-012", "digits", False),
        ("triple 5 5 123 456", "digits", True),
    ],
)
def test_what_is_a_whole_answer(text: str, expects: str, complete: bool) -> None:
    assert words.sounds_complete(text, expects) is complete


@pytest.mark.parametrize(
    ("text", "expects", "spelling"),
    [
        ("my name", "spelling", True),
        ("my name", "open", False),
        ("S M I Thomas", "open", False),
        ("ab-cd-ef", "open", False),
        ("my name is S-M I", "open", True),
        ("it is A B", "open", False),
        ("it is 4 1 5", "open", False),
    ],
)
def test_letter_by_letter_or_not(text: str, expects: str, spelling: bool) -> None:
    assert words.is_spelling(text, expects) is spelling


@pytest.mark.parametrize(
    ("text", "expects", "answer"),
    [
        ("yes that would be great", "yes_no", True),
        ("yes that would be really great", "yes_no", False),
        ("that is right yes", "yes_no", False),
        ("", "yes_no", False),
        ("Linda", "name", False),
        ("Linda Chen", "name", True),
        ("my name is Linda", "name", True),
        ("my name is Linda Chen", "name", False),
        ("the third of May 1984", "date", True),
        ("the third of May", "date", False),
        ("room 21984", "date", False),
        ("Linda Chen", "open", False),
    ],
)
def test_an_answer_of_the_expected_kind_from_beginning_to_end(text: str, expects: str, answer: bool) -> None:
    assert words.answers(text, expects) is answer
