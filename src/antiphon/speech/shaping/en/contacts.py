"""E-mail addresses, web addresses, telephone numbers and codes: read so that someone can write them down."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import DIGIT, cardinal, digits
from antiphon.speech.shaping.reading.accounts import IBAN, account
from antiphon.speech.shaping.reading.locale import paced

_EMAIL: Final = re.compile(r"\b([A-Za-z0-9][\w.+-]*)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
_TOP_LEVEL: Final = "com|org|net|edu|gov|info|io|co|us|uk|ca|de|health|clinic|care|app|dev|ai|me|biz|bank"
_WEB: Final = re.compile(
    rf"\b(?:https?://(?:www\.)?|www\.)([^\s<>()\"']+)|\b((?:[A-Za-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?:/[^\s<>()\"']*)?)(?!\w)",
    re.IGNORECASE,
)
# Nothing else begins an address or ends its first part.
_ADDRESSED: Final = re.compile(r"@|://|\.\S")
_SIGNS: Final = {
    "x": "X",  # Small and alone it would be taken for "times".
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "+": "plus", "?": "question mark",
    "=": "equals",
    "&": "and", "#": "hash", ":": "colon", "%": "percent", "~": "tilde", "@": "at",
}  # fmt: skip
# Emergency and service numbers of the North American plan are always read digit by digit.
_SERVICE: Final = re.compile(r"(?<![\w$.,:/-])(211|311|411|511|611|711|811|911|988)(?![\w%:/-]|[.,]\d)")
_NORTH_AMERICAN: Final = re.compile(
    r"(?<![\w.$])(?:(\+?1)[-. ]*)?(?:\((\d{3})\)[-. ]*|(\d{3})[-. ])(\d{3})[-. ](\d{4})(?![\w-]|\.\d)"
    r"(?:,?\s*(?:ext\.?|extension|x)\s*(\d{1,6}))?",
    re.IGNORECASE,
)
_BARE_TEN: Final = re.compile(r"(?<![\w.$,+-])\+?(1?)([2-9]\d{2})(\d{3})(\d{4})(?![\w-]|[.,]\d)")
_LOCAL_SEVEN: Final = re.compile(r"(?<![\w.$-])([2-9]\d{2})-(\d{4})(?![\w-])")
_INTERNATIONAL: Final = re.compile(r"(?<!\w)\+(\d{1,3}(?:[-. ]\(?\d{1,5}\)?){2,6}|\d{8,15})(?![\w-])")
_EXTENSION: Final = re.compile(r"\b(?:ext\.|ext|extension)\s*(\d{1,6})\b", re.IGNORECASE)
# Cards and accounts: an amount has commas between its groups.
_IN_GROUPS: Final = re.compile(r"(?<![\w$€£.,+-])\d{3,}(?:[ -]\d{3,}){2,}(?![\w-]|[.,]\d)(?!\s?[%$€£])")
_VANITY: Final = re.compile(r"(?<![\w-])1-(8\d\d|900)-([A-Z]{2,}(?:-[A-Z]{2,})*)(?![\w-])")
_REFERENCE: Final = re.compile(
    r"(?<![\w/])(?=[A-Z0-9/-]*\d)[A-Z]{1,6}\d*(?:/[A-Z\d]+)+(?:-[A-Z\d]+)*(?![\w/])"
)
_SOCIAL: Final = re.compile(r"(?<![\w-])(\d{3})-(\d{2})-(\d{4})(?![\w-])")
_DASHED_DIGITS: Final = re.compile(r"(?<![\w-])\d(?:-\d){2,}(?![\w-])")
_CODE: Final = re.compile(r"\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*\b(?!['’])")
# "4th", "10AM", "5K" and the like are not codes; other rules know them.
_NOT_A_CODE: Final = re.compile(
    r"\d+(?:ST|ND|RD|TH|AM|PM|A|P|K|M|B|MG|ML|KG|LB|LBS|OZ|CM|MM|KM|MPH|GB|MB|TB|F|C|S)"
)
# "COVID-19", "I-95", "9 AM-5": a word or a letter with a number behind it.
_LETTER_AND_NUMBER: Final = re.compile(r"([A-Z])([1-9]\d?)")
_NAMED: Final = re.compile(r"[A-Z]{4,}-?\d+$|[A-Z]-\d{1,3}$|[AP]M-\d")


def read(text: str) -> str:
    if _ADDRESSED.search(text):
        text = _EMAIL.sub(lambda found: f"{_address(found[1])} at {_address(found[2])}", text)
        text = _WEB.sub(_web, text)
    return _read_numbers(text) if DIGIT.search(text) else text


def _read_numbers(text: str) -> str:
    text = IBAN.sub(lambda found: account(found[0], digits), text)
    text = _VANITY.sub(_vanity, text)
    text = _REFERENCE.sub(_reference, text)
    text = _NORTH_AMERICAN.sub(_north_american, text)
    text = _BARE_TEN.sub(lambda found: _groups(*found.groups()), text)
    text = _INTERNATIONAL.sub(lambda found: "plus " + _groups(*re.findall(r"\d+", found[1])), text)
    text = _IN_GROUPS.sub(lambda found: _groups(*re.findall(r"\d+", found[0])), text)
    text = _EXTENSION.sub(lambda found: "extension " + digits(found[1]), text)
    text = _SOCIAL.sub(lambda found: _groups(*found.groups()), text)
    text = _DASHED_DIGITS.sub(lambda found: digits(found[0]), text)
    text = _LOCAL_SEVEN.sub(lambda found: _groups(*found.groups()), text)
    text = _SERVICE.sub(lambda found: digits(found[0]), text)
    return _CODE.sub(_code, text)


def _groups(*groups: str | None) -> str:
    """Digits in groups with a pause between, as people read telephone numbers."""
    return ", ".join(digits(group) for group in groups if group)


def _north_american(found: re.Match[str]) -> str:
    country, bracketed, plain, exchange, line, extension = found.groups()
    area = bracketed or plain
    toll_free = area[1:] == "00"
    spoken = [digits(country or ""), f"{cardinal(int(area[0]))} hundred" if toll_free else digits(area)]
    spoken += [digits(exchange), digits(line)]
    if extension:
        spoken.append("extension " + digits(extension))
    return ", ".join(part for part in spoken if part)


def _vanity(found: re.Match[str]) -> str:
    """ "1-800-FLOWERS" """
    area = f"{cardinal(int(found[1][0]))} hundred" if found[1][1:] == "00" else digits(found[1])
    return f"one, {area}, {found[2].replace('-', ' ').title()}"


def _reference(found: re.Match[str]) -> str:
    """ "GB/2026/42-A": its strokes are part of it."""
    parts = [
        " ".join(digits(sign) if sign.isdigit() else sign for sign in part)
        for part in re.split("[/-]", found[0])
    ]
    signs = ["slash" if sign == "/" else "dash" for sign in re.findall("[/-]", found[0])]
    return " ".join(f"{part} {sign}" for part, sign in zip(parts, [*signs, ""], strict=True)).strip()


def _web(found: re.Match[str]) -> str:
    address = found[1] or found[2]
    trailing = re.search(r"[.,;:?!/]*$", address)
    kept = address[: trailing.start()] if trailing else address
    punctuation = address[len(kept) :].replace("/", "")
    return _address(kept) + punctuation


def _address(written: str) -> str:
    parts = re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", written)
    return " ".join(
        _SIGNS.get(part, digits(part) if part.isascii() and part.isdigit() else part) for part in parts
    )


def _code(found: re.Match[str]) -> str:
    code = found[0]
    if _NOT_A_CODE.fullmatch(code) or _NAMED.match(code):
        return code
    vitamin = _LETTER_AND_NUMBER.fullmatch(code)
    if vitamin:
        return f"{vitamin[1]} {cardinal(int(vitamin[2]))}"
    groups = [paced([digits(char) if char.isdigit() else char for char in part]) for part in code.split("-")]
    return ", ".join(groups)
