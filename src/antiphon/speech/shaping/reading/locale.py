"""What a language brings to the common rules: its words, its signs, and how it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

# Behind a word of an address: it is no abbreviation. Cleaning leaves no control characters, so it is ours.
GUARD: Final = "\x1e"

Substitute = str | Callable[[re.Match[str]], str]
Rule = tuple[re.Pattern[str], Substitute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A unit or a currency in words. `gender` is "m", "f" or "n"."""

    one: str
    many: str
    gender: str = "m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and its hundredth."""

    unit: Noun
    cent: Noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Words for signs."""

    minus: str
    plus: str
    point: str  # Between a number and its decimals.
    to: str  # Of a range.
    conjunction: str
    over: str  # 120/80
    percent: Noun
    number: str  # #5
    cents: str  # Between dollars and cents.
    mixed: str  # Between one and a half.
    or_: str
    times: str
    ratio: str  # 3:1
    equals: str
    address: Mapping[str, str]  # In e-mail and web addresses, "@" and "." among them.
    of: str = ""  # Between a million and what is counted.
    per: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """One language as one region speaks it.

    Attributes:
        decimal, thousands: Signs within numbers; a thin or plain space also groups thousands.
        cardinal: Number and gender ("" when counting) to words.
        pairs: Telephone numbers are read as two-digit numbers where they are written in pairs.
        decimals_as_number: "3,14" is "three comma fourteen" and not "three comma one four".
        singular_below_two: 1.5 and 0 take no plural.
        gender_of: Gender of the noun behind a number, "" if what follows is none.
        date: Day, month (1-12), year or None, and the text before, to words.
        clock: Hour, minute or None, half of the day ("a", "p" or ""), and whether a word for the hour was
            written; to words.
        before: Rules of the language's own, before all others but addresses.
        romans: The same for Roman numerals.
        ordinals: The same for ordinal numbers.
    """

    signs: Signs
    decimal: str
    thousands: str
    cardinal: Callable[[int, str], str]
    months: tuple[str, ...]
    month_pattern: str
    weekdays: Mapping[str, str]
    date: Callable[[int, int, int | None, str], str]
    clock: Callable[[int, int | None, str, bool], str]
    year: Callable[[int], str]
    currencies: Mapping[str, Currency]
    units: Mapping[str, Noun]
    fractions: Mapping[str, str]
    abbreviations: tuple[Rule, ...]
    ordinals: tuple[Rule, ...]
    romans: tuple[Rule, ...]
    large: Mapping[str, tuple[str, str]]
    phone: tuple[re.Pattern[str], ...]
    spelled: frozenset[str]  # Read letter by letter although they could be pronounced.
    hour: str  # Pattern of the word or sign behind an hour.
    numbered: str  # Pattern of what precedes a number that is to be written down.
    per: Mapping[str, str]  # What may stand behind a slash (km/h, 20 €/noche).
    gender_of: Callable[[str], str]
    singular_below_two: bool = False
    pairs: bool = False
    decimals_as_number: bool = False
    dotted_dates: bool = False  # 24.11. is the 24th of November.
    before: tuple[Rule, ...] = ()
    codes: tuple[re.Pattern[str], ...] = ()
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def number(self) -> str:
        """Pattern of an amount, without groups."""
        group = rf"[{re.escape(self.thousands)} ]"
        decimals = rf"(?:{re.escape(self.decimal)}\d+)?"
        # A careless decimal point is one if no three digits stand behind it.
        careless = r"|\d+\.\d{1,2}(?![\d.])" if self.decimal == "," else ""
        return (
            rf"(?:\d{{1,3}}(?:{group}\d{{3}})+(?!\d){decimals}|\d+{re.escape(self.decimal)}\d+{careless}|\d+)"
        )

    def compiled(self, name: str, pattern: Callable[[Locale], str]) -> re.Pattern[str]:
        """The locale's own version of a common pattern, made once."""
        if name not in self.patterns:
            self.patterns[name] = re.compile(pattern(self))
        return self.patterns[name]

    def parts(self, written: str) -> tuple[int, str]:
        """Whole part and the digits of the decimals."""
        if self.decimal == "," and re.fullmatch(r"\d+\.\d{1,2}", written):
            whole, _, decimals = written.partition(".")
        else:
            whole, _, decimals = written.partition(self.decimal)
        return int(re.sub(r"\D", "", whole) or "0"), decimals

    def amount(self, written: str, gender: str = "") -> str:
        """ "1.234,5" in words; zeros in front are read one by one."""
        whole, decimals = self.parts(written)
        if len(written) > 1 and written.startswith("0") and not decimals:
            return self.digits(written)
        if len(written) > 18:
            return self.digits(written)
        words = self.cardinal(whole, "" if decimals else gender)
        return f"{words} {self.signs.point} {self._decimals(decimals)}" if decimals else words

    def _decimals(self, decimals: str) -> str:
        if self.decimals_as_number and not decimals.startswith("0") and len(decimals) <= 2:
            return self.cardinal(int(decimals), "")
        return self.digits(decimals)

    def digits(self, written: str) -> str:
        return " ".join(self.cardinal(int(digit), "") for digit in written if digit in "0123456789")

    def counted(self, written: str, noun: Noun) -> str:
        """An amount with the noun it counts, in the right number and gender."""
        whole, decimals = self.parts(written)
        value = float(f"{whole}.{decimals or 0}")
        singular = value < 2 if self.singular_below_two else value == 1
        exact = whole if not decimals else 0
        of = f" {self.signs.of} " if self.signs.of and exact >= 10**6 and exact % 10**6 == 0 else " "
        name = noun.one if singular else noun.many
        return elide(f"{self.amount(written, noun.gender)}{of}{name}")


def elide(text: str) -> str:
    """ "de euros" is "d'euros" in French; Spanish never writes "de" before a currency this way."""
    return re.sub(r"\b(million|millions|milliard|milliards) de (?=[aeiouhéè])", r"\1 d'", text)


def paced(symbols: list[str]) -> str:
    """Single sounds to write down: long runs in threes with a pause between."""
    if len(symbols) <= 6:
        return " ".join(symbols)
    groups = [symbols[at : at + 3] for at in range(0, len(symbols), 3)]
    if len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return ", ".join(" ".join(group) for group in groups)
