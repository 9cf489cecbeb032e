"""French numbers in words: quatre-vingts but quatre-vingt-un, deux cents but deux cent un."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_UNITS: Final = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
)  # fmt: skip
_TENS: Final = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante"}
_SCALES: Final = ((10**12, "billion"), (10**9, "milliard"), (10**6, "million"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How a country counts: `tens` names those it does not build on sixty and eighty (septante, nonante)."""

    tens: tuple[tuple[int, str], ...] = ()

    def cardinal(self, number: int, gender: str = "") -> str:
        if number < 0:
            return "moins " + self.cardinal(-number, gender)
        for size, name in _SCALES:
            if number >= size:
                count, rest = divmod(number, size)
                head = f"{self.cardinal(count)} {name}{'s' if count > 1 else ''}"
                return head + (f" {self.cardinal(rest, gender)}" if rest else "")
        thousands, rest = divmod(number, 1000)
        if not thousands:
            return self._below_thousand(rest, gender)
        # "mille" is no noun: what stands before it loses its plural (quatre-vingt mille, deux cent mille).
        head = "mille" if thousands == 1 else f"{_singular(self._below_thousand(thousands, ''))} mille"
        return head + (f" {self._below_thousand(rest, gender)}" if rest else "")

    def _below_thousand(self, number: int, gender: str) -> str:
        hundreds, rest = divmod(number, 100)
        if not hundreds:
            return self._below_hundred(rest, gender)
        head = "cent" if hundreds == 1 else f"{_UNITS[hundreds]} cent"
        if rest:
            return f"{head} {self._below_hundred(rest, gender)}"
        return head + ("s" if hundreds > 1 else "")

    def _below_hundred(self, number: int, gender: str) -> str:
        named = {**_TENS, **dict(self.tens)}
        tens, unit = divmod(number, 10)
        if number < 20:
            words = _UNITS[number]
        elif tens in named:
            words = named[tens] + (" et un" if unit == 1 else f"-{_UNITS[unit]}" if unit else "")
        elif tens == 7:
            words = "soixante et onze" if unit == 1 else f"soixante-{_UNITS[10 + unit]}"
        else:
            rest = number - 80
            words = f"quatre-vingt-{_UNITS[rest]}" if rest else "quatre-vingts"
        return words + "e" if gender == "f" and words.endswith("un") else words

    def ordinal(self, number: int, gender: str = "m") -> str:
        """ "vingt et unième"; the first of all is "premier", "première"."""
        if number == 1:
            return "première" if gender == "f" else "premier"
        words = _singular(self.cardinal(number))
        if words.endswith("cinq"):
            return words + "uième"
        if words.endswith("neuf"):
            return words[:-1] + "vième"
        return words.removesuffix("e") + "ième"


def _singular(words: str) -> str:
    return words[:-1] if words.endswith(("vingts", "cents", "millions", "milliards", "billions")) else words
