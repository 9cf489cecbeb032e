"""Notices that calls began and ended: by asking the media worker, and after a stop from the traces."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

import structlog

from antiphon.errors import AntiphonError, DeadlineExceeded
from antiphon.server.api.call_shelf import CallFilter, owner
from antiphon.server.api.happenings import Happening
from antiphon.server.api.live_view import live_calls
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.telling import put_for_webhooks, tell
from antiphon.server.control import MediaClient
from antiphon.server.problems import Problem
from antiphon.storage.access import now_ms
from antiphon.storage.disk import on_disk

log = structlog.get_logger(__name__)

EVERY_S: Final = 0.5
LOOKS_PER_CHANGE: Final = 2
CHANGES_MAX: Final = 100  # Calls in one event.
# No words of a caller and no numbers: whoever may see those asks for the call.
CHANGING: Final = ("phase", "turns", "attention", "reasons", "cost_usd")
CAUGHT_UP_MAX: Final = 500  # Calls that ended while nobody watched.


class CallWatch:
    """One per control process."""

    def __init__(self, parts: ApiParts, media: MediaClient) -> None:
        self._parts = parts
        self._media = media
        self._up: dict[str, Mapping[str, Any]] = {}
        self._told: dict[str, dict[str, Any]] = {}
        self._looks = 0

    async def run(self) -> None:
        """As long as its owner."""
        await self.catch_up()
        while True:
            await self.look()
            await self.tell_changes()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Tell what has changed since the last look."""
        try:
            now_up = {str(call["call_id"]): call for call in await self._media.active()}
        except AntiphonError:
            return  # A worker that died is started again; what its calls became is in their traces.
        before, self._up = self._up, now_up
        if before.keys() == now_up.keys():
            return
        try:
            await self._tell_difference(before, now_up)
        except DeadlineExceeded:
            self._up = before  # The disk does not keep up: at the next look, each under the same id.

    async def _tell_difference(
        self, before: Mapping[str, Mapping[str, Any]], now_up: Mapping[str, Mapping[str, Any]]
    ) -> None:
        owners = await self._parts.organisations.owners()
        for call_id in now_up.keys() - before.keys():
            call = now_up[call_id]
            agent = str(call["agent"])
            began = {"call_id": call_id, "agent": agent, "line": str(call.get("line", ""))}
            await tell(
                self._parts, owner(owners, agent), "call.started", began, agent=agent,
                event_id=f"call.started:{call_id}",
            )  # fmt: skip
        for call_id in before.keys() - now_up.keys():
            await self._ended(call_id, str(before[call_id]["agent"]), owners)

    async def tell_changes(self) -> None:
        """What has changed of live calls since the last time, to who listens. Webhooks are not for this."""
        if not self._parts.happenings.anybody:
            self._told.clear()
            return
        self._looks += 1
        if self._looks % LOOKS_PER_CHANGE:
            return
        try:
            calls = await live_calls(self._media)
        except AntiphonError:
            return
        owners = await self._parts.organisations.owners()
        told, self._told = self._told, {}
        news: dict[str, list[dict[str, Any]]] = {}
        for call in calls:
            change = {name: call.get(name) for name in CHANGING}
            self._told[call["call_id"]] = change
            if told.get(call["call_id"]) != change:
                news.setdefault(str(call["agent"]), []).append({"call_id": call["call_id"], **change})
        for agent, changes in news.items():
            for first in range(0, len(changes), CHANGES_MAX):
                data = {"agent": agent, "calls": changes[first : first + CHANGES_MAX]}
                self._parts.happenings.tell(
                    Happening(
                        id=f"evt_{secrets.token_hex(12)}",
                        organisation_id=owner(owners, agent),
                        type="live.changed",
                        at_ms=now_ms(),
                        data=data,
                        agent=agent,
                    )
                )

    async def _ended(self, call_id: str, agent: str, owners: Mapping[str, str]) -> None:
        told: dict[str, Any] = {"call_id": call_id, "agent": agent}
        try:
            path = await on_disk(self._parts.shelf.path, lambda _: True, call_id)
            told = _end(await on_disk(self._parts.shelf.row, path))
        except Problem:
            log.warning("ended_call_without_trace", call=call_id)
        await tell(
            self._parts, owner(owners, agent), "call.ended", told, agent=agent,
            event_id=f"call.ended:{call_id}",
        )  # fmt: skip

    async def catch_up(self) -> None:
        """Webhooks hear of calls that ended while this process was not there; of each once."""
        webhooks = [one for one in await self._parts.outbox.all_enabled() if one.wants("call.ended")]
        if not webhooks:
            return
        owners = await self._parts.organisations.owners()
        since = CallFilter(from_ms=min(webhook.created_at_ms for webhook in webhooks))
        page = await on_disk(self._parts.shelf.page, lambda _: True, since, after="", limit=CAUGHT_UP_MAX)
        for row in page.calls:
            if row["closed"]:
                happening = Happening(
                    id=f"call.ended:{row['call_id']}",
                    organisation_id=owner(owners, row["agent"]),
                    type="call.ended",
                    at_ms=now_ms(),
                    data=_end(row),
                    agent=row["agent"],
                )
                await put_for_webhooks(self._parts, happening)


def _end(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("call_id", "agent", "line", "started_at_ms", "duration_ms", "outcome")
    }
