"""How a number that is written in digits may be said: nothing in it tells in which way it was."""

from __future__ import annotations

from collections.abc import Callable

UNITS = (
    "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_pairs(digits: str) -> list[str]:
    """Times and years: "nine thirty", "nineteen oh five", "fifteen hundred"."""
    if len(digits) > 4:
        return one_by_one(digits)
    if len(digits) > 2:
        last = ["hundred"] if int(digits[-2:]) == 0 else _below_hundred(digits[-2:])
        return [*_below_hundred(digits[:-2]), *last]
    return _below_hundred(digits)


def one_by_one(digits: str) -> list[str]:
    """Telephone numbers and codes."""
    return [UNITS[int(digit)] for digit in digits]


def in_full(digits: str) -> list[str]:
    """Amounts: "one hundred twenty", "two thousand six"."""
    value = int(digits) if len(digits) <= 6 else 0
    if value < 100:
        return in_pairs(digits)
    above, size, name = (value // 1000, 1000, "thousand") if value >= 1000 else (value // 100, 100, "hundred")
    rest = value % size
    return [*in_full(str(above)), name, *(in_full(str(rest)) if rest else [])]


def _below_hundred(digits: str) -> list[str]:
    value = int(digits)
    if value < 10:
        return [UNITS[0]] * (len(digits) > 1 and value > 0) + [UNITS[value]]
    if value < 20:
        return [UNITS[value]]
    return [_TENS[value // 10], *([UNITS[value % 10]] if value % 10 else [])]


Reading = Callable[[str], list[str]]
READINGS: tuple[Reading, ...] = (in_pairs, one_by_one, in_full)
