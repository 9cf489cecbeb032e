"""When each word of a text ends, from what a vendor says of the sounds it made: letters, words or parts of
words, with punctuation of its own, now and then a letter missing."""

from __future__ import annotations

# How far a token may be ahead of where we are: the vendor left something out. A single letter is found soon
# by chance, a word is not.
_AHEAD_LETTER, _AHEAD_WORD = 3, 24


class WordEnds:
    """Ends of the words of `text` as they become known.

    Only letters and digits count, so that it does not matter how the vendor cuts words and marks apart. What
    is not in the text is passed over: a word that is dated too late is said again when another voice goes on,
    one that is dated too early is lost.
    """

    def __init__(self, text: str) -> None:
        spelled = ["".join(filter(str.isalnum, word.casefold())) for word in text.split()]
        self._letters = "".join(spelled)
        self._until = [sum(map(len, spelled[: index + 1])) for index in range(len(spelled))]
        self._at = 0
        self._ends_ms: list[int] = []

    @property
    def ends_ms(self) -> tuple[int, ...]:
        """Milliseconds, never falling, for the first words of the text."""
        return tuple(self._ends_ms)

    def take(self, token: str, end_ms: int) -> None:
        """The vendor has spoken `token` until `end_ms`."""
        letters = "".join(filter(str.isalnum, token.casefold()))
        if not letters:
            return
        ahead = _AHEAD_LETTER if len(letters) == 1 else _AHEAD_WORD
        found = self._letters.find(letters, self._at, self._at + ahead + len(letters))
        if found < 0:
            return
        self._at = found + len(letters)
        end_ms = max([end_ms, *self._ends_ms[-1:]])
        while len(self._ends_ms) < len(self._until) and self._until[len(self._ends_ms)] <= self._at:
            self._ends_ms.append(end_ms)
