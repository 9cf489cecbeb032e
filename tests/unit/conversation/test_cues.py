"""What the last words promise, list by list, in each language that has lists of its own."""

from __future__ import annotations

import pytest

from antiphon.conversation import dictated
from antiphon.conversation.cues import cues_of
from antiphon.conversation.phrases import phrases_of
from antiphon.conversation.policy import Policy
from antiphon.conversation.words import (
    answers,
    asks_to_wait,
    only_hums,
    sounds_complete,
    sounds_unfinished,
    words,
)

UNFINISHED = [
    ("en", "I would like to come on Monday and"),
    ("en", "on Tuesday um"),
    ("en", "my last name is"),
    ("en", "my name's"),
    ("en", "My name’s"),
    ("en", "it is john dot"),
    ("en", "john underscore"),
    ("es", "quiero ir al médico porque"),
    ("es", "el martes pues"),
    ("es", "me llamo"),
    ("es", "mi correo es"),
    ("es", "juan arroba"),
    ("fr", "je viens lundi avec"),
    ("fr", "mardi euh"),
    ("fr", "mon nom est"),
    ("fr", "mon adresse est"),
    ("fr", "jean arobase"),
    ("de", "ich komme am Montag und"),
    ("de", "am Dienstag ähm"),
    ("de", "meine Nummer ist"),
    ("de", "meine E-Mail-Adresse ist"),
    ("de", "hans Unterstrich"),
]
WHOLE = [
    ("en", "I think so"),
    ("en", "the day after"),
    ("en", "at nine on the dot"),
    ("es", "no sé por que"),
    ("fr", "je suis pour"),
    ("de", "ich rufe Sie an"),
]
ANSWERS = [
    ("en", "Goodbye."),
    ("en", "Yes, correct."),
    ("es", "Adiós."),
    ("es", "Sí, claro."),
    ("fr", "Adieu."),
    ("fr", "Oui, parfait."),
    ("de", "Auf Wiedersehen."),
    ("de", "Ja, genau."),
]


@pytest.mark.parametrize(("language", "text"), UNFINISHED)
def test_words_that_promise_more_do_so_in_their_language_alone(language: str, text: str) -> None:
    assert sounds_unfinished(text, "open", language)
    assert not sounds_unfinished(text, "open", "xx")


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_endings_that_are_whole_although_their_last_word_dangles(language: str, text: str) -> None:
    assert not sounds_unfinished(text, "open", language)


@pytest.mark.parametrize(("language", "text"), ANSWERS)
def test_whole_answers_are_not_waited_for(language: str, text: str) -> None:
    assert sounds_complete(text, "open", language)
    assert not sounds_complete(text, "open", "xx")


@pytest.mark.parametrize(("language", "yes"), [("en", "Yes"), ("es", "Sí"), ("fr", "Oui"), ("de", "Ja")])
def test_a_yes_is_the_answer_to_a_question_of_yes_or_no(language: str, yes: str) -> None:
    assert answers(f"{yes} that one", "yes_no", language)
    assert not answers(f"That one {yes}", "yes_no", language)


@pytest.mark.parametrize(
    ("language", "digits"),
    [
        ("en", "five five five double two triple nine one oh"),
        ("es", "cinco cinco doble dos triple nueve uno cero"),
        ("fr", "cinq cinq cinq double deux triple neuf un zéro"),
        ("de", "fünf fünf fünf doppel zwei neun neun neun eins null"),
    ],
)
def test_so_many_spoken_digits_are_a_number_and_what_is_said_of_two_or_three_alike_counts(
    language: str, digits: str
) -> None:
    assert sounds_complete(digits, "digits", language)
    assert not sounds_unfinished(digits, "digits", language)
    without_last = digits.rpartition(" ")[0]
    assert sounds_unfinished(without_last, "digits", language)
    assert not sounds_complete(without_last, "digits", language)


