"""Spanish of Spain and of Latin America: what differs is the sign for decimals, the first of a month and a
currency."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from antiphon.speech.shaping.es import words
from antiphon.speech.shaping.es.numbers import cardinal, ordinal, shortened
from antiphon.speech.shaping.reading import Locale
from antiphon.speech.shaping.reading import speakable as read
from antiphon.speech.shaping.reading.letters import abbreviations, roman_rule
from antiphon.speech.shaping.reading.locale import Noun, Rule, Signs

# Regions that write 1,234.56; elsewhere it is 1.234,56.
_POINT_REGIONS: Final = frozenset(("MX", "US", "GT", "HN", "NI", "SV", "PA", "PR", "DO"))
_NOT_COUNTED: Final = frozenset((
    "de", "del", "y", "o", "u", "a", "al", "en", "por", "con", "para", "es", "son", "que", "más", "menos",
    "punto", "coma", "euro", "el", "la", "los", "las", "se", "no", "ni", "si", "como", "mil", "hasta", "está",
    "está", "tiene", "desde", "entre", "sobre", "sin", "ha", "fue", "era",
))  # fmt: skip
_MASCULINE_IN_A: Final = frozenset((
    "día", "días", "mapa", "mapas", "problema", "problemas", "programa", "programas", "sistema", "sistemas",
    "tema", "temas", "idioma", "idiomas", "planeta", "planetas", "poema", "poemas", "clima", "gramas",
))  # fmt: skip
_FEMININE: Final = re.compile(
    r"(?:as?|ci[oó]n(?:es)?|si[oó]n(?:es)?|dad(?:es)?|tud(?:es)?|noches?|veces|vez|llaves?|clases?|calles?|tardes?|mujer(?:es)?)$"
)
_QUEENS: Final = ("Isabel", "Juana", "María", "Catalina", "Margarita", "Cristina", "Victoria")
_KINGS: Final = (
    "Felipe", "Alfonso", "Carlos", "Fernando", "Enrique", "Luis", "Juan", "Pío", "Benedicto", "Pablo",
    "Jaime", "Pedro", "Sancho", "Francisco", "León", "Guillermo", "Eduardo", "Jorge", "Ricardo", "Napoleón",
)  # fmt: skip


def speakable(text: str, region: str = "ES") -> str:
    return read(text, _locale(region))


@lru_cache(maxsize=32)
def _locale(region: str) -> Locale:
    point = region in _POINT_REGIONS
    currencies = {
        **words.CURRENCIES,
        **({"$": words.PESO} if region in ("MX", "AR", "CL", "CO", "UY") else {}),
    }
    return Locale(
        signs=Signs(
            minus="menos", plus="más", point="punto" if point else "coma", to="a", conjunction="y",
            over="barra" if region == "ES" else "sobre", number="número", cents="con", mixed="y", or_="o",
            times="por", ratio="a", equals="igual a", address=words.ADDRESS, of="de",
            percent=Noun(one="por ciento", many="por ciento", gender=""),
        ),
        decimal="." if point else ",", thousands="," if point else ".",
        cardinal=cardinal, year=cardinal, clock=_clock, gender_of=_gender_of,
        date=_date_in_spain if region == "ES" else _date_in_america,
        months=words.MONTHS, month_pattern=words.MONTH_PATTERN, weekdays=words.WEEKDAYS,
        currencies=currencies, units=words.UNITS, fractions=words.FRACTIONS, large=words.LARGE,
        per=words.PER, abbreviations=abbreviations(words.ALWAYS, words.BEFORE_NAMES, words.ENDING),
        ordinals=_ORDINALS, romans=_ROMANS, phone=words.PHONE, codes=words.CODES, spelled=words.SPELLED,
        hour=r"(?:horas|hrs|hs|h)", numbered=words.NUMBERED, decimals_as_number=True, pairs=True,
        before=_HOURS,
    )  # fmt: skip


def _date_in_spain(day: int, month: int, year: int | None, before: str) -> str:
    return _date(cardinal(day), month, year)


def _date_in_america(day: int, month: int, year: int | None, before: str) -> str:
    return _date("primero" if day == 1 else cardinal(day), month, year)


def _date(day: str, month: int, year: int | None) -> str:
    return f"{day} de {words.MONTHS[month - 1]}" + (f" de {cardinal(year)}" if year else "")


def _clock(hour: int, minute: int | None, half: str, named: bool) -> str:
    """ "nueve y media de la mañana", "catorce treinta", "una", "veintiuna horas"."""
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
        return _minutes(cardinal(hour % 12 or 12, "f"), minute) + _part_of_day(hour)
    spoken = cardinal(hour, "f")
    if hour <= 12 and hour:
        return _minutes(spoken, minute) if not named or minute else f"{spoken} hora{'s' if hour > 1 else ''}"
    return f"{spoken} {cardinal(minute)}" if minute else f"{spoken} horas"


def _minutes(hour: str, minute: int | None) -> str:
    if not minute:
        return hour
    named = {15: "cuarto", 30: "media"}.get(minute)
    return f"{hour} y {named or cardinal(minute)}"


def _part_of_day(hour: int) -> str:
    if hour == 12:
        return " del mediodía"
    if hour == 0 or hour >= 20:
        return " de la noche"
    return " de la madrugada" if hour < 6 else " de la mañana" if hour < 12 else " de la tarde"


def _gender_of(noun: str) -> str:
    if noun.lower() in _NOT_COUNTED or noun[:1].isupper():
        return ""
    return "f" if _FEMININE.search(noun) and noun not in _MASCULINE_IN_A else "m"


def _ordinal(found: re.Match[str]) -> str:
    number, sign = int(found[1]), found[2]
    if sign in ("ª", "a"):
        return ordinal(number, "f")
    words_of = ordinal(number)
    return shortened(words_of) if sign == "er" else words_of


_ORDINALS: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<![\w.,])(\d{1,3})\.?(º|ª|°)(?!\w|C|F)"), _ordinal),
    (re.compile(r"(?<![\w.,])(\d{1,2})\.?(er)(?!\w)"), _ordinal),
    (re.compile(r"(?<![\w.,])(\d{1,3})\.?([oa])(?!\w)"), _ordinal),
)
_ROMANS: Final[tuple[Rule, ...]] = (
    roman_rule(r"\b([Ss]iglo) ([IVX]+)\b", lambda name, value: f"{name} {_century(value)}"),
    roman_rule(rf"\b({'|'.join(_KINGS)}) ([IVX]+)\b", lambda name, value: f"{name} {_of_reign(value, 'm')}"),
    roman_rule(rf"\b({'|'.join(_QUEENS)}) ([IVX]+)\b", lambda name, value: f"{name} {_of_reign(value, 'f')}"),
    roman_rule(
        r"\b([Cc]apítulo|[Tt]omo|[Vv]olumen|[Aa]cto) ([IVX]+)\b",
        lambda name, value: f"{name} {cardinal(value)}",
    ),
)
_LAST_DAYS: Final = {"J": "jueves", "V": "viernes", "S": "sábado", "D": "domingo"}
# "a la 1", "a las 21": hours are feminine even without a sign.
_HOURS: Final[tuple[Rule, ...]] = (
    # "c/8 h" is no street; "L-V" are days.
    (re.compile(r"\bc/\s?(?=\d+\s?(?:h|hs|horas?|d[ií]as?|semanas?|meses|min)\b)"), "cada "),
    (
        re.compile(r"(?<![\w-])L\s?[-–a]\s?([JVSD])(?=,?\s+(?:de\s)?\d)"),
        lambda found: f"lunes a {_LAST_DAYS[found[1]]}",
    ),
    (re.compile(r"(?<=[nN]º)(?=\d)|(?<=\dº)(?=[A-BD-EG-Z]\b)"), " "),
    (re.compile(r"(?<![\w/.,])3/4(?= partes\b)"), "tres cuartas"),
    (re.compile(r"(?<![\w/.,])2/3(?= partes\b)"), "dos terceras"),
    (
        re.compile(r"(?<=\ba la )1(?![\w:.,])|(?<=\ba las )(?:2?1)(?![\w:.,])(?! (?:personas|h\b))"),
        lambda found: cardinal(int(found[0]), "f"),
    ),
)


def _century(value: int) -> str:
    return ordinal(value) if value <= 10 else cardinal(value)


def _of_reign(value: int, gender: str) -> str:
    return ordinal(value, gender) if value <= 10 else cardinal(value)
