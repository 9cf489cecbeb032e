"""Going on where another broke off: whoever takes over may say again what the caller has heard, and is cut
there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from antiphon.agents.ports import BROKE_OFF, HeardReply, ReplyKind, ReplyRequest

GO_ON = (
    "Your last message broke off in the middle, and the caller has heard it as far as it goes. Continue it: "
    "go on with the very next word, repeat nothing, do not greet and do not mention the interruption."
)
# An apostrophe makes no word of its own, however it is written.
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NO_MARK = re.compile(r"[^\s.,;:?!…—–\"”’)\]]")
# Less may be meant: "five, five" behind "five, five".
_DIFFERENT_WORDS_MIN = 3


def heard_half(request: ReplyRequest) -> str:
    """What the caller has heard of the answer this one goes on with; "" of any other."""
    last = request.history[-1] if request.history else None
    if request.kind is not ReplyKind.TURN or request.reason != BROKE_OFF:
        return ""
    return last.text if isinstance(last, HeardReply) and not last.complete else ""


class Continuation:
    """What the second one says, without what the first had said already.

    Cut is a beginning that repeats whole clauses of what was said: all of them, or some with three different
    words, figures not counted. Words are compared without their marks and capitals. What may yet become such
    a repetition is held back, which is over with the first word that differs.

    Args:
        clauses: What was said, in the pieces it was let out in.
    """

    def __init__(self, clauses: Sequence[str]) -> None:
        clauses_words = [_words(clause) for clause in clauses]
        self._said = [word for words in clauses_words for word in words]
        self._edges = [0, *accumulate(map(len, clauses_words))]
        self._held = ""
        self._through = not self._said
        self._after_cut = False

    def feed(self, text: str) -> str:
        """More of it; gives what may be said by now."""
        if self._through:
            return self._without_marks(text)
        self._held += text
        found = list(_WORD.finditer(self._held))
        if found and found[-1].end() >= len(self._held.rstrip("'’")):
            found.pop()  # The last word may go on.
        words = [_plain(match.group()) for match in found]
        if not words or any(self._may_go_on(start, words) for start in self._edges[:-1]):
            return ""
        return self._cut(words)

    def finish(self) -> str:
        """There is no more: gives what was held back."""
        return "" if self._through else self._cut(_words(self._held))

    def _may_go_on(self, start: int, words: Sequence[str]) -> bool:
        return len(words) < len(self._said) - start and self._begins(words, start, start + len(words))

    def _begins(self, words: Sequence[str], start: int, end: int) -> bool:
        return list(words[: end - start]) == self._said[start:end]

    def _cut(self, words: Sequence[str]) -> str:
        self._through = True
        repeated = max(
            (
                end - start
                for start in self._edges
                for end in self._edges
                if end > start and self._counts(start, end) and self._begins(words, start, end)
            ),
            default=0,
        )
        held, self._held = self._held, ""
        if not repeated:
            return held
        self._after_cut = True
        last = list(_WORD.finditer(held))[repeated - 1]
        return self._without_marks(held[last.end() :])

    def _without_marks(self, text: str) -> str:
        """Marks and spaces behind what was cut belong to it."""
        if not self._after_cut:
            return text
        rest = _NO_MARK.search(text)
        self._after_cut = rest is None
        return text[rest.start() :] if rest else ""

    def _counts(self, start: int, end: int) -> bool:
        words = {word for word in self._said[start:end] if not word.isdecimal()}
        return end - start == len(self._said) or len(words) >= _DIFFERENT_WORDS_MIN


def _words(text: str) -> list[str]:
    return [_plain(match.group()) for match in _WORD.finditer(text)]


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'")
