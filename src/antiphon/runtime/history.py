"""What was said and really heard in a call so far, oldest first: the truth that every model is given."""

from __future__ import annotations

from antiphon.agents.ports import CallerTurn, Exchange, HeardReply, ToolUsed


class History:
    """One call's. A turn that was taken without words has its place, and shows when its words have come."""

    def __init__(self) -> None:
        self._items: list[Exchange] = []
        self._places: dict[int, int] = {}  # Turn to its place.

    def took(self, turn: int, text: str) -> None:
        self._places[turn] = len(self._items)
        self._items.append(CallerTurn(text=text))

    def amend(self, turn: int, text: str) -> None:
        """These words belong to that turn, after those it has."""
        place = self._places[turn]
        before = self._items[place]
        assert isinstance(before, CallerTurn)
        self._items[place] = CallerTurn(text=f"{before.text} {text}".strip())

    def heard(self, text: str, *, complete: bool) -> None:
        if text:
            self._items.append(HeardReply(text=text, complete=complete))

    def used(self, tool: ToolUsed) -> None:
        self._items.append(tool)

    def so_far(self) -> tuple[Exchange, ...]:
        return tuple(item for item in self._items if not isinstance(item, CallerTurn) or item.text)
