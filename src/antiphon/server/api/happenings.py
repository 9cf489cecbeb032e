"""Live events, from whoever knows of them to whoever listens. Bounded: who listens too slowly misses some,
and is told how many."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

WAITING_MAX: Final = 500
LISTENERS_MAX: Final = 200  # Of one organisation.


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event. `id` is the same however often it is told; `agent` whose it is, "" for none."""

    id: str
    organisation_id: str
    type: str
    at_ms: int
    data: Mapping[str, Any]
    agent: str = ""

    def told(self) -> dict[str, Any]:
        """As listeners and webhooks get it."""
        return {"id": self.id, "type": self.type, "at_ms": self.at_ms, "data": dict(self.data)}


@dataclass(slots=True, eq=False)
class Listener:
    """One who listens. `missed`: events he was too slow for, since he was last told."""

    organisation_id: str
    agent: str = ""
    waiting: deque[Happening] = field(default_factory=deque)
    missed: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, happening: Happening) -> None:
        if len(self.waiting) >= WAITING_MAX:
            self.missed += 1
            return
        self.waiting.append(happening)
        self._news.set()

    async def next(self) -> Happening:
        while not self.waiting:
            self._news.clear()
            await self._news.wait()
        return self.waiting.popleft()


class Happenings:
    """All listeners of one process."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def listen(self, organisation_id: str, agent: str = "") -> Listener | None:
        """None: there are too many of this organisation's already."""
        if sum(one.organisation_id == organisation_id for one in self._listeners) >= LISTENERS_MAX:
            return None
        listener = Listener(organisation_id, agent)
        self._listeners.add(listener)
        return listener

    @property
    def anybody(self) -> bool:
        return bool(self._listeners)

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def tell(self, happening: Happening) -> None:
        """To those of its organisation, and of one agent's listeners to that agent's."""
        for listener in self._listeners:
            ours = listener.organisation_id == happening.organisation_id
            if ours and listener.agent in ("", happening.agent):
                listener.offer(happening)
