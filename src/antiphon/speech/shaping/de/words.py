"""What German says for signs, units, currencies and abbreviations."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.locale import Currency, Noun

MONTHS: Final = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember",
)  # fmt: skip
MONTH_PATTERN: Final = (
    r"(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|Jan|Feb|Mär|Apr|Jun|Jul|Aug|Sept|Sep|Okt|Nov|Dez)\b\.?"
)
WEEKDAYS: Final = {
    "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag",
    "Sa": "Samstag", "So": "Sonntag",
}  # fmt: skip
ADDRESS: Final = {
    "@": "ät", ".": "Punkt", "-": "Bindestrich", "_": "Unterstrich", "/": "Schrägstrich", "+": "plus",
    "?": "Fragezeichen", "=": "gleich", "&": "und", "#": "Raute", ":": "Doppelpunkt", "%": "Prozent",
    "~": "Tilde",
}  # fmt: skip


def _m(one: str, many: str) -> Noun:
    return Noun(one=one, many=many)


def _f(one: str, many: str) -> Noun:
    return Noun(one=one, many=many, gender="f")


_EURO: Final = Currency(unit=_m("Euro", "Euro"), cent=_m("Cent", "Cent"))
_DOLLAR: Final = Currency(unit=_m("Dollar", "Dollar"), cent=_m("Cent", "Cent"))
_POUND: Final = Currency(unit=_m("Pfund", "Pfund"), cent=_m("Penny", "Pence"))
_FRANC: Final = Currency(unit=_m("Franken", "Franken"), cent=_m("Rappen", "Rappen"))
CURRENCIES: Final = {
    "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "USD": _DOLLAR, "£": _POUND, "GBP": _POUND, "CHF": _FRANC,
    "Fr.": _FRANC,
}  # fmt: skip
LARGE: Final = {
    "Million": ("Million", "Millionen"), "Millionen": ("Million", "Millionen"),
    "Mio": ("Million", "Millionen"), "Milliarde": ("Milliarde", "Milliarden"),
    "Milliarden": ("Milliarde", "Milliarden"), "Mrd": ("Milliarde", "Milliarden"),
}  # fmt: skip
UNITS: Final = {
    "mg": _m("Milligramm", "Milligramm"), "g": _m("Gramm", "Gramm"), "kg": _m("Kilogramm", "Kilogramm"),
    "µg": _m("Mikrogramm", "Mikrogramm"), "t": _f("Tonne", "Tonnen"), "ml": _m("Milliliter", "Milliliter"),
    "cl": _m("Zentiliter", "Zentiliter"), "l": _m("Liter", "Liter"), "L": _m("Liter", "Liter"),
    "mm": _m("Millimeter", "Millimeter"), "cm": _m("Zentimeter", "Zentimeter"), "m": _m("Meter", "Meter"),
    "km": _m("Kilometer", "Kilometer"), "m2": _m("Quadratmeter", "Quadratmeter"),
    "m3": _m("Kubikmeter", "Kubikmeter"), "qm": _m("Quadratmeter", "Quadratmeter"),
    "km/h": _m("Kilometer pro Stunde", "Kilometer pro Stunde"),
    "Std": _f("Stunde", "Stunden"), "Std.": _f("Stunde", "Stunden"), "Min.": _f("Minute", "Minuten"),
    "Sek.": _f("Sekunde", "Sekunden"), "h": _f("Stunde", "Stunden"), "Min": _f("Minute", "Minuten"),
    "min": _f("Minute", "Minuten"), "Sek": _f("Sekunde", "Sekunden"), "s": _f("Sekunde", "Sekunden"),
    "ms": _f("Millisekunde", "Millisekunden"), "°C": _m("Grad Celsius", "Grad Celsius"),
    "° C": _m("Grad Celsius", "Grad Celsius"), "°F": _m("Grad Fahrenheit", "Grad Fahrenheit"),
    "°": _m("Grad", "Grad"), "GB": _m("Gigabyte", "Gigabyte"), "MB": _m("Megabyte", "Megabyte"),
    "TB": _m("Terabyte", "Terabyte"), "Hz": _m("Hertz", "Hertz"), "kHz": _m("Kilohertz", "Kilohertz"),
    "W": _m("Watt", "Watt"), "kW": _m("Kilowatt", "Kilowatt"), "kWh": _f("Kilowattstunde", "Kilowattstunden"),
    "ft": _m("Fuß", "Fuß"), "PS": _m("P S", "P S"),
}  # fmt: skip
PER: Final = {
    "h": "pro Stunde", "Std.": "pro Stunde", "Stunde": "pro Stunde", "Tag": "pro Tag", "Monat": "pro Monat",
    "Jahr": "pro Jahr", "Nacht": "pro Nacht", "Person": "pro Person", "Woche": "pro Woche",
    "kg": "pro Kilogramm", "l": "pro Liter", "ml": "pro Milliliter", "m2": "pro Quadratmeter",
}  # fmt: skip
FRACTIONS: Final = {
    "1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel",
    "3/4": "drei Viertel", "1/5": "ein Fünftel", "1/8": "ein Achtel",
}  # fmt: skip
ALWAYS: Final = {
    "z. B.": "zum Beispiel", "Z. B.": "Zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem",
    "bzw.": "beziehungsweise", "ca.": "circa", "evtl.": "eventuell", "ggf.": "gegebenenfalls",
    "inkl.": "inklusive", "exkl.": "exklusive", "max.": "maximal", "min.": "mindestens", "vgl.": "vergleiche",
    "o. g.": "oben genannte", "s. o.": "siehe oben", "u. U.": "unter Umständen", "i. d. R.": "in der Regel",
    "m. E.": "meines Erachtens", "v. Chr.": "vor Christus", "n. Chr.": "nach Christus", "Tel.": "Telefon",
    "tel.": "telefonisch", "Nr.": "Nummer", "Nrn.": "Nummern", "Abs.": "Absatz", "geb.": "geboren",
    "Jh.": "Jahrhundert", "Hbf.": "Hauptbahnhof", "Hbf": "Hauptbahnhof", "zzgl.": "zuzüglich",
    "abzgl.": "abzüglich", "MwSt.": "Mehrwertsteuer", "MwSt": "Mehrwertsteuer", "Hr.": "Herr",
    "Hrn.": "Herrn", "Fam.": "Familie", "tägl.": "täglich", "Whg.": "Wohnung", "Anm.": "Anmerkung",
    "Az.": "Aktenzeichen", "Kap.": "Kapitel", "Bd.": "Band", "zw.": "zwischen", "App.": "Apparat",
    "Durchw.": "Durchwahl", "GmbH": "G M B H", "zzt.": "zurzeit", "z. T.": "zum Teil",
    "z. Hd.": "zu Händen", "bes.": "besonders",
}  # fmt: skip
BEFORE_NAMES: Final = {
    "Dr.": "Doktor", "Prof.": "Professor", "Fr.": "Frau", "St.": "Sankt", "Str.": "Straße", "Dipl.-Ing.":
    "Diplom-Ingenieur", "Ing.": "Ingenieur", "Art.": "Artikel", "S.": "Seite",
}  # fmt: skip
ENDING: Final = {
    "usw.": "und so weiter",
    "etc.": "et cetera",
    "u. Ä.": "und Ähnliches",
    "o. Ä.": "oder Ähnliches",
}
SPELLED: Final = frozenset(
    (
        "AGB",
        "ADAC",
        "USA",
        "EU",
        "PLZ",
        "KFZ",
        "LKW",
        "PKW",
        "TÜV",
        "EDV",
        "IBAN",
        "ID",
        "KI",
        "EKG",
        "ICE",
        "AOK",
    )
)
PHONE: Final = (
    re.compile(r"(?<![\w.,+-])\(?0[1-9]\d{1,4}\)?(?: ?[/-] ?| )\d{2,4}(?:[ -]?\d{2,4}){1,3}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,+-])0[1-9]\d{7,11}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,/:€$-])(?:110|112|115|116 ?117|116 ?116)(?![\w%/:-]|[.,]\d| ?[€$%]| [A-Z])"),
)
CODES: Final = (re.compile(r"(?<![\w-])[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?\d{1,4}[EH]?(?![\w-])"),)
NUMBERED: Final = (
    r"code|pin|bestellnummer|kundennummer|vorgangsnummer|buchungscode|referenz|vertrag|konto|endet auf"
    r"|zimmer|raum|saal|tür|gleis|seite|linie|bus|nummer|kapitel|schritt|option|platz|tor|schalter|bestellung"
)
