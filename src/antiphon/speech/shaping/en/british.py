"""What British English writes and says otherwise than American: the order of dates, "and" within numbers,
telephone groups, postcodes, pence and stones."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en import dates
from antiphon.speech.shaping.en.numbers import cardinal, digits, ordinal, year

_NUMERIC: Final = re.compile(
    r"(?<![\w/.$£€-])(0?[1-9]|[12]\d|3[01])([/.-])(0?[1-9]|1[0-2])\2(\d{4}|\d{2})(?![\w/-]|\.\d)"
)
_SLASHED: Final = re.compile(r"(?<![\w/.$£€-])(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])(?![\w/%-]|\.\d)")
_MONTH_FIRST: Final = re.compile(
    rf"\b{dates.MONTH}\s+{dates.DAY}(?![\w:%]|[.,]\d|\s*[-–]\s*\d)(?:,?\s+(\d{{4}})\b)?"
)
_ISO: Final = re.compile(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])(?:T(?=\d))?")
_DOTTED_TIME: Final = re.compile(r"(?<![\w:.$£])(1[0-2]|0?[1-9])\.([0-5]\d)(?=\s?[ap]\.?m\b)", re.IGNORECASE)
_NOON: Final = re.compile(r"(?<![\w:.])12\s?(noon|midday|midnight)\b")
_PHONE: Final = re.compile(
    r"(?<![\w.£$+-])(?:(\+44|0044)\s?(?:\(0\)\s?)?([1-9]\d{1,4})|\(?(0[1-9]\d{1,4})\)?)[ -]"
    r"(\d{3,4})(?:[ -]?(\d{3,4}))?(?![\w-]|\.\d)"
)
_BARE_PHONE: Final = re.compile(r"(?<![\w.£$,+-])(0[1-9]\d{2})(\d{3})(\d{4})(?![\w-]|[.,]\d)")
_SERVICE: Final = re.compile(
    r"(?<![\w$£.,:/-])(?:999|112|(?<=(?:[Cc]all|[Rr]ing|[Dd]ial) )1(?:11|01|05|19|59))(?![\w%:/-]|[.,]\d)"
)
_POSTCODE: Final = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)\s(\d[A-Z]{2})\b")
_PLATE: Final = re.compile(r"\b([A-Z]{2}\d{2})\s?([A-Z]{3})\b")
_SORT_CODE: Final = re.compile(r"(?<![\w-])(\d{2})-(\d{2})-(\d{2})(?![\w-])")
_PENCE: Final = re.compile(r"(?<![\w.,£])(\d{1,2})p\b(?![./])")
_STONE: Final = re.compile(r"(?<![\w.,])(\d{1,2})\s?st(?:\s(\d{1,2})\s?lbs?)\b")
_POSTNOMINAL: Final = re.compile(r"\b(Rd|Cres|Cl|Gdns)\b\.?(?=\s*(?:,|$|\.|[A-Z]))")
_STREETS: Final = {"Rd": "Road", "Cres": "Crescent", "Cl": "Close", "Gdns": "Gardens"}
_NOT_A_DATE: Final = frozenset(("1/2", "1/3", "1/4", "1/5", "1/8", "2/3", "3/4", "24/7"))
_BELOW_TEN: Final = "one|two|three|four|five|six|seven|eight|nine"
_BELOW_HUNDRED: Final = (
    rf"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?: (?:{_BELOW_TEN}))?|ten|eleven|twelve"
    rf"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|{_BELOW_TEN})"
)
_ORDINAL_END: Final = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety) )?(?:first|second|third|fourth|fifth|sixth"
    r"|seventh|eighth|ninth|tenth|eleventh|twelfth|\w+teenth|\w+tieth)"
)
_HUNDRED: Final = re.compile(rf"\b((?:{_BELOW_TEN}) hundred) (?=(?:{_BELOW_HUNDRED}|{_ORDINAL_END})\b)")
_THOUSAND: Final = re.compile(
    rf"\b((?:{_BELOW_HUNDRED}|hundred) (?:thousand|million|billion)) "
    rf"(?=(?:{_BELOW_HUNDRED}|{_ORDINAL_END})\b(?!(?: \w+)? (?:hundred|thousand|million)))"
)
_SPELLINGS: Final = tuple((re.compile(rf"\b(\w*){american}(s?)\b"), british) for american, british in (
    ("liter", "litre"), ("meter", "metre"),
))  # fmt: skip
_MEASURING: Final = frozenset(("", "milli", "centi", "kilo", "deci"))


def read_first(text: str) -> str:
    """What the American rules would read otherwise."""
    text = _DOTTED_TIME.sub(r"\1:\2", text)
    text = _NOON.sub(r"twelve \1", text)
    text = _SORT_CODE.sub(lambda found: _groups(found[1], found[2], found[3]), text)
    text = _ISO.sub(lambda found: _date(int(found[3]), int(found[2]), int(found[1])), text)
    text = _NUMERIC.sub(_numeric, text)
    text = _SLASHED.sub(_slashed, text)
    text = _MONTH_FIRST.sub(_month_first, text)
    text = _PHONE.sub(_phone, text)
    text = _BARE_PHONE.sub(lambda found: _groups(found[1], found[2], found[3]), text)
    text = _SERVICE.sub(lambda found: digits(found[0]), text)
    text = _POSTCODE.sub(lambda found: f"{_spelled(found[1])}, {_spelled(found[2])}", text)
    text = _PLATE.sub(lambda found: f"{_spelled(found[1])}, {_spelled(found[2])}", text)
    text = _STONE.sub(lambda found: f"{cardinal(int(found[1]))} stone {cardinal(int(found[2]))}", text)
    text = _PENCE.sub(
        lambda found: "one penny" if found[1] == "1" else f"{cardinal(int(found[1]))} pence", text
    )
    return _POSTNOMINAL.sub(lambda found: _STREETS[found[1]], text)


def read_last(text: str) -> str:
    """ "one hundred and one", "two thousand and six", litres and metres."""
    text = _HUNDRED.sub(r"\1 and ", text)
    text = _THOUSAND.sub(r"\1 and ", text)
    for american, british in _SPELLINGS:
        text = american.sub(
            lambda found, british=british: (
                f"{found[1]}{british}{found[2]}"  # type: ignore[misc]
                if found[1] in _MEASURING
                else found[0]
            ),
            text,
        )
    return text


def _date(day: int, month: int, in_year: int | None) -> str:
    spoken = f"the {ordinal(day)} of {dates.MONTHS[month - 1]}"
    return spoken + (f", {year(in_year)}" if in_year else "")


def _numeric(found: re.Match[str]) -> str:
    in_year = int(found[4])
    if len(found[4]) == 2:
        # Dates of birth reach further back than appointments reach ahead.
        in_year += 2000 if in_year < 40 else 1900
    return _date(int(found[1]), int(found[3]), in_year)


def _slashed(found: re.Match[str]) -> str:
    return found[0] if found[0] in _NOT_A_DATE else _date(int(found[1]), int(found[2]), None)


def _month_first(found: re.Match[str]) -> str:
    spoken = f"{dates.month_name(found[1])} the {ordinal(int(found[2]))}"
    return spoken + (f", {year(int(found[3]))}" if found[3] else "")


def _phone(found: re.Match[str]) -> str:
    country, area, national, first, second = found.groups()
    groups = _groups(area or national, first, *([second] if second else []))
    return f"plus four four, {groups}" if country else groups


def _groups(*groups: str) -> str:
    return ", ".join(digits(group).replace("zero", "oh") for group in groups)


def _spelled(written: str) -> str:
    return " ".join(digits(sign) if sign.isdigit() else sign for sign in written)
