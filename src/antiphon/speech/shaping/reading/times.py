"""Times of day: "14:30", "14h30", "14.30 Uhr", "9:30 a. m."."""

from __future__ import annotations

import re

from antiphon.speech.shaping.reading.locale import Locale

_HALF = r"(?:\s?([AaPp])\.?\s?[Mm](?:\.(?!\w)|\b))"


def read(text: str, locale: Locale) -> str:
    clock = locale.compiled("clock", _clock_pattern)
    ranged = locale.compiled("clock_range", _range_pattern)
    text = ranged.sub(lambda found: f"{found[1]} {locale.signs.to} ", text)
    return clock.sub(lambda found: _spoken(found, locale), text)


def _range_pattern(locale: Locale) -> str:
    """A range of hours: both ends are times if one is."""
    time = rf"\d{{1,2}}(?:[:.][0-5]\d)?(?:\s?{locale.hour}(?:\s?[0-5]\d)?)?"
    named = rf"(?:\.[0-5]\d)?\s?{locale.hour}(?:\s?[0-5]\d)?(?!\w)"
    return rf"(?<![\w:.,/-])({time})\s?[-–]\s?(?=\d{{1,2}}(?::[0-5]\d|{named}))"


def _clock_pattern(locale: Locale) -> str:
    hour = rf"\s?{locale.hour}(?!\w)\.?(?=\W|$)"
    return (
        rf"(?<![\w:.,/-])([01]?\d|2[0-4])(?:"
        rf":([0-5]\d)(?::[0-5]\d)?(?![\d:])(?:({hour})|{_HALF})?"
        rf"|\.([0-5]\d)({hour})"
        rf"|\s?h\s?([0-5]\d)(?!\d|\s?min\b)"
        rf"|({hour})"
        rf"|{_HALF})"
    )


def _spoken(found: re.Match[str], locale: Locale) -> str:
    hour = int(found[1])
    minute = found[2] or found[5] or found[7]
    half = (found[4] or found[9] or "").lower()
    named = bool(found[3] or found[6] or found[8])
    words = locale.clock(hour, int(minute) if minute else None, half, named)
    # The full stop of "9 a. m." or "9 h." may be the end of the sentence as well.
    rest = found.string[found.end() :]
    ends = found[0].endswith(".") and (not rest.strip() or re.match(r"\s+[A-ZÁÉÍÓÚÄÖÜ¿¡]", rest) is not None)
    return words + ("." if ends else "")
