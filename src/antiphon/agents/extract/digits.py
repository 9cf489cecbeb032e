"""Rows of digits as people say them and recognisers write them, and the phone numbers among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from antiphon.agents.extract.days import MONTHS
from antiphon.agents.extract.numbers import DIGIT_WORDS, HOMOPHONES, TEENS, TENS, ordinal
from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import Words, gap_at, norm_at, split_words, word_set

_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_SKIPPED = word_set("uh um er dash hyphen dot then area code and plus")
_JOINTS = " -.,()+\t"  # What may stand between the groups of one number.
_ROW_MIN_DIGITS = 3
_NUMBER_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    digits: str
    first: int
    after: int


def find_digits(text: str) -> list[Found[str]]:
    """Rows of three digits or more, in spoken order.

    "double five" and "triple five" count, "oh" is zero, "fifty five" is 55. The confidence is the share of a
    ten-digit number the row covers, so that half a phone number is known to be half.
    """
    words = split_words(text)
    rows = [row for row in _rows(words) if len(row.digits) >= _ROW_MIN_DIGITS]
    return [_found(text, words, row, min(1.0, len(row.digits) / _NUMBER_DIGITS)) for row in rows]


def find_phone_numbers(text: str, region: str = "US") -> list[Found[str]]:
    """Phone numbers as E.164. A number that fits the plan but no area code in use has a lower confidence;
    the later of two numbers wins when the caller starts again ("617 555, no, 617 555 0123")."""
    words = split_words(text)
    numbers: list[Found[str]] = []
    for row in _rows(words):
        for digits, after in _with_misheard_end(words, row):
            match = _parse(digits, region)
            if match is not None:
                end = _Row(digits=digits, first=row.first, after=after)
                numbers.append(_found(text, words, end, match[1], match[0]))
                break
    return numbers


def _found(text: str, words: Words, row: _Row, confidence: float, value: str = "") -> Found[str]:
    start, end = words[row.first].start, words[row.after - 1].end
    return Found(value=value or row.digits, start=start, end=end, text=text[start:end], confidence=confidence)


def _parse(digits: str, region: str) -> tuple[str, float] | None:
    """E.164 and confidence, or None. A country code is only assumed where the region's own form fails."""
    for candidate in (digits, f"+{digits}" if len(digits) > _NUMBER_DIGITS else digits):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(number):
            return e164, 1.0
        reason = phonenumbers.is_possible_number_with_reason(number)
        if reason == phonenumbers.ValidationResult.IS_POSSIBLE and len(digits) >= _NUMBER_DIGITS:
            return e164, 0.6
    return None


def _with_misheard_end(words: Words, row: _Row) -> Sequence[tuple[str, int]]:
    """The row, and the row with a final "for" or "to" read as the digit it may be."""
    misheard = HOMOPHONES.get(norm_at(words, row.after))
    ends = row.after + 1 >= len(words) or any(mark in gap_at(words, row.after + 1) for mark in ".,!?")
    if misheard is None or not ends or gap_at(words, row.after).strip(_JOINTS):
        return [(row.digits, row.after)]
    return [(f"{row.digits}{misheard}", row.after + 1), (row.digits, row.after)]


def _rows(words: Words) -> list[_Row]:
    rows: list[_Row] = []
    i = 0
    while i < len(words):
        row = None if _is_date_part(words, i) else _row_at(words, i)
        if row is None:
            i += 1
            continue
        rows.append(row)
        i = row.after
    return rows


def _is_date_part(words: Words, i: int) -> bool:
    """Years behind a date, and clock or calendar notation, are not rows of digits."""
    before = norm_at(words, i - 1)
    if before in MONTHS or (i > 0 and before not in {"second"} and ordinal(words, i - 1) is not None):
        return True
    if gap_at(words, i + 1) == "." and len(norm_at(words, i)) <= 2 and len(norm_at(words, i + 1)) == 2:
        return norm_at(words, i).isdigit() and gap_at(words, i + 2) != "."  # "11.30"
    return gap_at(words, i)[:1] in {"/", ":"} or gap_at(words, i + 1)[:1] in {"/", ":"}


def _row_at(words: Words, first: int) -> _Row | None:
    digits, i, after = "", first, first
    while i < len(words):
        if i > first and gap_at(words, i).strip(_JOINTS):
            break
        item = _item(words, i)
        if item is None and digits and i > first:
            item = _homophone(words, i, digits)
        if item is not None:
            digits, i = digits + item[0], item[1]
            after = i
        elif digits and norm_at(words, i) in _SKIPPED:
            i += 1
        else:
            break
    return _Row(digits=digits, first=first, after=after) if digits else None


def _item(words: Words, i: int) -> tuple[str, int] | None:
    """One spoken or written piece: "5", "617", "five", "double five", "fifty five", "eight hundred"."""
    word = norm_at(words, i)
    if not word:
        return None
    if words[i].is_digits and word.isascii():
        if norm_at(words, i + 1) == "hundred" and len(word) == 1:
            return f"{word}00", i + 2
        return word, i + 1
    if word in _REPEATS:
        inner = _item(words, i + 1) if norm_at(words, i + 1) not in _REPEATS else None
        if inner is None or len(inner[0]) != 1:
            return None
        return inner[0] * _REPEATS[word], inner[1]
    if word in DIGIT_WORDS:
        if norm_at(words, i + 1) == "hundred":
            return f"{DIGIT_WORDS[word]}00", i + 2
        return str(DIGIT_WORDS[word]), i + 1
    if word in TEENS:
        return str(TEENS[word]), i + 1
    if word in TENS:
        unit = DIGIT_WORDS.get(norm_at(words, i + 1), 0)
        joined = unit and gap_at(words, i + 1).strip() in {"", "-"}
        return (str(TENS[word] + unit), i + 2) if joined else (str(TENS[word]), i + 1)
    return None


def _homophone(words: Words, i: int, digits: str) -> tuple[str, int] | None:
    """ "five five for one": between digits, "for" is one of them; "2 to 4" is not "224"."""
    value = HOMOPHONES.get(norm_at(words, i))
    if value is None or len(digits) < 2 or _item(words, i + 1) is None:
        return None
    rest = _row_at(words, i + 1)
    if rest is None or len(digits) + len(rest.digits) < 6:
        return None
    return str(value), i + 1
