"""Cuts a reply that is still being written into pieces worth speaking: the first clause at once, then
sentences."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

# A sentence that must be cut is not cut behind a lonely word.
_CLAUSE_WORDS_MIN: Final = 3
# The very first clause may be one word, for the sake of the wait ("Sure,"), unless it only clears the throat.
_LEAD_INS: Final = frozenset(
    ("so", "well", "and", "but", "or", "now", "then", "also", "um", "uh", "hm", "if", "when", "as", "for")
)
# Later pieces are spoken while earlier ones play; longer ones would only make an interruption dearer.
_CHUNK_MAX_CHARS: Final = 160

_MARK: Final = re.compile(r"[.?!…]+|[,;:—–\n]|(?<=\s)-(?=\s)")
_CLOSING: Final = "\"'”’)]*_"
_WORD: Final = re.compile(r"\w[\w'’.-]*")
_LAST_TOKEN: Final = re.compile(r"[^\s(\[\"“]*$")
# No sentence ends after these, whatever follows.
_TITLES: Final = frozenset(
    ("dr", "mr", "mrs", "ms", "prof", "rev", "sgt", "lt", "capt", "gen", "sen", "gov", "mt", "st", "vs")
)
# A sentence may end after these: only if a capital letter or nothing follows.
_ABBREVIATIONS: Final = frozenset((
    "ave", "av", "blvd", "rd", "ln", "ct", "pl", "hwy", "apt", "ste", "jr", "sr", "inc", "ltd", "co",
    "corp", "etc", "no", "nos", "ext", "approx", "appt", "dept", "est", "jan", "feb", "mar", "apr", "jun",
    "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur", "thurs",
    "fri", "sat", "sun", "a.m", "p.m", "e.g", "i.e", "u.s", "m.d", "ph.d", "oz", "lb", "lbs", "ft", "hr",
    "hrs", "min", "mins", "sec",
))  # fmt: skip


# What an author marked (SSML) is never cut: what is inside of an element stays with its tags.
_ELEMENT: Final = re.compile(
    r"<(emphasis|say-as|phoneme|prosody|sub)\b[^<>]*>.*?(?:</\1>|$)|<[A-Za-z/][^<>]*(?:>|$)|<$", re.DOTALL
)
_TAG: Final = re.compile(r"<[^<>]*>?")
_NOT_OF_A_WORD: Final = re.compile(r"[^\w\x1f]")


def _masked(text: str) -> str:
    """Of the same length, without anything within marked parts at which text may be cut."""
    if "<" not in text:
        return text
    return _ELEMENT.sub(lambda found: _as_one_word(found[0]), text)


def _as_one_word(element: str) -> str:
    # A tag is white space, though none at which an overlong text may be cut.
    without_tags = _TAG.sub(lambda tag: "\x1f" * len(tag[0]), element)
    return _NOT_OF_A_WORD.sub("_", without_tags)


class _Cut(Enum):
    SENTENCE = "sentence"
    CLAUSE = "clause"
    NONE = "none"
    UNDECIDED = "undecided"  # The next character will tell.


class Chunker:
    """One reply's text in, speakable chunks out. Together the chunks have all its words, in order.

    The first chunk of a reply ends at its first clause or sentence mark ("Sure,", but not "Well, so,"). If it
    is that short, the next ends at a clause too, so that it is there in time. Later ones are sentences, cut
    at clauses where they exceed 160 characters.
    """

    def __init__(self) -> None:
        self._text = ""
        self._words = 0  # Given so far.

    def feed(self, text: str) -> list[str]:
        """Add a token, a clause, anything; gives the chunks that are now complete (often none)."""
        self._text += text
        return self._take(final=False)

    def cut(self) -> list[str]:
        """A chunk ends here, whatever its marks: gives what is left. The reply goes on."""
        chunks = self._take(final=True)
        rest = self._text.strip()
        if _WORD.search(rest):
            chunks.append(rest)
            self._words += len(_WORD.findall(rest))
        self._text = ""
        return chunks

    def finish(self) -> list[str]:
        """The reply is complete: gives what is left. The chunker is then as new."""
        chunks = self.cut()
        self._words = 0
        return chunks

    def _take(self, *, final: bool) -> list[str]:
        chunks = []
        masked = _masked(self._text)
        while end := _chunk_end(masked, self._words, final=final):
            chunks.append(self._text[:end].strip())
            self._words += len(_WORD.findall(masked, 0, end))
            self._text, masked = self._text[end:], masked[end:]
        return chunks


def _chunk_end(text: str, words_given: int, *, final: bool) -> int:
    """Where the first chunk of `text` ends, after so many words of the reply; 0 if that is not known yet."""
    clause_end = 0
    for mark in _MARK.finditer(text):
        cut = _cut_at(text, mark, final)
        if cut is _Cut.UNDECIDED:
            break
        end = _past_closing(text, mark.end())
        words = _WORD.findall(text, 0, end) if cut is not _Cut.NONE else []
        if not words:
            continue
        if end > _CHUNK_MAX_CHARS:
            return clause_end or _space_before(text, end)
        if cut is _Cut.SENTENCE:
            return end
        if not words_given and not _LEAD_INS.issuperset(word.lower() for word in words):
            return end
        if len(words) >= _CLAUSE_WORDS_MIN:
            if words_given < _CLAUSE_WORDS_MIN:
                return end
            clause_end = end
    if len(text.rstrip()) > _CHUNK_MAX_CHARS:
        return clause_end or _space_before(text, len(text))
    return 0


def _space_before(text: str, end: int) -> int:
    """The last space before the limit, for text without punctuation; else the whole of it."""
    space = text.rfind(" ", text.find(text.strip()[:1]), _CHUNK_MAX_CHARS)
    return space if space > 0 else end


def _past_closing(text: str, end: int) -> int:
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return end


def _cut_at(text: str, mark: re.Match[str], final: bool) -> _Cut:
    sign = mark.group()
    before = text[: mark.start()]
    if sign == "\n":
        return _Cut.SENTENCE
    if sign in "—–-":
        return _Cut.CLAUSE
    after = _past_closing(text, mark.end())
    if after >= len(text):
        if final:
            return _Cut.NONE  # The rest is the last chunk anyway.
        return _cut_at_end(before, sign)
    if not text[after].isspace():
        return _Cut.NONE  # 3.5, 9:30, example.com, 1,000
    if sign[0] in ",;:":
        return _Cut.CLAUSE
    if sign[0] in "?!":
        return _Cut.SENTENCE
    following = text[after:].lstrip(" \"'“‘(*_")[:1]
    return _cut_at_stop(before, following, final)


def _cut_at_end(before: str, sign: str) -> _Cut:
    """Nothing follows yet. Behind a plain word these marks need no look-ahead; a stop or a colon might
    still become example.com or 9:30."""
    token = _LAST_TOKEN.search(before)
    plain = token is not None and token.group().replace("'", "").replace("’", "").isalpha()
    if plain and sign in (",", ";"):
        return _Cut.CLAUSE
    if plain and sign in ("?", "!"):
        return _Cut.SENTENCE
    return _Cut.UNDECIDED


def _cut_at_stop(before: str, following: str, final: bool) -> _Cut:
    found = _LAST_TOKEN.search(before)
    token = found.group() if found else ""
    if not following and not final and (token.lower() in _ABBREVIATIONS or len(token) <= 1):
        return _Cut.UNDECIDED
    if token.lower() in _TITLES or (len(token) == 1 and token.isalpha() and token != "I"):
        return _Cut.NONE  # "Dr. Patel", "J. Smith"
    if token.isdigit() and token == before.strip():
        return _Cut.NONE  # "1. Bring your card": a list
    if token.lower() in _ABBREVIATIONS:
        return _Cut.SENTENCE if following.isupper() else _Cut.NONE
    return _Cut.SENTENCE
