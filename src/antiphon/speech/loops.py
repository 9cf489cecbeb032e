"""Loops in recognised text: a phrase said over and over, which is how a confused decoder fills its room."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_PHRASE_WORDS = 12
# People do say "no, no, no, no" and "five five five five"; nobody says a long phrase three times running.
_REPEATS_OF_A_WORD = 6
_REPEATS_OF_A_PAIR = 4
_REPEATS_OF_A_PHRASE = 3


def has_loop(text: str) -> bool:
    return _first_loop(_plain(text.split())) is not None


def without_loops(text: str) -> str:
    """`text` with every loop cut down to its first round."""
    words = text.split()
    while (loop := _first_loop(_plain(words))) is not None:
        at, size, rounds = loop
        del words[at + size : at + size * rounds]
    return " ".join(words)


def _plain(words: Sequence[str]) -> list[str]:
    return [word.strip(".,!?;:").lower() for word in words]


def _first_loop(words: Sequence[str]) -> tuple[int, int, int] | None:
    """(where, words in the phrase, rounds) of the first loop."""
    if len(set(words)) == len(words):
        return None  # Nothing is said twice: so it is with most of what is heard, several times a second.
    for size in range(1, _LONGEST_PHRASE_WORDS + 1):
        needed = {1: _REPEATS_OF_A_WORD, 2: _REPEATS_OF_A_PAIR}.get(size, _REPEATS_OF_A_PHRASE)
        for at in range(len(words) - size * needed + 1):
            rounds = _rounds(words, at, size)
            if rounds >= needed and not all(word.isdecimal() for word in words[at : at + size]):
                return at, size, rounds
    return None


def _rounds(words: Sequence[str], at: int, size: int) -> int:
    phrase, rounds = words[at : at + size], 1
    while words[at + size * rounds : at + size * (rounds + 1)] == phrase:
        rounds += 1
    return rounds
