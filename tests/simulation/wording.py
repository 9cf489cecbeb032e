"""Whose a simulated word is, and which: of the agent's "r14c0w3", of the caller's own "δκφ".

The two share no sign, whatever the agent says in English besides: a caller's own words must never pass for an
echo of ours by chance, or the judge could not tell whose they are. What callers really say that is like ours
is said all the same: echoes, agreement, "one second".
"""

from __future__ import annotations

# Consonants that none of our phrases has and no Latin letter looks like: the utterance's, then the word's.
UTTERANCE_SIGNS, WORD_SIGNS = "βδζθκλμ", "ξπτφχψ"


def agents_word(reply_id: str, chunk: int, number: int) -> str:
    return f"{reply_id}c{chunk}w{number}"


def chunk_of(text: str) -> str:
    """Of a text of the agent's: "r14c0" if it begins with a word of that chunk."""
    return text.partition("w")[0]


def callers_word(utterance: int, number: int) -> str:
    """Counted from 0. Never one letter alone, which would be spelled."""
    return _written(utterance, UTTERANCE_SIGNS).rjust(2, UTTERANCE_SIGNS[0]) + _written(number, WORD_SIGNS)


def is_callers(word: str) -> bool:
    """A word only one utterance holds."""
    return word[0] in UTTERANCE_SIGNS


def told(word: str) -> str:
    """The word, and where it is found in a story."""
    utterance, number = _read(word, UTTERANCE_SIGNS), _read(word, WORD_SIGNS)
    return f"{word} (utterance {utterance + 1}, word {number + 1})"


def _written(number: int, signs: str) -> str:
    more, last = divmod(number, len(signs))
    return (_written(more, signs) if more else "") + signs[last]


def _read(word: str, signs: str) -> int:
    number = 0
    for sign in word:
        if sign in signs:
            number = number * len(signs) + signs.index(sign)
    return number
