"""Listening in on a live call: both channels in small pieces, half a second behind the line.

The half second is what a clear can take back of the agent's speech, and what lines the channels up. Who
listens has a short queue of his own; if he does not keep up he is dropped, never waited for: the call does
not know.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from antiphon.audio.ports import LineFormat
from antiphon.calls.recording.tracks import Piece, Tracks

PIECE_MS: Final = 100
SETTLED_MS: Final = 400  # A line's lead is at most 200 ms; what was sent longer ago was heard.
PIECES_MAX: Final = 40  # Four seconds; a network that stands still for longer is no use to who listens.
MESSAGES_MAX: Final = 300  # More than a call's words so far, which come first and at once.


class Ear:
    """One who follows a call, by sound, by words or both.

    Attributes:
        over: Why nothing more comes, "" while it does: "ended", "too_slow", "left".
    """

    def __init__(self, line_format: LineFormat, *, sound: bool) -> None:
        self.line_format, self.sound = line_format, sound
        self.over = ""
        self._pieces: deque[Piece] = deque()
        self._messages: deque[Mapping[str, object]] = deque()
        self._news = asyncio.Event()

    def hear(self, piece: Piece) -> None:
        if self.sound:
            self._take(self._pieces, piece, PIECES_MAX)

    def read(self, message: Mapping[str, object]) -> None:
        self._take(self._messages, message, MESSAGES_MAX)

    def _take(self, queue: deque[Any], one: object, limit: int) -> None:
        if self.over:
            return
        if len(queue) >= limit:
            self.close("too_slow")
            return
        queue.append(one)
        self._news.set()

    def close(self, why: str) -> None:
        if not self.over:
            self.over = why
            if why == "too_slow":
                self._pieces.clear()
            self._news.set()

    async def next(self, wait_s: float) -> dict[str, Any]:
        """What has come since, {"pieces", "messages", "over"}; empty when nothing has for this long."""
        if not self._news.is_set():
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                pass
        self._news.clear()
        told = {
            "pieces": [piece.caller + piece.agent for piece in self._pieces],
            "messages": [dict(message) for message in self._messages],
            "over": self.over,
        }
        self._pieces.clear()
        self._messages.clear()
        return told


class Listening:
    """Implements `LineTap`: all who listen in on one call.

    Args:
        now_ms: Call time.
    """

    def __init__(self, line_format: LineFormat, now_ms: Callable[[], int]) -> None:
        self._format, self._now_ms = line_format, now_ms
        self._tracks: Tracks | None = None
        self.ears: set[Ear] = set()

    def caller(self, pcm: bytes) -> None:
        if self._tracks is None:
            # Begun with a block of the caller's, so that both channels begin at its first sample.
            bytes_per_ms = 2 * self._format.sample_rate_hz // 1000
            since_ms = self._now_ms() - len(pcm) // bytes_per_ms
            self._tracks = Tracks(self._format, since_ms, piece_ms=PIECE_MS, settled_ms=SETTLED_MS)
        self._tracks.caller(pcm)
        for piece in self._tracks.settled():
            for ear in self.ears:
                ear.hear(piece)

    def sent(self, payload: bytes) -> None:
        if self._tracks is not None:
            self._tracks.agent(payload, self._now_ms())

    def cleared(self) -> None:
        if self._tracks is not None:
            self._tracks.cleared(self._now_ms())
