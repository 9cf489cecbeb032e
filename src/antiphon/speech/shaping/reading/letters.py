"""Abbreviations in full, Roman numerals, and letters that are spelled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from antiphon.speech.shaping.reading.locale import GUARD, Locale, Rule

_DOTTED: Final = re.compile(r"\b(?:[A-ZÄÖÜ]\.\s?){2,}(?!\w)")
_DASHED: Final = re.compile(r"(?<![\w-])[^\W\d_](?:-[^\W\d_]){2,}(?![\w-])")
_CONSONANTS: Final = re.compile(rf"(?<![\w-])[BCDFGHJKLMNPQRSTVWXZ]{{2,5}}(?![\w'{GUARD}])")
_ROMAN_DIGITS: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def abbreviation(written: str, words: str, *, before: str = "", ends: bool = False) -> Rule:
    """One rule: `written` (its dots are wanted, spaces between are not) becomes `words`.

    Args:
        before: Pattern of what must follow.
        ends: A sentence may end with it, and then keeps its full stop.
    """
    pattern = re.escape(written).replace(r"\ ", r"\s?")
    closing = rf"(?![\w{GUARD}])" if written[-1:].isalnum() else ""
    follows = rf"(?={before})" if before else ""

    def spoken(found: re.Match[str]) -> str:
        rest = found.string[found.end() :]
        capital = ends and re.match(r"\s+[A-ZÁÉÍÓÚÄÖÜ¿¡]", rest) is not None
        closes = found[0].endswith(".") and (capital or not rest.strip())
        return words + ("." if closes else "")

    return re.compile(rf"(?<![\w.]){pattern}{closing}{follows}"), spoken


def abbreviations(
    always: Mapping[str, str], before_names: Mapping[str, str], ending: Mapping[str, str]
) -> tuple[Rule, ...]:
    """Rules for three kinds: anywhere, before a capital or a digit, and those that may end a sentence."""
    longest = sorted(always, key=len, reverse=True)
    return (
        *(abbreviation(key, always[key]) for key in longest),
        *(
            abbreviation(key, before_names[key], before=r"[\s-]*(?:[A-ZÁÉÍÓÚÄÖÜ\d]|(?:y|et|und)\s)")
            for key in before_names
        ),
        *(abbreviation(key, words, ends=True) for key, words in ending.items()),
    )


def roman(written: str) -> int:
    """Value of a Roman numeral; 0 if it is none."""
    if not re.fullmatch(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})", written):
        return 0
    total = 0
    for sign, following in zip(written, [*written[1:], ""], strict=True):
        value = _ROMAN_DIGITS[sign]
        total += -value if following and _ROMAN_DIGITS[following] > value else value
    return total


def roman_rule(pattern: str, spoken: Callable[[str, int], str]) -> Rule:
    """A name or noun (group 1) with a Roman numeral (group 2) behind it."""

    def read(found: re.Match[str]) -> str:
        value = roman(found[2])
        return spoken(found[1], value) if value else found[0]

    return re.compile(pattern), read


def read_abbreviations(text: str, locale: Locale) -> str:
    for pattern, words in locale.abbreviations:
        text = pattern.sub(words, text)
    return text


def read_romans(text: str, locale: Locale) -> str:
    for pattern, words in locale.romans:
        text = pattern.sub(words, text)
    return text


def read_letters(text: str, locale: Locale) -> str:
    text = _DOTTED.sub(_dotted, text)
    text = _DASHED.sub(lambda found: " ".join(found[0].replace("-", "").upper()), text)
    if locale.spelled:
        text = locale.compiled("spelled", _spelled_pattern).sub(lambda found: " ".join(found[0]), text)
    return _CONSONANTS.sub(lambda found: " ".join(found[0]), text)


def _spelled_pattern(locale: Locale) -> str:
    return rf"(?<![\w-])(?:{'|'.join(sorted(locale.spelled, key=len, reverse=True))})(?![\w'{GUARD}])"


def _dotted(found: re.Match[str]) -> str:
    rest = found.string[found.end() :]
    letters = " ".join(found[0].replace(".", "").replace(" ", ""))
    if found[0].endswith(" "):
        return letters + (". " if rest[:1].isupper() else " ")
    return letters + ("." if not rest.strip() else "")
