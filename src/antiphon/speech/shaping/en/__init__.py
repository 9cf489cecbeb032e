"""American English: an ordered pipeline of rules, each of which leaves only words where it found signs."""

from __future__ import annotations

from antiphon.speech.shaping.en import amounts, contacts, dates, names, times


def speakable(text: str) -> str:
    """Order matters: what has a structure of its own is read before its digits look like plain numbers."""
    for read in (
        contacts.read,
        names.read_titles_and_streets,
        times.read,
        dates.read,
        amounts.read,
        names.read_letters,
    ):
        text = read(text)
    return text
