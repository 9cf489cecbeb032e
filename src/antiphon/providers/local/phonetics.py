"""From a request's text to pieces a local voice speaks in one run: phonemes, and where words end in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Phonemize = Callable[[str], str]

# A run of this many single letters or digits is being spelled out to someone who writes along.
_SPELLED_RUN: Final = 3
# Both models lose their rhythm in very long runs, and Kokoro takes at most 510 symbols.
_PIECE_MAX_CHARS: Final = 220
_MARKS: Final = ".?!,;:"
_SENTENCE_MARKS: Final = ".?!"
_DIGIT_WORDS: Final = frozenset(
    ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
)
_MARK_OF: Final = {"—": ",", "–": ",", "…": ".", "。": ".", "、": ","}
_EDGE: Final = re.compile(r"^[^\w]+|[^\w.?!,;:—–…]+$")
_TRAILING: Final = re.compile(r"[.?!,;:—–…]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One whitespace-separated word of the request; `mark` is the punctuation that ends it, if any."""

    spoken: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words spoken in one run of the model. `spelled`: letters or digits to write down, so slower."""

    words: tuple[Word, ...]
    spelled: bool = False

    @property
    def mark(self) -> str:
        return self.words[-1].mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Phonemes:
    """Tied IPA with punctuation marks; `word_ends` are indexes into it, one per word, past its last sound."""

    symbols: str
    word_ends: tuple[int, ...]


def pieces_of(text: str) -> list[Piece]:
    """Split a request at sentence ends, around spelled runs, and where it would get too long.

    Together the pieces have exactly the whitespace-separated words of `text`.
    """
    words = _letters_by_name([_word(token) for token in text.split()])
    pieces: list[Piece] = []
    for sentence in _sentences(words):
        for spelled, run in _spelled_runs(sentence):
            pieces.extend(Piece(words=tuple(part), spelled=spelled) for part in _short_parts(run))
    return pieces


def phonemes_of(piece: Piece, phonemize: Phonemize) -> Phonemes:
    """Phonemes of a piece, clause by clause, so that its punctuation shapes the melody."""
    symbols = ""
    ends: list[int] = []
    clause: list[Word] = []
    for word in piece.words:
        clause.append(word)
        if not word.mark and word is not piece.words[-1]:
            continue
        sounds = phonemize(" ".join(part.spoken for part in clause if part.spoken))
        if sounds and symbols:
            symbols += " "
        ends.extend(len(symbols) + end for end in _ends_in_clause(clause, sounds, phonemize))
        symbols += sounds + (word.mark if sounds else "")
        clause = []
    return Phonemes(symbols=symbols, word_ends=tuple(ends))


def _word(token: str) -> Word:
    core = _EDGE.sub("", token)
    trailing = _TRAILING.search(core)
    if trailing is None:
        return Word(spoken=core)
    marks = [_MARK_OF.get(mark, mark) for mark in trailing.group()]
    strongest = next((mark for mark in "?!.:;," if mark in marks), "")
    return Word(spoken=core[: trailing.start()], mark=strongest)


def _letters_by_name(words: list[Word]) -> list[Word]:
    """A letter A among letters is its name, not the article."""

    def is_letter(at: int) -> bool:
        return 0 <= at < len(words) and len(words[at].spoken) == 1 and words[at].spoken.isupper()

    return [
        Word(spoken="ay", mark=word.mark)
        if word.spoken == "A" and (len(words) == 1 or is_letter(at - 1) or is_letter(at + 1))
        else word
        for at, word in enumerate(words)
    ]


def _sentences(words: list[Word]) -> list[list[Word]]:
    sentences: list[list[Word]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if word.mark and word.mark in _SENTENCE_MARKS:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def _spelled_runs(words: list[Word]) -> list[tuple[bool, list[Word]]]:
    """Cut a sentence where a run of letters or digits begins and ends."""
    single = [_is_spelled(word) for word in words]
    runs: list[tuple[bool, list[Word]]] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and single[end] == single[at]:
            end += 1
        spelled = single[at] and end - at >= _SPELLED_RUN
        if runs and not spelled and not runs[-1][0]:
            runs[-1][1].extend(words[at:end])
        else:
            runs.append((spelled, words[at:end]))
        at = end
    return runs


def _is_spelled(word: Word) -> bool:
    spoken = word.spoken
    if len(spoken) == 1:
        return spoken.isdigit() or (spoken.isupper() and spoken != "I") or spoken == "I"
    return spoken.lower() in _DIGIT_WORDS or spoken == "ay"


def _short_parts(words: Sequence[Word]) -> list[list[Word]]:
    parts: list[list[Word]] = [[]]
    length = 0
    for word in words:
        size = len(word.spoken) + 1
        crowded = length + size > _PIECE_MAX_CHARS
        at_clause = parts[-1] and parts[-1][-1].mark and length > _PIECE_MAX_CHARS * 2 // 3
        if parts[-1] and (crowded or at_clause):
            parts.append([])
            length = 0
        parts[-1].append(word)
        length += size
    return parts


def _ends_in_clause(clause: Sequence[Word], sounds: str, phonemize: Phonemize) -> list[int]:
    spoken = [word for word in clause if word.spoken]
    groups = [match.end() for match in re.finditer(r"\S+", sounds)]
    if len(groups) != len(spoken):
        # Neighbours were run together ("of the") or a word was read as several ("3.5"): share the sounds
        # out by how long each word is on its own.
        shares = [len(phonemize(word.spoken)) + 1 for word in spoken]
        total, before = sum(shares), 0
        groups = []
        for share in shares:
            before += share
            groups.append(round(len(sounds) * before / total))
    ends: list[int] = []
    remaining = iter(groups)
    for word in clause:
        ends.append(next(remaining) if word.spoken else (ends[-1] if ends else 0))
    return ends
