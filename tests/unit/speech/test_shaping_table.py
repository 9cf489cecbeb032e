"""The table of text shaping: per locale, what is written on the left is spoken as on the right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.shaping import knows, shape

TABLES = sorted((Path(__file__).parent / "shaping_cases").glob("*.tsv"))
LOCALES = ("en-US", "en-GB", "es-ES", "es-MX", "fr-FR", "fr-CH", "de-DE")


def cases_of(path: Path) -> list[tuple[str, str, str]]:
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("# ")]
    return [(path.stem, *line.split("\t")) for line in lines]  # type: ignore[misc]


CASES = [case for path in TABLES for case in cases_of(path)]


@pytest.mark.parametrize(("locale", "written", "spoken"), CASES)
def test_written_text_becomes_these_words(locale: str, written: str, spoken: str) -> None:
    assert shape(written, locale) == spoken


@pytest.mark.parametrize(("locale", "written", "spoken"), CASES)
def test_what_is_already_words_is_left_alone(locale: str, written: str, spoken: str) -> None:
    assert shape(spoken, locale) == spoken


def test_the_table_is_as_large_as_was_promised() -> None:
    counts = {path.stem: len(cases_of(path)) for path in TABLES}
    assert sum(counts.values()) >= 350
    assert min(counts.values()) >= 70
    assert {"en-US", "en-GB", "es-ES", "fr-FR", "de-DE"} <= counts.keys()


_SIGNS = [
    "0", "1", "9", "12", "21", "31", "100", "2026", "1.000", "3,5",
    ",", ".", ":", "/", "-", "–", "%", "$", "€",
    "£", "#", "+", "@", "(", ")", "'", '"', "º", "ª", "²", "½", "⅛", "°C", "h", "Uhr", "er", "ème",
 "te", "AM",
    "p. m.", "Dr.", "Sr.", "nov.", "Mai", "mg", "km/h", "K", "A", "XIV", "٣", "५", "**", "`", "# ", "😀", "❤️",
    "*", " # ",    "1️⃣", " ", "\n", "une", "Euro", "millones de",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(text=st.lists(st.sampled_from(_SIGNS), max_size=25).map("".join), locale=st.sampled_from(LOCALES))
def test_no_digit_markup_or_emoji_reaches_the_voice(text: str, locale: str) -> None:
    spoken = shape(text, locale)
    assert not any(character.isdigit() or character.isdecimal() for character in spoken)
    assert not set(spoken) & set("*`#~|<>[]{}😀❤️\ufe0f\u20e3")


@settings(max_examples=400, deadline=None)
@given(text=st.text(max_size=120), locale=st.sampled_from((*LOCALES, "xx", "", "pt-BR")))
def test_no_text_is_too_odd(text: str, locale: str) -> None:
    spoken = shape(text, locale)
    assert "\n" not in spoken
    assert "  " not in spoken


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(
        st.sampled_from([
            "mañana", "demain", "morgen",
 "tomorrow", "gracias", "merci", "danke", "señor", "l'heure", "Straße",
            "veintiuno", "quatre-vingts", "einundzwanzig", "forty", "o", "y", "et", "und", "and",
        ]),
        min_size=1, max_size=12,
    ),
    locale=st.sampled_from(LOCALES),
)  # fmt: skip
def test_plain_words_are_left_alone(words: list[str], locale: str) -> None:
    assert shape(" ".join(words), locale) == " ".join(words)


@pytest.mark.parametrize(
    ("written", "locale", "spoken"),
    [
        ("1,234.56 MXN", "es-MX", "mil doscientos treinta y cuatro pesos con cincuenta y seis centavos"),
        ("$25", "es-MX", "veinticinco pesos"),
        ("3.5 %", "es-MX", "tres punto cinco por ciento"),
        ("1/1/2027", "es-MX", "primero de enero de dos mil veintisiete"),
        ("70 €", "fr-BE", "septante euros"),
        ("99", "fr-CH", "nonante-neuf"),
        ("80", "fr-CH", "huitante"),
        ("24/11/2026", "en-AU", "the twenty fourth of November, twenty twenty six"),
        ("5%", "de", "fünf Prozent"),
        ("rdv@exemple.fr", "fr-FR", "rdv arobase exemple point fr"),  # Not "rendez-vous".
    ],
)
def test_a_region_speaks_in_its_own_way(written: str, locale: str, spoken: str) -> None:
    assert shape(written, locale) == spoken


def test_a_language_without_rules_is_said_to_be_unknown() -> None:
    assert [knows(locale) for locale in ("en", "es-MX", "de_AT", "pt-BR", "")] == [
        True,
        True,
        True,
        False,
        False,
    ]
