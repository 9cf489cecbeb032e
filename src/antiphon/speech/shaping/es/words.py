"""What Spanish says for signs, units, currencies and abbreviations."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.locale import Currency, Noun

MONTHS: Final = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
    "noviembre", "diciembre",
)  # fmt: skip
MONTH_PATTERN: Final = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre"
    r"|ene|feb|mar|abr|may|jun|jul|ago|sept|sep|oct|nov|dic)\b\.?"
)
WEEKDAYS: Final = {
    "lun": "lunes", "mar": "martes", "mié": "miércoles", "mie": "miércoles", "jue": "jueves",
    "vie": "viernes", "sáb": "sábado", "sab": "sábado", "dom": "domingo",
}  # fmt: skip
ADDRESS: Final = {
    "@": "arroba", ".": "punto", "-": "guion", "_": "guion bajo", "/": "barra", "+": "más", "?":
    "interrogación", "=": "igual", "&": "y", "#": "almohadilla", ":": "dos puntos", "%": "por ciento",
    "~": "virgulilla",
}  # fmt: skip
_CENTS: Final = Noun(one="céntimo", many="céntimos")
_CENTAVOS: Final = Noun(one="centavo", many="centavos")
_EURO: Final = Currency(unit=Noun(one="euro", many="euros"), cent=_CENTS)
_DOLLAR: Final = Currency(unit=Noun(one="dólar", many="dólares"), cent=_CENTAVOS)
_POUND: Final = Currency(
    unit=Noun(one="libra", many="libras", gender="f"), cent=Noun(one="penique", many="peniques")
)
PESO: Final = Currency(unit=Noun(one="peso", many="pesos"), cent=_CENTAVOS)
CURRENCIES: Final = {
    "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": _POUND, "GBP": _POUND,
    "MXN": PESO, "COP": PESO, "ARS": PESO,
    "CHF": Currency(unit=Noun(one="franco", many="francos"), cent=_CENTS),
}  # fmt: skip
LARGE: Final = {
    "millón": ("millón", "millones"), "millones": ("millón", "millones"), "M": ("millón", "millones"),
    "mill.": ("millón", "millones"),
}  # fmt: skip


def _m(one: str, many: str) -> Noun:
    return Noun(one=one, many=many)


def _f(one: str, many: str) -> Noun:
    return Noun(one=one, many=many, gender="f")


UNITS: Final = {
    "mg": _m("miligramo", "miligramos"), "g": _m("gramo", "gramos"), "kg": _m("kilo", "kilos"),
    "µg": _m("microgramo", "microgramos"), "t": _f("tonelada", "toneladas"),
    "ml": _m("mililitro", "mililitros"), "cl": _m("centilitro", "centilitros"),
    "l": _m("litro", "litros"), "L": _m("litro", "litros"),
    "mm": _m("milímetro", "milímetros"), "cm": _m("centímetro", "centímetros"), "m": _m("metro", "metros"),
    "km": _m("kilómetro", "kilómetros"), "m2": _m("metro cuadrado", "metros cuadrados"),
    "m3": _m("metro cúbico", "metros cúbicos"), "km/h": _m("kilómetro por hora", "kilómetros por hora"),
    "h": _f("hora", "horas"), "hs": _f("hora", "horas"), "min": _m("minuto", "minutos"),
    "s": _m("segundo", "segundos"), "seg": _m("segundo", "segundos"), "ms": _m("milisegundo", "milisegundos"),
    "°C": _m("grado Celsius", "grados Celsius"), "° C": _m("grado Celsius", "grados Celsius"),
    "ºC": _m("grado Celsius", "grados Celsius"), "°F": _m("grado Fahrenheit", "grados Fahrenheit"),
    "°": _m("grado", "grados"), "GB": _m("gigabyte", "gigabytes"), "MB": _m("megabyte", "megabytes"),
    "TB": _m("terabyte", "terabytes"), "Hz": _m("hercio", "hercios"), "kHz": _m("kilohercio", "kilohercios"),
    "kW": _m("kilovatio", "kilovatios"), "kWh": _m("kilovatio hora", "kilovatios hora"),
    "W": _m("vatio", "vatios"), "ft": _m("pie", "pies"), "lb": _f("libra", "libras"),
    "mmHg": _m("milímetro de mercurio", "milímetros de mercurio"),
}  # fmt: skip
PER: Final = {
    "h": "por hora", "hora": "por hora", "día": "al día", "mes": "al mes", "año": "al año",
    "noche": "por noche", "persona": "por persona", "semana": "por semana", "kg": "por kilo",
    "l": "por litro", "ml": "por mililitro", "m2": "por metro cuadrado",
}  # fmt: skip
FRACTIONS: Final = {
    "1/2": "medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos",
    "1/5": "un quinto", "1/8": "un octavo",
}  # fmt: skip
ALWAYS: Final = {
    "p. ej.": "por ejemplo", "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "Uds.": "ustedes",
    "Ud.": "usted", "Vd.": "usted", "Vds.": "ustedes", "tel.": "teléfono", "Tel.": "Teléfono",
    "tfno.": "teléfono", "avda.": "avenida", "Avda.": "Avenida", "Av.": "Avenida", "av.": "avenida",
    "pza.": "plaza", "Pza.": "Plaza", "Pl.": "Plaza", "n.º": "número", "N.º": "Número", "nº": "número",
    "Nº": "Número", "núm.": "número", "pág.": "página", "págs.": "páginas", "aprox.": "aproximadamente",
    "incl.": "incluido",
    "máx.": "máximo", "mín.": "mínimo", "a. C.": "antes de Cristo", "d. C.": "después de Cristo",
    "depto.": "departamento", "dpto.": "departamento", "dcha.": "derecha", "izda.": "izquierda",
    "dto.": "descuento", "Tfno.": "Teléfono", "ext.": "extensión",
    "Ext.": "Extensión", "cap.": "capítulo", "Cap.": "Capítulo", "T.ª": "temperatura",
    "admón.": "administración", "atte.": "atentamente", "c/": "calle ", "C/": "calle ",
}  # fmt: skip
BEFORE_NAMES: Final = {
    "Sr.": "Señor", "Sra.": "Señora", "Srta.": "Señorita", "Sres.": "Señores", "Dr.": "Doctor",
    "Dra.": "Doctora", "D.": "Don", "D.ª": "Doña", "Dña.": "Doña", "Prof.": "Profesor",
    "Profa.": "Profesora", "Ing.": "Ingeniero", "Lic.": "Licenciado", "Sto.": "Santo", "Sta.": "Santa",
    "sr.": "señor", "sra.": "señora", "dr.": "doctor", "dra.": "doctora", "Gral.": "General",
}  # fmt: skip
ENDING: Final = {"etc.": "etcétera", "Cía.": "Compañía"}
SPELLED: Final = frozenset(("DNI", "NIE", "NIF", "CIF", "ITV", "ADN", "IRPF", "UE", "IA", "ID", "AEAT"))
PHONE: Final = (
    # Spain: nine digits from 6 to 9; Mexico and others: ten digits in groups.
    re.compile(
        r"(?<![\w.,+-])[6-9]\d{2}(?:[ .-]?\d{3}[ .-]?\d{3}|[ .-]?\d{2}[ .-]?\d{2}[ .-]?\d{2})(?![\w-]|[.,]\d)"
    ),
    re.compile(r"(?<![\w.,+-])9\d[ .-]\d{3}[ .-]\d{2}[ .-]\d{2}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,+-])\(?\d{2,3}\)?[ -]\d{3,4}[ -]\d{4}(?![\w-]|[.,]\d)"),
    re.compile(r"(?<![\w.,/:€$-])(?:112|091|061|062|080|016|010|012|024|911)(?![\w%/:-]|[.,]\d| ?[€$%])"),
)
CODES: Final = (re.compile(r"(?<![\w-])\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}(?![\w-])"),)
NUMBERED: Final = (
    r"código|clave|pin|referencia|reserva|pedido|expediente|póliza|cuenta|localizador|terminada en"
    r"|habitación|sala|puerta|planta|página|línea|puerto|autobús|número|capítulo|aula|box|paso|opción|andén"
)
