"""Cutting a transcript into words with their offsets. Punctuation is kept as the gap before a word, because
recognisers put it anywhere: the finders treat it as a hint, never as a boundary they rely on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from antiphon.agents.extract.values import Found, T

U = TypeVar("U")

_WORD = re.compile(
    r"(?P<meridiem>\b[ap]\.\s?m\b\.?)|(?P<ordinal>\d+(?:st|nd|rd|th)\b)|(?P<digits>\d+)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)",
    re.IGNORECASE,
)


def word_set(line: str) -> frozenset[str]:
    return frozenset(line.split())


FILLERS = word_set("uh um er erm ah hmm hm mm well so like okay ok please just oh and")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`norm` is lower case with straight apostrophes ("p.m." is "pm"); `gap` is what stood before it."""

    norm: str
    raw: str
    start: int
    end: int
    gap: str

    @property
    def is_digits(self) -> bool:
        return self.norm.isascii() and self.norm.isdigit()


Words = Sequence[Word]


def split_words(text: str) -> list[Word]:
    """Words and numerals in order; everything between them becomes the next word's `gap`."""
    words: list[Word] = []
    last_end = 0
    for found in _WORD.finditer(text):
        raw = found.group()
        norm = raw.lower().replace("’", "'")
        if found.lastgroup == "meridiem":
            norm = norm[0] + "m"
        gap = text[last_end : found.start()]
        words.append(Word(norm=norm, raw=raw, start=found.start(), end=found.end(), gap=gap))
        last_end = found.end()
    return words


def norm_at(words: Words, i: int) -> str:
    """The word at `i`, or "" outside the text."""
    return words[i].norm if 0 <= i < len(words) else ""


def gap_at(words: Words, i: int) -> str:
    return words[i].gap if 0 <= i < len(words) else ""


Phrase = tuple[str, ...]
PhraseIndex = Mapping[str, tuple[Phrase, ...]]


def phrases(*lines: str) -> PhraseIndex:
    """Phrases from "one phrase|another phrase" lines, by their first word: a call is answered within a frame
    or two, so looking one up must not walk the list."""
    return index_of(tuple(phrase.split()) for line in lines for phrase in line.split("|"))


def index_of(known: Iterable[Phrase]) -> PhraseIndex:
    """Longest first under each first word."""
    index: dict[str, list[Phrase]] = {}
    for phrase in known:
        index.setdefault(phrase[0], []).append(phrase)
    return {word: tuple(sorted(same, key=len, reverse=True)) for word, same in index.items()}


def says(words: Words, i: int, phrase: Phrase) -> bool:
    """Whether `phrase` starts at word `i`."""
    n = len(phrase)
    return i >= 0 and i + n <= len(words) and all(words[i + k].norm == phrase[k] for k in range(n))


def phrase_at(words: Words, i: int, index: PhraseIndex) -> int:
    """Length of the longest phrase that starts at `i`, 0 if none does."""
    for phrase in index.get(norm_at(words, i), ()):
        if says(words, i, phrase):
            return len(phrase)
    return 0


def found(  # noqa: PLR0917 - the first five read as one place in the text
    text: str, words: Words, first: int, after: int, value: T, confidence: float = 1.0
) -> Found[T]:
    """A `Found` over words[first:after]."""
    start, end = words[first].start, words[after - 1].end
    return Found(value=value, start=start, end=end, text=text[start:end], confidence=confidence)


def overlaps(a: Found[T], b: Found[U]) -> bool:
    return a.start < b.end and b.start < a.end
