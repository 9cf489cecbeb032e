"""Reading that languages share: one ordered pipeline of rules, each locale bringing its words and numbers."""

from __future__ import annotations

from antiphon.speech.shaping.reading import amounts, contacts, dates, letters, plain, times
from antiphon.speech.shaping.reading.locale import GUARD, Locale

__all__ = ["Locale", "speakable"]


def speakable(text: str, locale: Locale) -> str:
    """Order matters: what has a structure of its own is read before its digits look like plain numbers."""
    text = contacts.read_plates(contacts.read_addresses(text, locale), locale)
    for pattern, words in locale.before:
        text = pattern.sub(words, text)
    text = times.read(text, locale)
    text = dates.read(text, locale)
    text = contacts.read_numbers(text, locale)
    text = letters.read_abbreviations(text, locale)
    text = letters.read_romans(text, locale)
    text = amounts.read(text, locale)
    text = contacts.read_codes(text, locale)
    text = plain.read(text, locale)
    return letters.read_letters(text, locale).replace(GUARD, "")
