"""Words without the person: what may be shown of a transcript to somebody who has no business knowing whose
it is.

No list of what is personal is ever complete, so the rule is turned round: a word is shown when it is known
to be nobody's, and masked otherwise. A name, an address, a spelled-out number or a word of another language
is masked because nobody knows it, not because something recognised it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from antiphon.trust.common_words import COMMON, INTRODUCES_A_NAME, NUMBER_WORDS

MASK: Final = "•••"
# A word with the signs before and after it; what has other signs within (an address, a number) is one word.
_CHUNK = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_PLAIN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Names go on over these: "Maria de la Vega".
_PARTICLES: Final = "de|del|della|di|da|du|des|la|le|el|van|von|der|den|zu|zur|y|e|al|bin|ibn|and"
_MASKS = re.compile(rf"{MASK}(?:[\s.,!?-]*(?:\b(?:{_PARTICLES})\b\s+)*{MASK})+", re.IGNORECASE)
_SENTENCE_ENDS: Final = frozenset(".!?")
_ALLOWED_SIGNS: Final = frozenset(".,!?;:…-–—'\"’“”()")
_AFTER_INTRODUCTION: Final = 3  # A first, a middle and a last name.


def mask(text: str, known: Set[str] = frozenset()) -> str:
    """The text with every word masked that is not in the lists here or in `known` (lower case).

    Also masked: anything with a digit, numbers as words, a capital inside a sentence, and the words after
    "my name is". Masks that follow each other become one, so that their count tells nothing.
    """
    return _MASKS.sub(MASK, " ".join(filter(None, _masked(text, known))))


def _masked(text: str, known: Set[str]) -> Iterator[str]:
    begins, hidden, before = True, 0, ""
    for chunk in text.split():
        opens, word, closes = _CHUNK.fullmatch(chunk).groups()  # type: ignore[union-attr]  # Fits any text.
        if not word:
            yield _signs(chunk)
            continue
        shown = not hidden and _is_nobodys(word, begins, known)
        yield f"{_signs(opens)}{word if shown else MASK}{_signs(closes)}"
        hidden, begins = max(0, hidden - 1), bool(_SENTENCE_ENDS & set(closes))
        if "," in closes or begins:
            hidden = 0
        plain = _folded(word)
        # "Dr. Chen": the sign that follows what introduces a name ends nothing.
        if plain in INTRODUCES_A_NAME or f"{before} {plain}" in INTRODUCES_A_NAME:
            hidden = _AFTER_INTRODUCTION
        before = plain


def _signs(signs: str) -> str:
    return "".join(sign for sign in signs if sign in _ALLOWED_SIGNS)


def _folded(word: str) -> str:
    return word.casefold().replace("’", "'")


def _is_nobodys(word: str, begins: bool, known: Set[str]) -> bool:
    if not _PLAIN.fullmatch(word) or any(sign.isdigit() for sign in word):
        return False
    plain = _folded(word)
    is_i = plain == "i" or plain.startswith("i'")
    if not begins and not is_i and any(sign.isupper() for sign in word):
        return False
    if plain in COMMON and plain not in NUMBER_WORDS:
        return True
    return all(_is_known(part, known) for part in plain.split("-"))


def _is_known(part: str, known: Set[str]) -> bool:
    """Letters spell, so one alone is nobody's only where it is a word."""
    if len(part) == 1:
        return part in {"a", "i"}
    return part not in NUMBER_WORDS and (part in COMMON or part in known)
