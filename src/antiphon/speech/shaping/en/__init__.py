"""English, American and British: an ordered pipeline of rules, each of which leaves only words where it found
signs."""

from __future__ import annotations

from typing import Final

from antiphon.speech.shaping.en import amounts, british, contacts, dates, names, romans, times

_AMERICAN: Final = frozenset(("US", "CA", "PH"))


def speakable(text: str, region: str = "US") -> str:
    """Order matters: what has a structure of its own is read before its digits look like plain numbers."""
    is_british = region not in _AMERICAN
    if is_british:
        text = british.read_first(text)
    for read in (
        contacts.read,
        names.read_titles_and_streets,
        romans.read,
        times.read,
        dates.read,
        amounts.read,
        names.read_letters,
    ):
        text = read(text)
    return british.read_last(text) if is_british else text
