"""German, whose ordinals change with the word before them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from antiphon.speech.shaping.de import words
from antiphon.speech.shaping.de.numbers import cardinal, ordinal, year
from antiphon.speech.shaping.reading import Locale
from antiphon.speech.shaping.reading import speakable as read
from antiphon.speech.shaping.reading.letters import abbreviations, roman_rule
from antiphon.speech.shaping.reading.locale import Noun, Rule, Signs

_WEAK: Final = (
    r"am|vom|zum|im|beim|dem|den|des|zur|einem|einen|jeden|jedem|diesem|diesen|nächsten|letzten|ersten|unserem"
    r"|unseren|Ihrem|Ihren|meinem|meinen|deinem"
)
_BEFORE_EN: Final = re.compile(
    r"\bam (?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag),?\s+$"
    rf"|\b(?:{_WEAK}|bis|ab|seit|(?:auf|in|von|zu|mit|bei|nach|aus|an|vor|seit|über) der)\s+$",
    re.I,
)
_BEFORE_E: Final = re.compile(
    r"\b(?:der|die|das|diese|dieser|dieses|jede|jeder|jedes|Ihre|ihre|meine|unsere|eine)\s+$", re.I
)
_FEMININE: Final = re.compile(
    r"(?:ung|heit|keit|schaft|tion|tät|ik|enz|anz|e|ei)$|^(?:Nacht|Person|Nummer|Uhrzeit|Zahl|Stadt|Fahrt|Antwort"
    r"|Tür|Kraft|Frist|Mail|Leitung|Option|Million|Arbeit|Hand|Frau|Mutter|Tochter|Schwester|Firma|Bank|Wand|Praxis"
    r"|Uhr|Spur|Figur|Zeit|Rechnungsnummer|Kundennummer)$|(?:er|ent|nd|zt|st|og|eg|än)in$"
)
_ADJECTIVE: Final = re.compile(
    r"(?:neu|weiter|frei|offen|ander|klein|groß|gut|wichtig|kurz|lang|ganz|einzig|verpasst|halb|voll)(e|er|es)"
)
_MASCULINE_IN_E: Final = frozenset(("Name", "Kunde", "Junge", "Kollege", "Euro", "Ende", "Cafe", "Auge"))
_QUEENS: Final = ("Elisabeth", "Katharina", "Maria", "Margarethe", "Victoria")
_KINGS: Final = (
    "Ludwig", "Friedrich", "Wilhelm", "Karl", "Heinrich", "Otto", "Georg", "Franz", "Leopold", "Philipp",
    "Johannes Paul", "Benedikt", "Pius", "Eduard", "Richard", "Charles", "Napoleon", "Joseph",
)  # fmt: skip


def speakable(text: str, region: str = "DE") -> str:
    return read(text, _locale(region))


@lru_cache(maxsize=32)
def _locale(region: str) -> Locale:
    return Locale(
        signs=Signs(
            minus="minus", plus="plus", point="Komma", to="bis", conjunction="und", over="zu",
            number="Nummer", cents="und", mixed="und", or_="oder", times="mal", ratio="zu", equals="gleich",
            address=words.ADDRESS, percent=Noun(one="Prozent", many="Prozent", gender="n"),
        ),
        decimal=",", thousands="'" if region == "CH" else ".", cardinal=cardinal, year=year, clock=_clock,
        gender_of=_gender_of, date=_date, months=words.MONTHS, month_pattern=words.MONTH_PATTERN,
        weekdays=words.WEEKDAYS, currencies=words.CURRENCIES, units=words.UNITS, fractions=words.FRACTIONS,
        large=words.LARGE, per=words.PER,
        abbreviations=(*_STREETS, *abbreviations(words.ALWAYS, words.BEFORE_NAMES, words.ENDING)),
        ordinals=_ORDINALS, romans=_ROMANS, phone=words.PHONE, codes=words.CODES, spelled=words.SPELLED,
        hour="Uhr", numbered=words.NUMBERED, dotted_dates=True, before=_HALVES,
    )  # fmt: skip


def _ending(before: str, alone: str = "er") -> str:
    """Of an ordinal behind this text: "am vierzehnten", "der vierzehnte", "vierzehnter"."""
    if _BEFORE_EN.search(before):
        return "en"
    return "e" if _BEFORE_E.search(before) else alone


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    spoken = f"{ordinal(day, _ending(before))} {words.MONTHS[month - 1]}"
    return spoken + (f" {year(in_year)}" if in_year else "")


def _clock(hour: int, minute: int | None, half: str, named: bool) -> str:
    """ "vierzehn Uhr dreißig", "ein Uhr"."""
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return f"{cardinal(hour, 'n')} Uhr" + (f" {cardinal(minute)}" if minute else "")


def _gender_of(noun: str) -> str:
    adjective = _ADJECTIVE.fullmatch(noun)
    if adjective:
        return "f" if adjective[1] == "e" else "n"
    if not noun[:1].isupper() or len(noun) == 1:
        return ""
    return "f" if _FEMININE.search(noun) and noun not in _MASCULINE_IN_E else "n"


def _floor(found: re.Match[str]) -> str:
    """Without an article the ordinal shows the gender: "zweiter Stock", "zweites OG"."""
    alone = "er" if found[2] in _MASCULINE_COUNTED else "e" if _gender_of(found[2]) == "f" else "es"
    return ordinal(int(found[1]), _ending(found.string[: found.start()], alone))


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(int(found[1]), _ending(found.string[: found.start()], "e"))


def _asks_for_ordinal(before: str) -> bool:
    return bool(_BEFORE_EN.search(before) or _BEFORE_E.search(before))


def _suffixed(found: re.Match[str]) -> str:
    """ "3te", "20sten": the ending is written."""
    end = found[0].rstrip("-")[-1]
    return ordinal(int(found[1]), {"n": "en", "r": "er", "s": "es", "m": "em"}.get(end, "e"))


def _list(found: re.Match[str]) -> str:
    """ "der 1., 2. und 3. Versuch": all end as the first does."""
    end = _ending(found.string[: found.start()], "e")
    return re.sub(r"(\d{1,3})\.", lambda number: ordinal(int(number[1]), end), found[0])


# Of what a caller hears numbered; the full stop behind any other number may end a sentence.
_MASCULINE_COUNTED: Final = (
    "Stock", "Platz", "Tag", "Versuch", "Termin", "Monat", "Teil", "Weltkrieg", "Gang", "Schritt", "Anruf",
)  # fmt: skip
_COUNTED: Final = (
    *_MASCULINE_COUNTED, "Etage", "Klasse", "Tür", "Reihe", "Mahnung", "Person", "Seite", "Stelle", "Runde",
    "Woche", "Ebene", "Hälfte", "Jahrhundert", "Mal", "OG", "UG", "Quartal", "Kapitel", "Obergeschoss",
    "Untergeschoss",
)  # fmt: skip
_ORDINALS: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            r"(?<![\w.,])\d{1,3}\.(?:,\s\d{1,3}\.)*\s(?:und|oder|bis|bzw\.)\s\d{1,3}\.(?=\s+[A-ZÄÖÜ]|[,;])"
        ),
        _list,
    ),
    # A full stop makes an ordinal only where an article or a preposition asks for one.
    (
        re.compile(r"(?<=\s)(?<![\w.,])(\d{1,3})\.(?=[,;]|\s+[^\W\d_])"),
        lambda found: _ordinal(found) if _asks_for_ordinal(found.string[: found.start()]) else found[0],
    ),
    (
        re.compile(rf"(?<![\w.,])(\d{{1,3}})\.(?=\s+({'|'.join(_COUNTED)})\b)"),
        _floor,
    ),
    (re.compile(r"(?<![\w.,])(\d{1,3})-?(?:te[nrsm]?|ste[nrsm]?)(?!\w)"), _suffixed),
)


_ROMANS: Final[tuple[Rule, ...]] = (
    roman_rule(
        rf"\b({'|'.join(_KINGS)}) ([IVX]+)(?:\.|\b)",
        lambda name, value: f"{name} der {_capital(ordinal(value))}",
    ),
    roman_rule(
        rf"\b({'|'.join(_QUEENS)}) ([IVX]+)(?:\.|\b)",
        lambda name, value: f"{name} die {_capital(ordinal(value))}",
    ),
    roman_rule(r"\b(Kapitel|Band|Teil|Akt) ([IVX]+)\b", lambda name, value: f"{name} {cardinal(value)}"),
)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


_STREETS: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<=[a-zäöüß])str\.(?=\s*\d|\s|,|$)"), "straße"),
    (re.compile(r"(?<=-)Str\.(?=\s*\d|\s|,|$)"), "Straße"),
    (re.compile(r"(?<=\w )Str\.(?=\s*\d)"), "Straße"),
)
_DATIVE: Final = r"[Mm]it|[Nn]ach|[Ii]n|[Bb]ei|[Vv]on|[Zz]u|[Vv]or|[Ss]eit|[Aa]us|[Aa]b|[Bb]innen"
_HALF: Final = {
    "Liter": "ein halber", "Stunde": "eine halbe", "Kilo": "ein halbes", "Pfund": "ein halbes",
    "Jahr": "ein halbes", "Tag": "ein halber", "Tablette": "eine halbe",
}  # fmt: skip


def _one_of(found: re.Match[str]) -> str:
    return f"{found[1]} {'einer' if _gender_of(found[2]) == 'f' else 'einem'}"


_HALVES: Final[tuple[Rule, ...]] = (
    (re.compile(rf"\b({_DATIVE})\s1(?=\s([A-ZÄÖÜ][a-zäöüß]{{2,}})\b(?!\.|\s*\d))(?!\sUhr\b)"), _one_of),
    (
        re.compile(r"(?<![\w.,])(\d{1,2})\s?x(?=\s[a-zäöü])"),
        lambda found: f"{cardinal(int(found[1]), 'm')}mal",
    ),
    (re.compile(r"§§\s?"), "Paragrafen "),
    (re.compile(r"§\s?"), "Paragraf "),
    (re.compile(r"(?<!\w)'?(\d0)er(n?)(?!\w)"), lambda found: f"{cardinal(int(found[1]))}er{found[2]}"),
    (re.compile(r"(\d:[0-5]\d)\s?h(?!\w)"), r"\1 Uhr"),
    (
        re.compile(rf"(?<![\w/.,])(?<!\d )1/2(?= ({'|'.join(_HALF)})\b)"),
        lambda found: _HALF[found[1]],
    ),
    (re.compile(r"(?<![\w/.,])1[ ]1/2(?![\w/])"), "eineinhalb"),
    (re.compile(r"(?<![\w/.,])2[ ]1/2(?![\w/])"), "zweieinhalb"),
)
