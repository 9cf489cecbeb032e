"""Which of several: "the first one", "second", "the last", "number two"."""

from __future__ import annotations

from antiphon.agents.extract.corrections import settle
from antiphon.agents.extract.days import MONTHS, WEEKDAYS
from antiphon.agents.extract.numbers import ordinal, small_number
from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import Words, found, norm_at, phrase_at, phrases, split_words, word_set

_NOUNS = word_set("one ones option slot time choice appointment opening offer")
_LABELS = word_set("number option choice slot")
_LAST = phrases("last one|the last one|the last|last option|the last option|the latter|latter|the final one")
_FIRST = phrases("the former|former|the earlier one|the earliest one|the sooner one|the earlier time")
_LATER = phrases("the later one|the latest one|the later time|the later")
# "first name", "one second", "the first of the month": ordinals of another kind.
_OTHER_AFTER = word_set(
    "name names of available thing time visit opinion initial half week month day grade floor opening week's"
)
_OTHER_BEFORE = word_set("one a just at every each twenty thirty ninety my your")


def find_ordinals(text: str) -> list[Found[int]]:
    """Positions counted from 1; the last is -1. Days of the month are left to `find_dates`."""
    words = split_words(text)
    ordinals: list[Found[int]] = []
    i = 0
    while i < len(words):
        match = _position(words, i)
        if match is None:
            i += 1
            continue
        ordinals.append(found(text, words, i, match[1], match[0], match[2]))
        i = match[1]
    return settle(text, words, ordinals)


def _position(words: Words, i: int) -> tuple[int, int, float] | None:
    for cues, value in ((_LAST, -1), (_FIRST, 1), (_LATER, -1)):
        length = phrase_at(words, i, cues)
        if length and norm_at(words, i + length) not in _OTHER_AFTER | {"week", "name", "year", "month"}:
            return value, i + length, 1.0
    if norm_at(words, i) in _LABELS:
        number = small_number(words, i + 1)
        if number and 1 <= number[0] <= 20:
            return number[0], number[1], 1.0
        if norm_at(words, i + 1) in {"to", "too", "won", "for"} and i + 2 >= len(words):
            return {"to": 2, "too": 2, "won": 1, "for": 4}[words[i + 1].norm], i + 2, 0.7
        return None
    return _ordinal_word(words, i)


def _ordinal_word(words: Words, i: int) -> tuple[int, int, float] | None:
    article = norm_at(words, i) == "the"
    j = i + 1 if article else i
    if norm_at(words, j) == "last" and len(words) == j + 1:
        return -1, j + 1, 1.0
    number = ordinal(words, j)
    if number is None or not 1 <= number[0] <= 20:
        return None
    value, after = number
    if norm_at(words, after) in _NOUNS and norm_at(words, after) != "time":
        return value, after + 1, 1.0
    before = norm_at(words, i - 1)
    before = norm_at(words, i - 2) if before in {"the", "on"} else before
    dated = before in MONTHS or before in WEEKDAYS or norm_at(words, after) in MONTHS
    other = norm_at(words, after) in _OTHER_AFTER or (before in _OTHER_BEFORE and not article)
    if dated or other or norm_at(words, j)[0].isdigit():
        return None
    # "The second" could be a day; a lone "second" answers "which one?".
    return value, after, 0.8 if article or len(words) == 1 else 0.6
