"""Times of day: "9:30 AM", "9am", "14:00", "9 AM-5 PM"."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import DIGIT, cardinal

_HALF: Final = r"(?:\s*([AaPp])\.?\s?[Mm](?:\.(?!\w)|\b))"
_CLOCK: Final = re.compile(rf"(?<![\w:.$])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?![\d:]){_HALF}?")
_HOUR: Final = re.compile(rf"(?<![\w:.$/])(1[0-2]|0?[1-9]){_HALF}")
_RANGE: Final = re.compile(
    rf"(?<![\w:.$/-])((?:1[0-9]|2[0-3]|0?\d)(?::[0-5]\d)?{_HALF}?)\s*[-–—]\s*((?:1[0-9]|2[0-3]|0?\d)(?::[0-5]\d)?{_HALF})"
)
_CLOCK_RANGE: Final = re.compile(r"(\d:[0-5]\d)\s*[-–—]\s*(\d{1,2}:[0-5]\d)")


def read(text: str) -> str:
    if not DIGIT.search(text):
        return text
    text = _CLOCK_RANGE.sub(r"\1 to \2", text)
    text = _RANGE.sub(r"\1 to \3", text)
    text = _CLOCK.sub(lambda found: _spoken(found, int(found[2]), found[3]), text)
    return _HOUR.sub(lambda found: _spoken(found, None, found[2]), text)


def _spoken(found: re.Match[str], minute: int | None, half: str | None) -> str:
    hour = int(found[1])
    if half is None and minute is not None and (hour >= 13 or found[1].startswith("0")):
        half = "P" if 12 <= hour < 24 else "A"
    spoken = cardinal(hour % 12 or 12)
    if minute:
        spoken += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif minute == 0 and half is None:
        spoken += " o'clock"
    if half:
        spoken += f" {half.upper()} M"
    # The full stop of "9 a.m." may be the end of the sentence as well.
    rest = found.string[found.end() :]
    ends = found[0].endswith(".") and (not rest.strip() or re.match(r"\s+[A-Z]", rest) is not None)
    return spoken + ("." if ends else "")
