"""What French says for signs, units, currencies and abbreviations."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.locale import Currency, Noun

MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
    "novembre", "décembre",
)  # fmt: skip
MONTH_PATTERN: Final = (
    r"(?:janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|décembre"
    r"|decembre|janv|jan|févr|fév|avr|juil|sept|oct|nov|déc)\b\.?"
)
WEEKDAYS: Final = {
    "lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi",
    "dim": "dimanche",
}  # fmt: skip
ADDRESS: Final = {
    "@": "arobase", ".": "point", "-": "tiret", "_": "tiret bas", "/": "slash", "+": "plus",
    "?": "point d'interrogation", "=": "égal", "&": "et", "#": "dièse", ":": "deux points",
    "%": "pour cent", "~": "tilde",
}  # fmt: skip
_CENTS: Final = Noun(one="centime", many="centimes")
_EURO: Final = Currency(unit=Noun(one="euro", many="euros"), cent=_CENTS)
_DOLLAR: Final = Currency(unit=Noun(one="dollar", many="dollars"), cent=Noun(one="cent", many="cents"))
_POUND: Final = Currency(
    unit=Noun(one="livre", many="livres", gender="f"), cent=Noun(one="penny", many="pence")
)
_FRANC: Final = Currency(unit=Noun(one="franc", many="francs"), cent=_CENTS)
CURRENCIES: Final = {
    "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "USD": _DOLLAR, "CAD": _DOLLAR, "£": _POUND, "GBP": _POUND,
    "CHF": _FRANC, "Fr.": _FRANC,
}  # fmt: skip
LARGE: Final = {
    "million": ("million", "millions"), "millions": ("million", "millions"), "M": ("million", "millions"),
    "milliard": ("milliard", "milliards"), "milliards": ("milliard", "milliards"),
    "Md": ("milliard", "milliards"), "Mds": ("milliard", "milliards"),
}  # fmt: skip


def _m(one: str, many: str) -> Noun:
    return Noun(one=one, many=many)


def _f(one: str, many: str) -> Noun:
    return Noun(one=one, many=many, gender="f")


UNITS: Final = {
    "mg": _m("milligramme", "milligrammes"), "g": _m("gramme", "grammes"), "kg": _m("kilo", "kilos"),
    "µg": _m("microgramme", "microgrammes"), "t": _f("tonne", "tonnes"),
    "ml": _m("millilitre", "millilitres"), "mL": _m("millilitre", "millilitres"),
    "cl": _m("centilitre", "centilitres"), "l": _m("litre", "litres"), "L": _m("litre", "litres"),
    "mm": _m("millimètre", "millimètres"), "cm": _m("centimètre", "centimètres"), "m": _m("mètre", "mètres"),
    "km": _m("kilomètre", "kilomètres"), "m2": _m("mètre carré", "mètres carrés"),
    "m3": _m("mètre cube", "mètres cubes"), "km/h": _m("kilomètre à l'heure", "kilomètres à l'heure"),
    "h": _f("heure", "heures"), "j": _m("jour", "jours"), "min": _f("minute", "minutes"),
    "mn": _f("minute", "minutes"),
    "s": _f("seconde", "secondes"), "sec": _f("seconde", "secondes"),
    "ms": _f("milliseconde", "millisecondes"), "°C": _m("degré Celsius", "degrés Celsius"),
    "° C": _m("degré Celsius", "degrés Celsius"), "°F": _m("degré Fahrenheit", "degrés Fahrenheit"),
    "°": _m("degré", "degrés"), "Go": _m("gigaoctet", "gigaoctets"), "Mo": _m("mégaoctet", "mégaoctets"),
    "To": _m("téraoctet", "téraoctets"), "GB": _m("gigaoctet", "gigaoctets"), "Hz": _m("hertz", "hertz"),
    "kHz": _m("kilohertz", "kilohertz"), "W": _m("watt", "watts"), "kW": _m("kilowatt", "kilowatts"),
    "kWh": _m("kilowattheure", "kilowattheures"), "ft": _m("pied", "pieds"),
}  # fmt: skip
PER: Final = {
    "h": "de l'heure", "heure": "de l'heure", "jour": "par jour", "j": "par jour", "mois": "par mois",
    "an": "par an", "nuit": "par nuit", "pers.": "par personne", "personne": "par personne",
    "semaine": "par semaine", "kg": "par kilo", "l": "par litre", "ml": "par millilitre",
    "m2": "par mètre carré",
}  # fmt: skip
FRACTIONS: Final = {
    "1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts",
    "1/5": "un cinquième", "1/8": "un huitième",
}  # fmt: skip
ALWAYS: Final = {
    "p. ex.": "par exemple", "ex.": "exemple", "c.-à-d.": "c'est-à-dire", "av. J.-C.": "avant Jésus-Christ",
    "apr. J.-C.": "après Jésus-Christ", "bd": "boulevard", "Bd": "Boulevard", "bd.": "boulevard",
    "boul.": "boulevard", "tél.": "téléphone", "Tél.": "Téléphone", "n°": "numéro", "N°": "Numéro",
    "nº": "numéro", "env.": "environ", "max.": "maximum", "min.": "minimum", "appt.": "appartement",
    "appt": "appartement", "RDV": "rendez-vous", "rdv": "rendez-vous", "SVP": "s'il vous plaît",
    "svp": "s'il vous plaît", "s.v.p.": "s'il vous plaît", "vs": "versus", "réf.": "référence",
    "Réf.": "Référence", "Mme": "Madame", "Mmes": "Mesdames", "Mlle": "Mademoiselle", "qqch.":
    "quelque chose", "cf.": "confer", "dép.": "département", "bât.": "bâtiment", "Cie": "Compagnie",
    "S.V.P.": "s'il vous plaît", "Bât.": "Bâtiment", "arr.": "arrondissement", "chap.": "chapitre",
    "Chap.": "Chapitre", "éd.": "édition",
}  # fmt: skip
BEFORE_NAMES: Final = {
    "M.": "Monsieur", "MM.": "Messieurs", "Dr": "Docteur", "Dr.": "Docteur", "Pr": "Professeur",
    "Pr.": "Professeur", "Me": "Maître", "St": "Saint", "St.": "Saint", "Ste": "Sainte", "av.": "avenue",
    "Av.": "Avenue", "pl.": "place", "Mgr": "Monseigneur", "p.": "page",
}  # fmt: skip
ENDING: Final = {"etc.": "et cetera"}
SPELLED: Final = frozenset(
    ("TVA", "SNCF", "RATP", "IBAN", "UE", "USA", "CPAM", "EDF", "IRM", "ID", "IA", "ADN")
)
PHONE: Final = (
    re.compile(r"(?<![\w.,+-])0[1-9](?:[ .-]\d{2}){4}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,+-])0[1-9]\d{2} ?\d{2} ?\d{2} ?\d{2}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,+-])08\d{2} \d{3} \d{3}(?![\w-])"),
    re.compile(r"(?<![\w.,+-])\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?![\w-]|[.,]\d)"),
)
CODES: Final = (re.compile(r"(?<![\w-])[A-Z]{2}[ -]\d{3}[ -][A-Z]{2}(?![\w-])"),)
NUMBERED: Final = (
    r"code|pin|référence|commande|dossier|réservation|contrat|compte|client|finissant par"
    r"|chambre|salle|porte|étage|page|ligne|quai|bus|numéro|chapitre|option|étape|voie"
)
