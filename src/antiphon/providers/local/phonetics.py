"""From a request's text to pieces a local voice speaks in one run: phonemes, and where words end in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from antiphon.speech.ssml.parsing import Break, Node, Span, Words, parse

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
_LETTER: Final = re.compile(r"\w")
_EDGE: Final = re.compile(r"^[^\w]+|[^\w.?!,;:—–…]+$")
_TRAILING: Final = re.compile(r"[.?!,;:—–…]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One whitespace-separated word of the request.

    Attributes:
        mark: The punctuation that ends it, if any.
        ipa: How it is said, where that was told.
        pause_ms: Silence wanted behind it, whatever its mark.
    """

    spoken: str
    mark: str = ""
    ipa: str = ""
    pause_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words spoken in one run of the model. `spelled`: letters or digits to write down, so slower."""

    words: tuple[Word, ...]
    spelled: bool = False

    @property
    def mark(self) -> str:
        return self.words[-1].mark

    @property
    def pause_ms(self) -> int:
        return self.words[-1].pause_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Phonemes:
    """Tied IPA with punctuation marks; `word_ends` are indexes into it, one per word, past its last sound."""

    symbols: str
    word_ends: tuple[int, ...]


def pieces_of(text: str, ssml: str = "") -> list[Piece]:
    """Split a request at sentence ends and pauses, around spelled runs, and where it would get too long.

    Together the pieces have exactly the whitespace-separated words of `text`. Of `ssml` (the same words, see
    `TtsRequest`) phonemes and pauses count; what else it says these voices cannot do.
    """
    marked = _marked_words(parse(ssml)) if ssml else [_word(token) for token in text.split()]
    words = _letters_by_name(marked)
    pieces: list[Piece] = []
    for sentence in _sentences(words):
        for spelled, run in _spelled_runs(sentence):
            pieces.extend(Piece(words=tuple(part), spelled=spelled) for part in _short_parts(run))
    return pieces


def phonemes_of(piece: Piece, phonemize: Phonemize, from_ipa: Phonemize = str) -> Phonemes:
    """Phonemes of a piece, clause by clause, so that its punctuation shapes the melody. `from_ipa` writes
    sounds that were told in the voice's own alphabet."""
    symbols = ""
    ends: list[int] = []
    clause: list[Word] = []
    for word in piece.words:
        clause.append(word)
        if not word.mark and word is not piece.words[-1]:
            continue
        sounds = _sounds(clause, phonemize, from_ipa)
        if sounds and symbols:
            symbols += " "
        ends.extend(len(symbols) + end for end in _ends_in_clause(clause, sounds, phonemize))
        symbols += sounds + (word.mark if sounds else "")
        clause = []
    return Phonemes(symbols=symbols, word_ends=tuple(ends))


def _sounds(clause: Sequence[Word], phonemize: Phonemize, from_ipa: Phonemize) -> str:
    """Of a clause; words whose sounds were told stand apart from what the engine reads."""
    parts: list[str] = []
    for told, words in groupby((word for word in clause if word.spoken), key=lambda word: word.ipa):
        spoken = list(words)
        read = [phonemize(" ".join(word.spoken for word in spoken))] if not told else []
        parts += [from_ipa(told) for _ in spoken] if told else read
    return " ".join(part for part in parts if part)


def _marked_words(nodes: Iterable[Node]) -> list[Word]:
    words: list[Word] = []
    joined = False  # The last word goes on: a mark behind an element.
    for node in nodes:
        match node:
            case Break():
                if words:
                    words[-1] = replace(words[-1], pause_ms=words[-1].pause_ms + node.ms)
                joined = False
            case Span():
                _append(words, _told(node) if node.tag == "phoneme" else _marked_words(node.inner), joined)
                joined = True
            case Words():
                more = [_token(token) for token in node.text.split()]
                _append(words, more, joined and not node.text[:1].isspace())
                joined = not node.text[-1:].isspace()
    return words


def _told(phoneme: Span) -> list[Word]:
    """The sounds of several words belong to the first; the others are said with it."""
    words = _marked_words(phoneme.inner)
    ipa = "".join(phoneme.attributes["ph"].split())
    return [replace(words[0], ipa=ipa), *(replace(word, spoken="") for word in words[1:])] if words else []


def _append(words: list[Word], more: list[Word], joined: bool) -> None:
    if joined and words and more:
        first, last = more.pop(0), words.pop()
        # "Siobhan's": what is glued to told sounds is nearly IPA; told sounds glued to letters are lost.
        ipa = last.ipa and last.ipa + (first.ipa or first.spoken)
        mark, spoken = first.mark or last.mark, last.spoken + first.spoken
        words.append(Word(spoken=spoken, mark=mark, ipa=ipa or ("" if last.spoken else first.ipa)))
    words += more


def _token(token: str) -> Word:
    if _LETTER.search(token):
        return _word(token)
    return Word(spoken="", mark=next((sign for sign in token if sign in _MARKS), ""))


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
        replace(word, spoken="ay")
        if word.spoken == "A" and (len(words) == 1 or is_letter(at - 1) or is_letter(at + 1))
        else word
        for at, word in enumerate(words)
    ]


def _sentences(words: list[Word]) -> list[list[Word]]:
    sentences: list[list[Word]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if word.pause_ms or (word.mark and word.mark in _SENTENCE_MARKS):
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
