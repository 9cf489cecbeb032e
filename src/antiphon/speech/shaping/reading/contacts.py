"""E-mail and web addresses, telephone numbers and codes: read so that someone can write them down."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.accounts import IBAN, account
from antiphon.speech.shaping.reading.locale import GUARD, Locale, paced

_EMAIL: Final = re.compile(r"(?<![\w.+-])([\w][\w.+-]*)@((?:[\w-]+\.)+[A-Za-z]{2,})\b", re.ASCII)
_TOP_LEVEL: Final = "com|org|net|edu|info|io|eu|es|mx|ar|fr|be|ch|de|at|cat|app|dev|bank|uk|ca"
_WEB: Final = re.compile(
    r"\b(?:https?://(?:www\.)?|www\.)([^\s<>()\"']+)"
    rf"|(?<![\w@.])((?:[A-Za-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?:/[^\s<>()\"']*)?)(?!\w)",
    re.IGNORECASE,
)
_INTERNATIONAL: Final = re.compile(r"(?<!\w)(?:\+|00(?=[1-9]))((?:\d[ ./()-]{0,2}){7,14}\d)(?![\w-])")
_CARD: Final = re.compile(r"(?<![\w.,+-])\d{4}(?:[ -]\d{4}){3}(?![\w-])")
_IN_GROUPS: Final = re.compile(r"(?<![\w.,/:+-])\d+(?: \d+){3,}(?![\w-]|[.,:/]\d| ?[€$£%])")
_DASHED_DIGITS: Final = re.compile(r"(?<![\w-])\d(?:-\d){2,}(?![\w-])")
_CODE: Final = re.compile(r"(?<![\w.-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*(?![\w])")
_NAMED: Final = re.compile(r"([A-Z]{4,})-?(\d{1,3})")
_LETTER_AND_NUMBER: Final = re.compile(r"([A-Z])-?([1-9]\d?)")


def read_addresses(text: str, locale: Locale) -> str:
    at = locale.signs.address["@"]
    text = _EMAIL.sub(lambda found: f"{_address(found[1], locale)} {at} {_address(found[2], locale)}", text)
    return _WEB.sub(lambda found: _web(found, locale), text)


def read_numbers(text: str, locale: Locale) -> str:
    """Telephone numbers, and what is dashed digit by digit."""
    text = _INTERNATIONAL.sub(lambda found: f"{locale.signs.plus} {_international(found[1], locale)}", text)
    for pattern in locale.phone:
        text = pattern.sub(lambda found: groups_of(found[0], locale), text)
    text = _IN_GROUPS.sub(lambda found: _in_groups(found[0], locale), text)
    return _DASHED_DIGITS.sub(lambda found: locale.digits(found[0]), text)


def _in_groups(written: str, locale: Locale) -> str:
    """Cards, social security, companies: digits in groups that are no amount."""
    if re.fullmatch(locale.number, written):
        return written
    return groups_of(written, locale)


def read_plates(text: str, locale: Locale) -> str:
    """Licence plates, accounts and cards, before a part of one looks like a year."""
    text = IBAN.sub(lambda found: account(found[0], locale.digits), text)
    text = _CARD.sub(lambda found: groups_of(found[0], locale), text)
    for pattern in locale.codes:
        text = pattern.sub(lambda found: _groups(re.findall(r"[A-ZÄÖÜ]+|\d+", found[0]), locale), text)
    return text


def read_codes(text: str, locale: Locale) -> str:
    """Bookings, confirmation codes: sign by sign."""
    return _CODE.sub(lambda found: _code(found[0], locale), text)


def groups_of(written: str, locale: Locale) -> str:
    """Digits in the groups they are written in; a long group is divided."""
    groups = [part for group in re.findall(r"\d+", written) for part in _divided(group)]
    return ", ".join(_group(group, locale) for group in groups)


def _international(written: str, locale: Locale) -> str:
    groups = re.findall(r"\d+", written)
    if len(groups) == 1:
        # Country codes of this family of languages have two digits; others are divided all the same.
        groups = [groups[0][:2], groups[0][2:]]
    return ", ".join(_group(part, locale) for group in groups for part in _divided(group))


def _divided(group: str) -> list[str]:
    if len(group) <= 4:
        return [group]
    parts = [group[at : at + 3] for at in range(0, len(group), 3)]
    if len(parts[-1]) == 1:
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts


def _group(group: str, locale: Locale) -> str:
    if locale.pairs and len(group) == 2:
        return locale.digits(group) if group[0] == "0" else locale.cardinal(int(group), "")
    return locale.digits(group)


def _web(found: re.Match[str], locale: Locale) -> str:
    address = found[1] or found[2]
    kept = address.rstrip(".,;:?!/")
    return _address(kept, locale) + address[len(kept) :].replace("/", "")


def _address(written: str, locale: Locale) -> str:
    parts = re.findall(r"[^\W\d_]+|\d+|[^\w]|_", written)
    words = locale.signs.address
    return " ".join(
        locale.digits(part) if part.isdigit() else words.get(part, f"{part}{GUARD}") for part in parts
    )


def _code(code: str, locale: Locale) -> str:
    named = _NAMED.fullmatch(code)
    if named:  # COVID-19
        return f"{named[1]} {locale.amount(named[2])}"
    vitamin = _LETTER_AND_NUMBER.fullmatch(code)
    if vitamin:  # B12, A-7
        return f"{vitamin[1]} {locale.amount(vitamin[2])}"
    return _groups(code.split("-"), locale)


def _groups(parts: list[str], locale: Locale) -> str:
    spelled = [[locale.digits(sign) if sign.isdigit() else sign for sign in part] for part in parts if part]
    return ", ".join(paced(group) for group in spelled)
