"""Numbers in English words, without hyphens ("twenty four"): cardinals, ordinals, digits, years."""

from __future__ import annotations

import re
from typing import Final

# Most texts have none, and most rules need one.
DIGIT: Final = re.compile(r"\d")

_UNITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_ORDINALS: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def cardinal(number: int) -> str:
    """ "one thousand two hundred five"; a thousand trillions and more digit by digit."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= 10**15:
        return digits(str(number))
    for size, name in _SCALES:
        if number >= size:
            rest = number % size
            return f"{cardinal(number // size)} {name}" + (f" {cardinal(rest)}" if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{_UNITS[number // 100]} hundred" + (f" {cardinal(rest)}" if rest else "")
    if number >= 20:
        return _TENS[number // 10] + (f" {_UNITS[number % 10]}" if number % 10 else "")
    return _UNITS[number]


def ordinal(number: int) -> str:
    """ "twenty fourth" """
    *before, last = cardinal(number).split()
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return " ".join([*before, last])


def digits(written: str) -> str:
    """Every digit by itself; anything else is left out."""
    return " ".join(_UNITS[int(character)] for character in written if character in "0123456789")


def decimal(written: str) -> str:
    """ "3.50" as "three point five zero", "1,200" as "one thousand two hundred"."""
    whole, point, fraction = written.replace(",", "").partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        spoken = digits(whole)
    else:
        spoken = cardinal(int(whole)) if whole else "zero"
    return f"{spoken} point {digits(fraction)}" if point and fraction else spoken


def year(number: int) -> str:
    """ "nineteen eighty five", "two thousand six", "twenty twenty six", "nineteen oh five"."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 2999 or 2000 <= number <= 2009:
        return cardinal(number)
    if rest == 0:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural_of_number(number: int) -> str:
    """ "nineteen nineties" of 1990, "eighties" of 80."""
    spoken = year(number) if number >= 1000 else cardinal(number)
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + "s"
