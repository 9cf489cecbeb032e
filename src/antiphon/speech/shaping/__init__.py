"""Written text to words that can be spoken: `shape`. One package per language; cleaning is common to all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from antiphon.speech.shaping import en
from antiphon.speech.shaping.cleaning import clean, tidy

__all__ = ["shape"]

_LANGUAGES: Final[Mapping[str, Callable[[str], str]]] = {"en": en.speakable}


def shape(text: str, locale: str = "en-US") -> str:
    """Words to speak for a written clause or sentence: numbers, dates, times, money and abbreviations in
    full, markup and emoji gone. What it does not know passes through; a language without rules is only
    cleaned. Shaping twice changes nothing more. Never raises.
    """
    speakable = _LANGUAGES.get(locale.replace("_", "-").split("-")[0].lower())
    cleaned = clean(text)
    return tidy(speakable(cleaned) if speakable else cleaned)
