"""All browser calls of one media worker."""

from __future__ import annotations

import asyncio
import secrets

from antiphon.calls.browser.line import BrowserLine
from antiphon.calls.browser.settings import BrowserSettings
from antiphon.errors import CallFailed
from antiphon.runtime.arrivals import Switchboard


class BrowserLines:
    """Answers offers up to a bound and knows which lines are up."""

    def __init__(self, switchboard: Switchboard, settings: BrowserSettings) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._lines: dict[str, BrowserLine] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._lines)

    async def offer(
        self, agent: str, sdp: str, *, called: str = "", push_to_talk: bool = False
    ) -> tuple[str, str]:
        """Answer a page's offer; gives the line's id and the answer's SDP.

        Args:
            called: The name the page asked for, where another agent answers it.
            push_to_talk: The page has a talk button, whatever the agent's file says.

        Raises:
            CallFailed: No line is free, or the offer cannot be used.
        """
        if len(self._lines) >= self._settings.lines_max:
            raise CallFailed("every line is busy")
        line_id = secrets.token_urlsafe(12)
        line = BrowserLine(line_id, agent, self._switchboard, self._settings, self._gone)
        line.called, line.push_to_talk = called or agent, push_to_talk
        self._lines[line_id] = line
        self._empty.clear()
        try:
            return line_id, await line.open(sdp)
        except CallFailed:
            self._gone(line_id)
            raise

    async def move(self, line_id: str, sdp: str) -> str | None:
        """Another offer for a call that is up, from a page whose network has changed; None: no such call.

        Raises:
            CallFailed: The offer cannot be used.
        """
        line = self._lines.get(line_id)
        return await line.move(sdp) if line is not None else None

    def close(self, line_id: str) -> bool:
        """Hang up one line for its caller (a page that is going away). False when there is none."""
        line = self._lines.get(line_id)
        if line is None:
            return False
        line.finish("hangup")
        return True

    async def close_all(self) -> None:
        """Close what is still up; returns when every connection is gone."""
        for line in list(self._lines.values()):
            line.finish("error: worker stopping")
        await self._empty.wait()

    def _gone(self, line_id: str) -> None:
        self._lines.pop(line_id, None)
        if not self._lines:
            self._empty.set()
