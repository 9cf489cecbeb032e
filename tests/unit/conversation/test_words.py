"""What the words say about the floor."""

from __future__ import annotations

import pytest

from antiphon.conversation import Policy, words
from antiphon.conversation.cues import cues_of

UNFINISHED = (
    "I'd like to book an appointment for",
    "a large coffee and",
    "a large coffee and...",
    "my number is",
    "My phone number is 555 123",
    "you can call me at five five five one",
    "let me see",
    "I need an appointment um",
    "apples, oranges,",
    "it's the one with",
    "can I get",
)
WHOLE = (
    "I need to see a doctor.",
    "yes it is",
    "I think so",
    "that is what I am looking for",
    "the day after",
    "my room number is 12",
    "my phone number is 555 123 4567",
    "I live in room five",
)


@pytest.mark.parametrize("text", UNFINISHED)
def test_words_that_promise_more(text: str) -> None:
    assert words.sounds_unfinished(text, "open")


@pytest.mark.parametrize("text", WHOLE)
def test_words_that_promise_nothing(text: str) -> None:
    assert not words.sounds_unfinished(text, "open")


def test_awaited_digits_are_counted_however_they_are_said() -> None:
    assert words.sounds_complete("five five five, one two three, four five six seven", "digits")
    assert words.sounds_complete("double five 5 123 4567", "digits")
    assert words.sounds_unfinished("double five 5 123", "digits")


def test_letters_are_spelling_from_the_third_on() -> None:
    assert words.is_spelling("it is S M I", "open")
    assert words.is_spelling("S-M-I-T-H.", "open")
    assert not words.is_spelling("at 2 P M", "open")
    assert words.sounds_unfinished("S M", "spelling")
    assert not words.sounds_unfinished("S-M-I-T-H", "spelling")


@pytest.mark.parametrize(
    "text", ["mm-hm", "MMHM.", "MMMHM.", "Mm-hmm.", "uh-huh", "Uhuh.", "Hmm.", "um", "mm, okay"]
)
def test_hums_do_not_take_the_floor_however_they_are_spelt(text: str) -> None:
    assert not words.takes_floor(text, Policy(), reply_kind="turn", expects="open")
    assert words.takes_floor(text + " stop", Policy(), reply_kind="turn", expects="open")


@pytest.mark.parametrize(
    ("language", "unfinished", "whole"),
    [
        ("es", "quiero una cita para", "quiero una cita"),
        ("fr-FR", "je voudrais un rendez-vous avec", "un rendez-vous demain"),
        ("de", "ich brauche einen Termin für", "ich rufe morgen an"),
    ],
)
def test_other_languages_have_cues_of_their_own(language: str, unfinished: str, whole: str) -> None:
    assert words.sounds_unfinished(unfinished, "open", language)
    assert not words.sounds_unfinished(whole, "open", language)


@pytest.mark.parametrize(
    ("language", "unfinished", "whole"),
    [
        ("en", "john at gmail dot", "I'll be there at ten on the dot"),
        ("es", "juan arroba gmail punto", "a las siete en punto"),
        ("de", "max at web punkt", "das ist ein guter Punkt"),
        ("de", "meine Telefonnummer ist", "das ist meine Telefonnummer"),
        ("de", "meine Telefonnummer ist null eins sieben", "meine Telefonnummer ist 0171 234 5678"),
        ("es", "mi número de teléfono es", "es mi número de teléfono"),
        ("es", "mi teléfono es seis uno dos", "mi teléfono es 612 345 678"),
        ("fr", "mon numéro de téléphone est", "c'est mon numéro de téléphone"),
        ("fr", "mon téléphone c'est le zéro six un deux", "mon téléphone c'est le 06 12 34 56 78"),
    ],
)
def test_who_dictates_a_number_or_an_address_is_not_cut_off_in_any_language(
    language: str, unfinished: str, whole: str
) -> None:
    assert words.sounds_unfinished(unfinished, "open", language)
    assert not words.sounds_unfinished(whole, "open", language)


def test_a_whole_spanish_number_is_not_waited_on() -> None:
    assert words.sounds_complete("seis uno dos tres cuatro cinco seis siete ocho", "digits", "es-ES")


def test_a_language_without_a_list_gives_no_cues() -> None:
    assert not cues_of("ja").dangling
    assert not words.sounds_unfinished("a large coffee and", "open", "ja")
    assert words.words("予約したい") == ["予約したい"], "its words are words all the same"


@pytest.mark.parametrize("language", ["en", "es", "fr", "de"])
def test_no_whole_answer_is_a_dangling_word(language: str) -> None:
    cues = cues_of(language)
    assert not cues.short_answers & (cues.dangling | cues.fillers)
    assert not cues.closers & cues.dangling
    assert all(words.words(phrase) == phrase.split() for phrase in (*cues.complete, *cues.openers))
