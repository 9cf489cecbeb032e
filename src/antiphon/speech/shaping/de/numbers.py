"""German numbers in words, units before tens: einundzwanzig."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_TENS: Final = (
    "", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"
)  # fmt: skip
_SCALES: Final = (
    (10**12, "Billion", "Billionen"), (10**9, "Milliarde", "Milliarden"), (10**6, "Million", "Millionen"),
)  # fmt: skip
_ORDINALS: Final = {"eins": "erst", "drei": "dritt", "sieben": "siebt", "acht": "acht"}


def cardinal(number: int, gender: str = "") -> str:
    """Words of a number. gender "" is counting ("eins"); "m", "n" and "f" stand before a noun (ein, eine)."""
    if number < 0:
        return "minus " + cardinal(-number, gender)
    for size, one, many in _SCALES:
        if number >= size:
            count, rest = divmod(number, size)
            head = f"eine {one}" if count == 1 else f"{cardinal(count)} {many}"
            return head + (f" {cardinal(rest, gender)}" if rest else "")
    if number == 1 and gender:
        return "eine" if gender == "f" else "ein"
    return _below_million(number)


def _below_million(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    return f"{_before_more(_below_thousand(thousands))}tausend" + (_below_thousand(rest) if rest else "")


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    return f"{_before_more(_UNITS[hundreds])}hundert" + (_below_hundred(rest) if rest else "")


def _below_hundred(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens, unit = divmod(number, 10)
    return (f"{_before_more(_UNITS[unit])}und" if unit else "") + _TENS[tens]


def _before_more(words: str) -> str:
    """ "eins" within a word is "ein"."""
    return words[:-1] if words.endswith("eins") else words


def year(number: int) -> str:
    """ "neunzehnhundertfünfundachtzig", "zweitausendsechsundzwanzig"."""
    if not 1100 <= number <= 1999:
        return cardinal(number)
    century, rest = divmod(number, 100)
    return f"{_UNITS[century]}hundert" + (_below_hundred(rest) if rest else "")


def ordinal(number: int, ending: str = "e") -> str:
    """ "vierundzwanzigste"; `ending` is "e", "en", "er", "es" or "em"."""
    words = cardinal(number)
    if number >= 10**6:
        return f"{words}ste"[:-1] + ending
    last = number % 100
    if 0 < last < 20:
        name = _UNITS[last]
        stem = words.removesuffix(name) + _ORDINALS.get(name, name + "t")
    else:
        stem = words + "st"
    return stem + ending
