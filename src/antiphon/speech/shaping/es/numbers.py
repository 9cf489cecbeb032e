"""Spanish numbers in words. Gender matters: un euro, una libra, doscientas personas, veintiún días."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (
    "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce",
    "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno",
    "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho",
    "veintinueve",
)  # fmt: skip
_TENS: Final = ("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
_HUNDREDS: Final = (
    "", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos",
    "ochocientos", "novecientos",
)  # fmt: skip
_ORDINALS: Final = (
    "", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo",
    "undécimo", "duodécimo", "decimotercero", "decimocuarto", "decimoquinto", "decimosexto", "decimoséptimo",
    "decimoctavo", "decimonoveno",
)  # fmt: skip
_ORDINAL_TENS: Final = (
    "", "", "vigésimo", "trigésimo", "cuadragésimo", "quincuagésimo", "sexagésimo", "septuagésimo",
    "octogésimo", "nonagésimo",
)  # fmt: skip
# Long scale: a billón is a million millions.
_SCALES: Final = ((10**12, "billón", "billones"), (10**6, "millón", "millones"))


def cardinal(number: int, gender: str = "") -> str:
    """Words of a number; gender "m" or "f" is that of the noun behind it, "" is counting ("veintiuno")."""
    if number < 0:
        return "menos " + cardinal(-number, gender)
    for size, one, many in _SCALES:
        if number >= size:
            count, rest = divmod(number, size)
            head = f"un {one}" if count == 1 else f"{cardinal(count, 'm')} {many}"
            return head + (f" {cardinal(rest, gender)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest, gender)
    # "doscientas mil libras", but "veintiún mil libras".
    head = _below_thousand(thousands, gender or "m") if thousands > 1 else ""
    if head.endswith("una"):
        head = _below_thousand(thousands, "m")
    return f"{head} mil".strip() + (f" {_below_thousand(rest, gender)}" if rest else "")


def _below_thousand(number: int, gender: str) -> str:
    if number == 100:
        return "cien"
    hundreds, rest = divmod(number, 100)
    words = []
    if hundreds:
        name = _HUNDREDS[hundreds]
        words.append(name[:-2] + "as" if gender == "f" and hundreds > 1 else name)
    if rest or not hundreds:
        words.append(_below_hundred(rest, gender))
    return " ".join(words)


def _below_hundred(number: int, gender: str) -> str:
    if number < 30:
        words = _UNITS[number]
    else:
        tens, unit = divmod(number, 10)
        words = _TENS[tens] + (f" y {_UNITS[unit]}" if unit else "")
    if not words.endswith("uno") or not gender:
        return words
    if gender == "f":
        return words[:-1] + "a"
    return words[:-3] + "ún" if words == "veintiuno" else words[:-1]


def ordinal(number: int, gender: str = "m") -> str:
    """ "vigésimo primero"; from 100 on people say the cardinal."""
    if number == 100:
        words = "centésimo"
    elif not 0 < number < 100:
        return cardinal(number)
    elif number < 20:
        words = _ORDINALS[number]
    else:
        tens, unit = divmod(number, 10)
        words = _ORDINAL_TENS[tens] + (f" {_ORDINALS[unit]}" if unit else "")
    return " ".join(word[:-1] + "a" for word in words.split()) if gender == "f" else words


def shortened(words: str) -> str:
    """ "primer", "tercer": the form before a masculine noun."""
    return words[:-1] if words.endswith(("primero", "tercero")) else words
