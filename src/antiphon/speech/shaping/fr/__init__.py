"""French of France, Belgium, Switzerland and Canada."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from antiphon.speech.shaping.fr import words
from antiphon.speech.shaping.fr.numbers import Counting
from antiphon.speech.shaping.reading import Locale
from antiphon.speech.shaping.reading import speakable as read
from antiphon.speech.shaping.reading.letters import abbreviations, roman_rule
from antiphon.speech.shaping.reading.locale import Noun, Rule, Signs

_COUNTING: Final = {
    "BE": Counting(tens=((7, "septante"), (9, "nonante"))),
    "CH": Counting(tens=((7, "septante"), (8, "huitante"), (9, "nonante"))),
}
_FEMININE: Final = re.compile(
    r"(?:[tsx]ions?|ées?|ettes?|ances?|ences?|ités?|ures?|aines?|elles?)$"
    r"|^(?:heure|minute|seconde|personne|question|place|chambre|nuit|fois|page|livre|carte|ligne|facture|porte"
    r"|tonne|année|clé|pièce|table|ville|rue|note|boîte|offre|demande|dose|goutte|semaine|voiture|adresse|femme|fille|dame|mère|sœur|famille|bouteille|feuille|rose|pomme)s?$"
)
_QUEENS: Final = ("Élisabeth", "Elisabeth", "Marie", "Catherine", "Isabelle", "Margrethe", "Victoria")
_KINGS: Final = (
    "Louis", "François", "Henri", "Charles", "Napoléon", "Philippe", "Georges", "Pie", "Benoît", "Léon",
    "Guillaume", "Albert", "Jean-Paul", "Richard", "Édouard", "Édouard", "Léopold", "Baudouin",
)  # fmt: skip


def speakable(text: str, region: str = "FR") -> str:
    return read(text, _locale(region))


@lru_cache(maxsize=32)
def _locale(region: str) -> Locale:
    counting = _COUNTING.get(region, Counting())

    def date(day: int, month: int, year: int | None, before: str) -> str:
        first = "premier" if day == 1 else counting.cardinal(day)
        return f"{first} {words.MONTHS[month - 1]}" + (f" {counting.cardinal(year)}" if year else "")

    def clock(hour: int, minute: int | None, half: str, named: bool) -> str:
        """ "quatorze heures trente"; minutes are feminine too."""
        hour = hour % 12 + (12 if half == "p" else 0) if half else hour
        spoken = f"{counting.cardinal(hour, 'f')} heure{'s' if hour > 1 else ''}"
        return spoken + (f" {counting.cardinal(minute, 'f')}" if minute else "")

    return Locale(
        signs=Signs(
            minus="moins", plus="plus", point="virgule", to="à", conjunction="et", over="sur",
            number="numéro", cents="et", mixed="et", or_="ou", times="fois", ratio="à", equals="égale",
            address=words.ADDRESS, of="de", percent=Noun(one="pour cent", many="pour cent", gender=""),
        ),
        decimal=",", thousands=".", cardinal=counting.cardinal, year=counting.cardinal, clock=clock,
        gender_of=_gender_of, date=date, months=words.MONTHS, month_pattern=words.MONTH_PATTERN,
        weekdays=words.WEEKDAYS, currencies=words.CURRENCIES, units=words.UNITS, fractions=words.FRACTIONS,
        large=words.LARGE, per=words.PER,
        abbreviations=abbreviations(words.ALWAYS, words.BEFORE_NAMES, words.ENDING),
        ordinals=_ordinals(counting), romans=_romans(counting), phone=words.PHONE, codes=words.CODES,
        spelled=words.SPELLED, hour=r"(?:heures?|h)", numbered=words.NUMBERED, decimals_as_number=True,
        pairs=True, singular_below_two=True, before=_BEFORE,
    )  # fmt: skip


_BEFORE: Final[tuple[Rule, ...]] = (
    # Behind a number minutes and days, not the least and a letter.
    (re.compile(r"(?<=\d)\s?min\.(?=\s+[a-zà-ÿ\d])"), " min"),
    (re.compile(r"(?<=\d)\s?min\.(?=\s*$|\s+[A-ZÀ-Ý])"), " min ."),
    (re.compile(r"(?<=[nN]°)(?=\d)"), " "),
    (re.compile(r"\bM\.(?=\sle\s)"), "Monsieur"),
    (re.compile(r"(?<![\w.])([Aa])v\.(?=\s(?:de|du|des|d')\b)"), r"\1venue"),
)


def _gender_of(noun: str) -> str:
    return "f" if _FEMININE.search(noun) else "m"


def _ordinals(counting: Counting) -> tuple[Rule, ...]:
    def spoken(found: re.Match[str]) -> str:
        number, sign = int(found[1]), found[2]
        if sign in ("nd", "nde"):
            return "seconde" if sign == "nde" else "second"
        plural = "s" if sign.endswith("s") else ""
        return counting.ordinal(number, "f" if sign in ("re", "ère", "res", "ères") else "m") + plural

    return ((re.compile(r"(?<![\w.,])(\d{1,4})(èmes?|emes?|es?|ers?|ères?|res?|nde?)(?!\w)"), spoken),)


def _romans(counting: Counting) -> tuple[Rule, ...]:
    def reign(name: str, value: int) -> str:
        return f"{name} {counting.cardinal(value)}"

    def century(sign: str, value: int) -> str:
        return f"{sign}{counting.ordinal(value)}"

    names = "|".join((*_KINGS, *_QUEENS))
    return (
        (re.compile(rf"\b({'|'.join(_KINGS)}) Ier\b"), r"\1 premier"),
        (re.compile(rf"\b({'|'.join(_QUEENS)}) Ire\b"), r"\1 première"),
        roman_rule(rf"\b({names}) ([IVX]+)\b", reign),
        (re.compile(r"\bIer (?=siècle)"), "premier "),
        roman_rule(r"()\b([IVX]+)(?:ème|e)(?= siècle)", century),
        roman_rule(r"\b([Cc]hapitre|[Tt]ome|[Vv]olume|[Aa]cte) ([IVX]+)\b", reign),
    )
