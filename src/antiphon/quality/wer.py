"""Word error rate with numbers, dates, currency, contractions and spelling variants in one form.

`normalise` decides what counts as the same words; every figure we publish goes through it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antiphon.quality.numbers import spell_numbers_as_digits

CHARACTER_LANGUAGES = frozenset({"ja", "zh", "th"})  # Written without spaces: scored by character.

_CONTRACTIONS = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "y'all": "you all",
    "o'clock": "oclock",
    **{
        f"{word}'s": f"{word} is"
        for word in ["it", "that", "what", "there", "here", "he", "she", "who", "where", "how"]
    },
}
_SUFFIXES = (
    ("n't", " not"),
    ("'re", " are"),
    ("'ve", " have"),
    ("'ll", " will"),
    ("'d", " would"),
    ("'m", " am"),
)
_SPELLINGS = {
    "ok": "okay",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "colour": "color",
    "grey": "gray",
    "favourite": "favorite",
    "neighbour": "neighbor",
    "centre": "center",
    "theatre": "theater",
    "programme": "program",
    "dialled": "dialed",
    "cancelled": "canceled",
    "travelling": "traveling",
    "alright": "all right",
    "mailbox": "mail box",
    "voicemail": "voice mail",
    "goodbye": "good bye",
    "anymore": "any more",
}
_MERIDIEM = re.compile(r"\b([ap])\.?\s?m\b\.?")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})\b")
_DOLLARS = re.compile(r"([$€£])\s?(\d[\d,]*)(?:\.(\d{2}))?")
_CURRENCY = {"$": ("dollars", "cents"), "€": ("euros", "cents"), "£": ("pounds", "pence")}
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_NOT_WORD = re.compile(r"[^\w']+|_")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=(?!(?:st|nd|rd|th)\b)[^\W\d_])")


def normalise(text: str, language: str = "en") -> list[str]:
    """The words of `text` that count: lower case, no punctuation, numbers as digits, one token a digit.

    `language` is a primary subtag ("en", "es"). Where words are not spaced the tokens are characters.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if language in CHARACTER_LANGUAGES:
        return [char for char in text if char.isalnum()]
    if language == "en":
        text = _write_out_english(text)
    text = _THOUSANDS.sub("", text)
    text = _DECIMAL.sub(" point ", text)
    text = _LETTER_DIGIT.sub(" ", text)
    words = [word.strip("'") for word in _NOT_WORD.sub(" ", text).split()]
    words = [part for word in words for part in _unfold(word, language).split()]
    return spell_numbers_as_digits(words, language)


def _write_out_english(text: str) -> str:
    text = _MERIDIEM.sub(r"\1m", text)
    text = _CLOCK.sub(lambda clock: clock[1] if clock[2] == "00" else f"{clock[1]} {clock[2]}", text)
    text = _DOLLARS.sub(_write_out_money, text)
    return text.replace("%", " percent ").replace("&", " and ")


def _write_out_money(money: re.Match[str]) -> str:
    whole, part = _CURRENCY[money[1]]
    cents = f" and {money[3]} {part}" if money[3] and money[3] != "00" else ""
    return f"{money[2]} {whole}{cents}"


def _unfold(word: str, language: str) -> str:
    if language != "en":
        return word.replace("'", " ")
    word = _CONTRACTIONS.get(word, word)
    for suffix, full in _SUFFIXES:
        if word.endswith(suffix):
            return word.removesuffix(suffix) + full
    return _SPELLINGS.get(word, word).replace("'", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordErrors:
    """Errors of one comparison, or the sum of many; add them up, do not average rates."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_words: int = 0

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per reference word; words where none were spoken give infinity."""
        if not self.reference_words:
            return float("inf") if self.errors else 0.0
        return self.errors / self.reference_words

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            substitutions=self.substitutions + other.substitutions,
            deletions=self.deletions + other.deletions,
            insertions=self.insertions + other.insertions,
            reference_words=self.reference_words + other.reference_words,
        )


def wer(reference: str, hypothesis: str, language: str = "en") -> WordErrors:
    """Errors in the cheapest alignment; by character in languages written without spaces."""
    return align(normalise(reference, language), normalise(hypothesis, language))


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> WordErrors:
    """Levenshtein alignment; a cell holds (errors, substitutions, deletions, insertions)."""
    row = [(column, 0, 0, column) for column in range(len(hypothesis) + 1)]
    for expected in reference:
        diagonal, row[0] = row[0], (row[0][0] + 1, 0, row[0][2] + 1, 0)
        for column, heard in enumerate(hypothesis, start=1):
            above, left = row[column], row[column - 1]
            differs = int(expected != heard)
            row[column], diagonal = (
                min(
                    (diagonal[0] + differs, diagonal[1] + differs, diagonal[2], diagonal[3]),
                    (above[0] + 1, above[1], above[2] + 1, above[3]),
                    (left[0] + 1, left[1], left[2], left[3] + 1),
                    key=lambda cell: cell[0],
                ),
                above,
            )
    _, substitutions, deletions, insertions = row[-1]
    return WordErrors(
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
        reference_words=len(reference),
    )


def slot_recall(slots: Mapping[str, str], hypothesis: str, language: str = "en") -> tuple[int, int]:
    """How many slot values are in the hypothesis word for word, and how many there are."""
    heard = " ".join(["", *normalise(hypothesis, language), ""])
    found = sum(" ".join(["", *normalise(value, language), ""]) in heard for value in slots.values())
    return found, len(slots)