@pytest.mark.parametrize(
    ("language", "groups"),
    [
        ("fr", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("fr", "zéro un, quatre-vingt-dix-sept, vingt et un, quatre-vingts, dix-sept"),
        ("fr-FR", "zéro sept, soixante et onze, soixante, quatre vingt douze, vingt-et-un"),
        ("fr-BE", "zéro quatre, septante-deux, nonante, onze, seize"),
        ("fr", "06, douze, 34, cinquante, 78"),
        ("es", "seis, doce, treinta y cuatro, cincuenta y seis, setenta y ocho"),
        ("de", "null eins, siebzig, vierunddreißig, zwölf, achtundachtzig"),
        ("en", "five fifty-five, twelve, thirty four, eleven, nine"),
        ("es", "nueve, noventa, veintitrés, once, ochenta y uno"),
    ],
)
def test_a_number_dictated_in_pairs_is_waited_for_to_its_last_pair_and_no_longer(
    language: str, groups: str
) -> None:
    pairs = groups.split(", ")
    for count in range(1, len(pairs)):
        begun = " ".join(pairs[:count])
        assert sounds_unfinished(begun, "digits", language), begun
        assert not sounds_complete(begun, "digits", language), begun
    assert sounds_complete(groups, "digits", language)
    assert not sounds_unfinished(groups, "digits", language)


@pytest.mark.parametrize(
    ("language", "spoken", "digits"),
    [
        ("fr", "quatre-vingt-dix-sept", 2),
        ("fr", "quatre vingt-dix-sept", 2),
        ("fr", "zéro un, quatre vingt-dix, quatre vingt-onze", 6),
        ("fr", "quatre-vingt dix-sept", 2),
        ("fr", "quatre-vingt dix sept, douze", 4),
        ("fr", "quatre-vingts, dix-sept", 4),
        ("fr", "soixante, dix-sept", 4),
        ("fr", "zéro quatre, vingt-sept", 4),
        ("fr", "zéro quatre, vingt-et-un", 4),
        ("fr", "quatre-vingts", 2),
        ("fr", "quatre", 1),
        ("fr", "vingt douze", 4),
        ("fr", "soixante-dix", 2),
        ("fr", "quarante dix", 4),
        ("fr", "dix cinq", 3),
        ("fr", "six-sept", 2),
        ("fr", "double vingt", 4),
        ("fr", "rendez-vous", 0),
        ("es", "treinta y cuatro", 2),
        ("es", "treinta y", 2),
        ("es", "diez cuatro", 3),
        ("en", "twenty", 2),
        ("en", "twenty-one thirty two", 4),
        ("en", "ten four", 3),
        ("de", "einundzwanzig", 2),
        ("ja", "twenty", 0),
    ],
)
def test_pairs_are_two_digits_however_many_words_they_have(language: str, spoken: str, digits: int) -> None:
    assert dictated.digits(words(spoken), cues_of(language)) == digits


@pytest.mark.parametrize(
    ("language", "text", "unfinished"),
    [
        ("fr", "vous pouvez m'appeler à dix", False),
        ("fr", "vous pouvez m'appeler à dix heures trente", False),
        ("fr", "mon portable c'est le zéro six, douze", True),
        ("fr", "mon portable c'est le zéro six, douze, trente-quatre, quatre-vingt-dix, onze", False),
        ("es", "llámeme a las diez", False),
        ("es", "llámeme a las diez treinta y cinco", False),
        ("es", "mi móvil es el seis doce, treinta y cuatro", True),
        ("en", "call me at ten thirty", False),
        ("en", "call me on Tuesday the twelfth around twelve fifteen", False),
        ("en", "you can reach me at five fifty-five, twelve", True),
        ("en", "my mobile is five fifty-five", True),
        ("de", "mein Handy ist an, rufen Sie um zehn Uhr dreißig an", False),
        ("de", "meine Handynummer null eins siebzig", True),
    ],
)
def test_an_hour_is_no_number_begun_but_a_pair_of_one_is(
    *, language: str, text: str, unfinished: bool
) -> None:
    assert sounds_unfinished(text, "open", language) is unfinished


@pytest.mark.parametrize(
    ("language", "hums"), [("en", "Um, er."), ("es", "Eh, pues."), ("fr", "Euh, ben."), ("de", "Äh, tja.")]
)
def test_who_looks_for_words_has_said_nothing(language: str, hums: str) -> None:
    assert only_hums(hums, language)
    assert not only_hums(f"{hums} x", language)


@pytest.mark.parametrize(
    ("language", "fetches", "tells"),
    [
        ("en", "Just a second, my card.", "Just a second, my card is here."),
        ("es", "Un momento, mi tarjeta.", "Un momento, mi tarjeta es azul."),
        ("fr", "Un instant, ma carte.", "Un instant, ma carte est bleue."),
        ("de", "Einen Moment, meine Karte.", "Einen Moment, meine Karte ist blau."),
    ],
)
def test_who_says_what_something_is_fetches_nothing(language: str, fetches: str, tells: str) -> None:
    policy = Policy(language=language, hold_phrases=phrases_of(language).hold_phrases)
    assert asks_to_wait(fetches, policy)
    assert not asks_to_wait(tells, policy)


@pytest.mark.parametrize(
    ("language", "asks"),
    [
        ("en", "One moment please, thanks."),
        ("es", "Un momento, por favor, gracias."),
        ("fr", "Un moment, s'il vous plaît, merci."),
        ("de", "Einen Moment bitte, danke."),
    ],
)
def test_courtesies_behind_a_request_to_wait_add_nothing_to_it(language: str, asks: str) -> None:
    assert asks_to_wait(asks, Policy(language=language, hold_phrases=phrases_of(language).hold_phrases))


def test_a_language_without_lists_gives_no_cues() -> None:
    assert cues_of("xx") == cues_of("") and not cues_of("xx").dangling
    assert cues_of("DE-at") is cues_of("de") and cues_of("en-GB") is cues_of("en")
