"""Fractions, ordinals, ranges, and whatever digits and signs are left: nothing of them reaches the voice."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.locale import Locale, paced

_FRACTION: Final = re.compile(r"(?<![\w/.,])(?:(\d+)\s+)?(\d/\d)(?![\w/]|[.,]\d)")
_OVER: Final = re.compile(r"(?<![\w/.,])(\d+)\s?/\s?(\d+)(?![\w/])")
_MULTIPLIED: Final = re.compile(r"(?<=\d)\s?[xX]\s?(?=\d)")
_RATIO: Final = re.compile(r"(?<![\w:.,])(\d{1,3}):(\d{1,3})(?![\w:]|[.,]\d)")
_COUNTED: Final = re.compile(r"#\s?(?=\d)")
_VERSION: Final = re.compile(r"(?<![\w.,])\d+(?:\.\d+){2,}(?!\w|\.\d)")
_LONG: Final = re.compile(r"(?<![\w.,])\d{5,}(?!\w|[.,]\d)")
# Digits grown together with letters.
_STRAY: Final = re.compile(r"[0-9]+")
_NEXT_WORD: Final = re.compile(r"\s+([^\W\d_]+)")
_LETTER: Final = r"[^\W\d_]"


def read(text: str, locale: Locale) -> str:
    text = _MULTIPLIED.sub(" × ", text)
    text = _FRACTION.sub(lambda found: _fraction(found, locale), text)
    text = _OVER.sub(
        lambda found: f"{locale.amount(found[1])} {locale.signs.over} {locale.amount(found[2])}", text
    )
    text = _RATIO.sub(
        lambda found: f"{locale.amount(found[1])} {locale.signs.ratio} {locale.amount(found[2])}", text
    )
    for pattern, words in locale.ordinals:
        text = pattern.sub(words, text)
    text = _COUNTED.sub(f"{locale.signs.number} ", text)
    text = locale.compiled("numbered", _numbered_pattern).sub(
        lambda found: found[1] + paced(locale.digits(found[2]).split(" ")), text
    )
    text = _VERSION.sub(lambda found: _version(found[0], locale), text)
    text = locale.compiled("range", _range_pattern).sub(
        lambda found: f"{locale.amount(found[1])} {locale.signs.to} ", text
    )
    text = _LONG.sub(lambda found: _long(found[0], locale), text)
    text = locale.compiled("plain", _plain_pattern).sub(lambda found: _plain(found, locale), text)
    text = _STRAY.sub(lambda found: f" {locale.digits(found[0])} ", text)
    return _signs(text, locale)


def _fraction(found: re.Match[str], locale: Locale) -> str:
    whole, fraction = found.groups()
    words = locale.fractions.get(fraction)
    if words is None:
        return found[0]
    return f"{locale.amount(whole)} {locale.signs.mixed} {words}" if whole else words


def _numbered_pattern(locale: Locale) -> str:
    return rf"(?i)(\b(?:{locale.numbered})\b\.?:?\s+)(\d{{3,}})(?![\w%:/-]|[.,]\d)"


def _version(written: str, locale: Locale) -> str:
    if re.fullmatch(locale.number, written):
        return written  # 1.000.000
    return f" {locale.signs.address['.']} ".join(locale.amount(part) for part in written.split("."))


def _range_pattern(locale: Locale) -> str:
    return rf"(?<![\w.,-])({locale.number})\s?[-–—]\s?(?=\d)"


def _long(written: str, locale: Locale) -> str:
    """Five digits and more without a sign between are a postcode, an account: to be written down."""
    if written.endswith("000") and not written.startswith("0"):
        return locale.amount(written)
    return paced(locale.digits(written).split(" "))


def _plain_pattern(locale: Locale) -> str:
    return rf"(?<![\w.,])([-+]?)({locale.number})(?!\d)"


def _plain(found: re.Match[str], locale: Locale) -> str:
    sign, written = found.groups()
    before, after = found.string[: found.start()], found.string[found.end() :]
    words = locale.amount(written, _gender(before, after, locale))
    # Not a sign but a hyphen: "sala-5".
    hyphened = before[-1:].isalnum()
    spoken = {"-": f"{locale.signs.minus} ", "+": f"{locale.signs.plus} "}.get(sign, "")
    return (" " if hyphened else spoken) + words + (" " if after[:1].isalpha() else "")


def _gender(before: str, after: str, locale: Locale) -> str:
    """Of what is counted: the next word, unless the number is the name of the word before ("sala 1")."""
    noun = _NEXT_WORD.match(after)
    if noun is None or locale.compiled("named", _named_pattern).search(before):
        return ""
    return locale.gender_of(noun[1])


def _named_pattern(locale: Locale) -> str:
    return rf"(?i)\b(?:{locale.numbered})\s+$"


def _signs(text: str, locale: Locale) -> str:
    signs = locale.signs
    for pattern, words in (
        (r"\s?&\s?", f" {signs.conjunction} "),
        (r"(?<=\w)\s?\+\s?(?=\w)", f" {signs.plus} "),
        (r"(?<=\w)\s?=\s?(?=\w)", f" {signs.equals} "),
        (r"\s?×\s?", f" {signs.times} "),
        (r"(?<=\w)\s+[-–]\s+(?=\w)", ", "),
        (r"\s?[—–]\s?", ", "),
        (rf"(?<={_LETTER})/(?={_LETTER})", f" {signs.or_} "),
        (r"\s?€\s?", " euro "),
        (r"\s?%\s?", f" {signs.percent.one} "),
        (r"\s?°\s?", " "),
    ):
        text = re.sub(pattern, words, text)
    return text
