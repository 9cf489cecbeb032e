"""Money, percent, measures, fractions, ranges, ordinals and what is left of the digits."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import DIGIT, cardinal, decimal, digits, ordinal
from antiphon.speech.shaping.reading.locale import paced

_NUMBER: Final = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_CURRENCIES: Final = {
    "$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "¥": ("yen", "yen", "sen", "sen"),
}  # fmt: skip
_MONEY: Final = re.compile(
    rf"(-?)([$€£¥])\s?(?:{_NUMBER})(?:\s?(thousand|million|billion|trillion|bn|mn|tn|[KkMBm])\b)?(?![\d])",
    re.ASCII,
)
_MONEY_RANGE: Final = re.compile(rf"([$€£¥]\s?{_NUMBER})\s*[-–]\s*(?=[$€£¥]?\s?\d)")
_CODES: Final = re.compile(rf"(?<![\w.])(?:{_NUMBER})\s?(USD|EUR|GBP)\b")
_CODE_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£"}
_PER: Final = re.compile(
    r"(?<=[a-z\d])\s?/\s?(hour|hr|day|week|wk|month|mo|year|yr|person|visit|night|mile|minute|min|second|sec|h|mL|ml"
    r"|kg|dL|dl)\b(?:\.(?=\s+[a-z]))?"
)
_LARGE: Final = {"K": "thousand", "k": "thousand", "M": "million", "B": "billion", "m": "million",
    "mn": "million", "bn": "billion", "tn": "trillion",
}  # fmt: skip
_PERCENT: Final = re.compile(rf"(?<![\w.])([-+]?)(?:{_NUMBER})(?:\s?%?\s*[-–]\s*(?:{_NUMBER}))?\s?%")
_UNITS: Final = {
    "mg": ("milligram", "milligrams"), "mcg": ("microgram", "micrograms"), "g": ("gram", "grams"),
    "kg": ("kilogram", "kilograms"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"), "ml": ("milliliter", "milliliters"), "mL": ("milliliter", "milliliters"),
    "L": ("liter", "liters"), "mm": ("millimeter", "millimeters"), "cm": ("centimeter", "centimeters"),
    "m": ("meter", "meters"), "km": ("kilometer", "kilometers"), "ft": ("foot", "feet"),
    "in": ("inch", "inches"), "mi": ("mile", "miles"), "mph": ("mile per hour", "miles per hour"),
    "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "h": ("hour", "hours"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "wk": ("week", "weeks"), "wks": ("week", "weeks"),
    "yr": ("year", "years"), "yrs": ("year", "years"), "mo": ("month", "months"),
    "KB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"), "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "sq ft": ("square foot", "square feet"), "sq m": ("square meter", "square meters"),
    "ft2": ("square foot", "square feet"), "m2": ("square meter", "square meters"),
    "km2": ("square kilometer", "square kilometers"), "cm2": ("square centimeter", "square centimeters"),
    "m3": ("cubic meter", "cubic meters"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "mmHg": ("millimeter of mercury", "millimeters of mercury"), "bpm": ("beat per minute",
    "beats per minute"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°C": ("degree Celsius", "degrees Celsius"),
    "° F": ("degree Fahrenheit", "degrees Fahrenheit"), "° C": ("degree Celsius", "degrees Celsius"),
    "°": ("degree", "degrees"), "K": ("thousand", "thousand"), "k": ("thousand", "thousand"),
}  # fmt: skip
# Words in their own right after a space ("5 in the morning"), so only when they touch the number.
_TOUCHING: Final = frozenset(("in", "m", "g", "h", "L", "K", "k", "mo"))
_SPACED: Final = "|".join(
    re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True) if unit not in _TOUCHING
)
_MEASURE: Final = re.compile(
    rf"(?<![\w.])(-?)(?:{_NUMBER})(?:\s?-?({_SPACED})|({'|'.join(sorted(_TOUCHING))}))(?![\w'])(?:\.(?=\s+[a-z]|[,;:)]))?"
)
_HEIGHT: Final = re.compile(r"(?<!\w)(\d)\s?'\s?(\d{1,2})(?:\s?\"|'')?(?!\w)")
_FRACTIONS: Final = {
    "1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
    "1/5": "one fifth", "1/8": "one eighth",
}  # fmt: skip
_FRACTION: Final = re.compile(r"(?<![\w/.])(?:(\d+)\s+)?(1/[23458]|2/3|3/4)(?![\w/])")
_EVEN: Final = re.compile(r"(?<![\w/.])(\d+)/\1(?![\w/])")
_RATIO: Final = re.compile(r"(?<![\w:.])(\d{1,3}):(\d{1,3})(?![\w:]|\.\d)")
_ROUND_THE_CLOCK: Final = re.compile(r"(?<![\w/])24/7(?![\w/])")
_OVER: Final = re.compile(r"(?<![\w/.])(\d+)\s?/\s?(\d+)(?![\w/])")
_ORDINAL: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b")
_COUNTED: Final = re.compile(r"(?:\b[Nn]os?\.\s?|#\s?)(?=\d)")
# Four digits behind one of these are to be written down, not counted.
_NUMBERED: Final = re.compile(
    r"(?i)(\b(?:pin|code|confirmation|reference|member|account|policy|order|case|ticket"
    r"|end(?:ing|s|ed)? (?:in|with)|last four(?: digits)?|id|number)"
    r"(?:\s+(?:number|code|is))*:?\s+)(\d{3,})(?![\w%:/-]|[.,]\d)"
)
_VERSION: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w]|\.\d)")
_RANGE: Final = re.compile(rf"(?<![\w.-])(?:{_NUMBER})\s*[-–—]\s*(?=\d)")
_LONG: Final = re.compile(r"(?<![\w.,])\d{5,}(?![\w]|[.,]\d)")
_PLAIN: Final = re.compile(rf"(?<![\w.])([-+]?)(?:{_NUMBER})(?!\d)")
# Digits grown together with letters: "st0".
_STRAY: Final = re.compile(r"[0-9]+")
_SIGNS: Final = (
    (re.compile(r"\s?&\s?"), " and "), (re.compile(r"(?<=\w)\s?\+\s?(?=\w)"), " plus "),
    (re.compile(r"(?<=\w)\s?=\s?(?=\w)"), " equals "),
    (re.compile(r"(?<=\w)\s?×\s?(?=\w)|(?<=[a-z])\sx\s(?=[a-z])"), " times "),
    (re.compile(r"(?<=\w)\s+[-–]\s+(?=\w)"), ", "), (re.compile(r"\s?[—–]\s?"), ", "),
    (re.compile(r"\s@\s"), " at "),
    (re.compile(r"\bw/o\b"), "without"), (re.compile(r"\bw/(?=\s|\w)\s?"), "with "),
    (re.compile(r"\band/or\b"), "and or"), (re.compile(r"(?<=[A-Za-z])/(?=[A-Za-z])"), " or "),
)  # fmt: skip


# One of these is in whatever a rule that needs no digit finds.
_SIGN: Final = re.compile(r"[&+=×@/–—-]|\sx\s")


def read(text: str) -> str:
    if DIGIT.search(text):
        text = _read_numbers(text)
    elif _SIGN.search(text):
        text = _PER.sub(_per, text)
    else:
        return text
    for sign, words in _SIGNS:
        text = sign.sub(words, text)
    return text


def _read_numbers(text: str) -> str:
    text = _MONEY_RANGE.sub(_money_range, text)
    text = _CODES.sub(lambda found: _money(_CODE_SIGNS[found[2]], found[1]), text)
    text = _MONEY.sub(_money_found, text)
    text = _PERCENT.sub(_percent, text)
    text = _HEIGHT.sub(lambda found: f"{cardinal(int(found[1]))} foot {cardinal(int(found[2]))}", text)
    text = _RANGE.sub(lambda found: f"{decimal(found[1])} to ", text)
    text = _MEASURE.sub(_measure, text)
    text = _PER.sub(_per, text)
    text = _ROUND_THE_CLOCK.sub("twenty four seven", text)
    text = _EVEN.sub(lambda found: f"{cardinal(int(found[1]))} {cardinal(int(found[1]))}", text)
    text = _RATIO.sub(lambda found: f"{cardinal(int(found[1]))} to {cardinal(int(found[2]))}", text)
    text = _FRACTION.sub(_fraction, text)
    text = _OVER.sub(lambda found: f"{cardinal(int(found[1]))} over {cardinal(int(found[2]))}", text)
    text = _ORDINAL.sub(lambda found: ordinal(int(found[1].replace(",", ""))), text)
    text = _COUNTED.sub("number ", text)
    text = _NUMBERED.sub(lambda found: found[1] + paced(digits(found[2]).split()), text)
    text = _VERSION.sub(
        lambda found: " point ".join(cardinal(int(part)) for part in found[0].split(".")), text
    )
    text = _LONG.sub(_long, text)
    text = _PLAIN.sub(_plain, text)
    return _STRAY.sub(lambda found: f" {digits(found[0])} ", text)


def _per(found: re.Match[str]) -> str:
    return " per " + _UNITS.get(found[1], (found[1], ""))[0]


def _money(sign: str, amount: str) -> str:
    one, many, cent, cents = _CURRENCIES[sign]
    whole, _, fraction = amount.replace(",", "").partition(".")
    if fraction and len(fraction) != 2:
        return f"{decimal(amount)} {many}"
    units, parts = int(whole or "0"), int(fraction or "0")
    spoken = f"{cardinal(units)} {one if units == 1 else many}" if units or not parts else ""
    small = f"{cardinal(parts)} {cent if parts == 1 else cents}" if parts else ""
    return " and ".join(part for part in (spoken, small) if part)


def _money_found(found: re.Match[str]) -> str:
    minus, sign, amount, scale = found.groups()
    if scale:
        spoken = f"{decimal(amount)} {_LARGE.get(scale, scale)} {_CURRENCIES[sign][1]}"
    else:
        spoken = _money(sign, amount)
    return ("minus " if minus else "") + spoken


def _money_range(found: re.Match[str]) -> str:
    rest = found.string[found.end() :]
    if rest[:1] in _CURRENCIES:
        return f"{found[1]} to "
    # "$20-30": the sign belongs to both.
    return f"{decimal(found[2])} to {found[1][0]}"


def _percent(found: re.Match[str]) -> str:
    sign = {"-": "minus ", "+": "plus "}.get(found[1], "")
    upper = f" to {decimal(found[3])}" if found[3] else ""
    return f"{sign}{decimal(found[2])}{upper} percent"


def _measure(found: re.Match[str]) -> str:
    minus, amount, spaced, touching = found.groups()
    one, many = _UNITS[spaced or touching]
    return f"{'minus ' if minus else ''}{decimal(amount)} {one if amount == '1' else many}"


def _fraction(found: re.Match[str]) -> str:
    whole, fraction = found.groups()
    if whole is None:
        return _FRACTIONS[fraction]
    return f"{cardinal(int(whole))} and {_FRACTIONS[fraction].replace('one ', 'a ', 1)}"


def _long(found: re.Match[str]) -> str:
    """Five digits and more without a comma are a postal code, an account, an order: to be written down."""
    written = found[0]
    if written.endswith("000") and not written.startswith("0"):
        return cardinal(int(written))
    return paced(digits(written).split())


def _plain(found: re.Match[str]) -> str:
    sign = {"-": "minus ", "+": "plus "}.get(found[1], "")
    # Not a sign but a hyphen: "room-5".
    after_word = found.start() > 0 and found.string[found.start() - 1].isalnum()
    before_word = found.string[found.end() : found.end() + 1].isalpha()
    return (" " if after_word else sign) + decimal(found[2]) + (" " if before_word else "")
