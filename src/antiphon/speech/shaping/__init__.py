"""Written text to words that can be spoken: `shape`. One package per language; cleaning is common to all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from antiphon.speech.shaping import de, en, es, fr
from antiphon.speech.shaping.cleaning import clean, tidy
from antiphon.speech.shaping.keys import read_keys

__all__ = ["knows", "shape"]

# Text and region ("" where the tag names none) to words.
_LANGUAGES: Final[Mapping[str, Callable[[str, str], str]]] = {
    "de": de.speakable, "en": en.speakable, "es": es.speakable, "fr": fr.speakable,
}  # fmt: skip
_HOME: Final = {"de": "DE", "en": "US", "es": "ES", "fr": "FR"}


def knows(locale: str) -> bool:
    """Whether there are rules for the language, or it is only cleaned."""
    return _language_and_region(locale)[0] in _LANGUAGES


def shape(text: str, locale: str = "en-US") -> str:
    """Words to speak for a written clause or sentence: numbers, dates, times, money and abbreviations in
    full, markup and emoji gone. What it does not know passes through; a language without rules is only
    cleaned. Shaping twice changes nothing more. Never raises.
    """
    language, region = _language_and_region(locale)
    speakable = _LANGUAGES.get(language)
    cleaned = clean(read_keys(text, language, region))
    return tidy(speakable(cleaned, region) if speakable else cleaned)


def _language_and_region(locale: str) -> tuple[str, str]:
    language, _, rest = locale.replace("_", "-").partition("-")
    language = language.lower()
    region = rest.rpartition("-")[2].upper()
    return language, region or _HOME.get(language, "")
