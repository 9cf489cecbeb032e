"""How long a recorded voice took for each text it was asked for."""

from __future__ import annotations

from antiphon.conversation import events as e

Take = tuple[int, e.ChunkSynthesized]  # How long after it was asked for, ms; and what came.


class Takes:
    """A text that was asked for twice has two takes: the second often came from a cache, since the first was
    made for a draft. So the n-th time it is asked for again, it takes what it took the n-th time."""

    def __init__(self) -> None:
        self._takes: dict[str, list[Take | None]] = {}
        self._open: dict[tuple[str, int], tuple[str, int, int]] = {}  # text, place, asked at
        self._asked: dict[str, int] = {}

    def asked(self, at_ms: int, reply_id: str, index: int, text: str) -> None:
        """As recorded."""
        takes = self._takes.setdefault(text, [])
        self._open[reply_id, index] = text, len(takes), at_ms
        takes.append(None)

    def came(self, event: e.ChunkSynthesized) -> None:
        """As recorded."""
        if (found := self._open.pop((event.reply_id, event.index), None)) is not None:
            text, place, asked_at_ms = found
            self._takes[text][place] = event.at_ms - asked_at_ms, event

    def again(self, text: str) -> Take | None:
        """The take of this time; of one that was given up, or of a time too many, that of the time nearest to
        it, rather a later one. None: the text was never spoken."""
        takes, place = self._takes.get(text, []), self._asked.get(text, 0)
        self._asked[text] = place + 1
        return next(filter(None, [*takes[place:], *reversed(takes[:place])]), None)
