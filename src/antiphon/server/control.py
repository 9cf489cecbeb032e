"""What the routes work with: settings, the media worker behind its socket, whether calls are still taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec
from fastapi import Depends, Request

from antiphon.calls.control.reports import LegReport
from antiphon.calls.realtime import ClientSecrets
from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.calls.streams.webhooks import UNDATED_S, Replays
from antiphon.server.access.limits import Rate, RateLimit
from antiphon.server.rpc import RpcClient
from antiphon.server.settings import ServeSettings

if TYPE_CHECKING:
    from antiphon.server.api.parts import ApiParts
    from antiphon.server.keeping.service import IndexService

PLACE_TIMEOUT_S = 15.0  # A carrier has 10 s for its answer.
RELOAD_TIMEOUT_S = 60.0  # A new voice may say every phrase of the file once.
# A page rings once for a press of its button; a token that was stolen must not take every line.
OFFERS_OF_A_TOKEN = Rate(per_minute=10, burst=5)
OFFER_TIMEOUT_S = 15.0  # Gathering candidates through a STUN server can take several seconds.


class Supervised(Protocol):
    """A child process as far as health is concerned."""

    @property
    def name(self) -> str: ...

    @property
    def restarts(self) -> int: ...

    @property
    def is_ready(self) -> bool: ...


class MediaClient:
    """The media worker's methods, typed."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    async def close(self) -> None:
        await self._rpc.close()

    async def offer(
        self, agent: str, sdp: str, language: str = "", *, push_to_talk: bool = False
    ) -> dict[str, str]:
        asked = {"agent": agent, "sdp": sdp, "language": language, "push_to_talk": push_to_talk}
        return dict(await self._rpc.call("offer", timeout_s=OFFER_TIMEOUT_S, **asked))

    async def route(self, called: str, *, agent: str, caller: str, call_key: str) -> dict[str, str]:
        """What becomes of a call: `agent`, or whom to `forward` it to, or a `reason` for neither."""
        asked = {"called": called, "agent": agent, "caller": caller, "call_key": call_key}
        return dict(await self._rpc.call("route", timeout_s=3.0, **asked))

    async def routes(self) -> dict[str, Any]:
        """What the worker answers by (`routes_told.route_methods`); {} where there are no routes."""
        return dict(await self._rpc.call("routes", timeout_s=3.0))

    async def explain_route(
        self, called: str, *, caller: str, at_ms: int, language: str, hidden: Sequence[str] = ()
    ) -> dict[str, Any]:
        """As if there were no agents of the `hidden` names. Raises: CallFailed: No routes are in force."""
        asked = {"called": called, "caller": caller, "at_ms": at_ms, "language": language}
        return dict(await self._rpc.call("explain_route", timeout_s=3.0, **asked, hidden=list(hidden)))

    async def move_line(self, line_id: str, sdp: str) -> dict[str, str]:
        """{} when there is no such line."""
        return dict(await self._rpc.call("move", timeout_s=OFFER_TIMEOUT_S, line_id=line_id, sdp=sdp))

    async def close_line(self, line_id: str) -> bool:
        return bool(await self._rpc.call("close", line_id=line_id))

    async def active(self) -> list[Any]:
        return list(await self._rpc.call("active"))

    async def agents(self) -> list[dict[str, Any]]:
        return list(await self._rpc.call("agents"))

    async def outcome(self, key: str) -> dict[str, str]:
        return dict(await self._rpc.call("outcome", timeout_s=3.0, key=key))

    async def leg_report(self, leg: str, report: LegReport) -> bool:
        """News of a call we placed; whether it is of use to anybody yet."""
        told = msgspec.to_builtins(report)
        return bool(await self._rpc.call("leg_report", timeout_s=3.0, leg=leg, report=told))

    async def place(self, wanted: dict[str, Any]) -> dict[str, str]:
        """Place a call; what became of it so far."""
        return dict(await self._rpc.call("place", timeout_s=PLACE_TIMEOUT_S, wanted=wanted))

    async def placed(self, key: str) -> dict[str, str]:
        return dict(await self._rpc.call("placed", key=key))

    async def placed_report(self, key: str, report: LegReport) -> bool:
        """News of a call we placed; whether it is of use to anybody still."""
        told = msgspec.to_builtins(report)
        return bool(await self._rpc.call("placed_report", timeout_s=3.0, key=key, report=told))

    async def join_room(self, agent: str, room: str) -> None:
        """Send an agent into a LiveKit room. Raises: ConfigError: None are known. CallFailed."""
        await self._rpc.call("livekit_join", timeout_s=PLACE_TIMEOUT_S, agent=agent, room=room)

    async def end_call(self, call_id: str) -> None:
        await self._rpc.call("end_call", call_id=call_id)

    async def whisper(self, call_id: str, words: str) -> None:
        await self._rpc.call("whisper", call_id=call_id, words=words)

    async def reload_agent(self, file: str) -> None:
        """Answer calls by what this file of the folder of agents says. Raises ConfigError: It is wrong."""
        await self._rpc.call("reload_agent", timeout_s=RELOAD_TIMEOUT_S, file=file)

    async def live(self) -> dict[str, Any]:
        """What each call shows, by its id; {} of a worker that does not look."""
        return dict(await self._rpc.call("live", timeout_s=5.0))

    async def follow(self, call_id: str, *, sound: bool, by: str) -> dict[str, Any]:
        return dict(await self._rpc.call("follow", call_id=call_id, sound=sound, by=by))

    async def followed(self, ear: str) -> dict[str, Any]:
        return dict(await self._rpc.call("followed", timeout_s=5.0, ear=ear))

    async def unfollow(self, ear: str) -> None:
        await self._rpc.call("unfollow", ear=ear)

    async def take_over(self, call_id: str, sdp: str, *, by: str) -> dict[str, str]:
        """Answers an operator's offer."""
        return dict(
            await self._rpc.call("take_over", timeout_s=OFFER_TIMEOUT_S, call_id=call_id, sdp=sdp, by=by)
        )

    async def try_agent(self, file: str) -> dict[str, Any]:
        """Make a file of the folder callable under a name of its own. Raises ConfigError: It is wrong."""
        return dict(await self._rpc.call("try_agent", timeout_s=RELOAD_TIMEOUT_S, file=file))

    async def pass_on(self, call_id: str, target: str) -> str:
        return str(await self._rpc.call("pass_on", call_id=call_id, target=target))

    async def operate(self, call_id: str, act: str, digits: str = "") -> None:
        await self._rpc.call("operate", call_id=call_id, act=act, digits=digits)

    async def realtime(self, agent: str, session: dict[str, Any]) -> dict[str, Any]:
        """`port` of the media listener, and what a `session` begun so would be (`realtime.Answered`).

        Raises:
            ConfigError: No such agent.
        """
        return dict(await self._rpc.call("realtime", timeout_s=3.0, agent=agent, session=session))

    async def status(self) -> dict[str, Any]:
        return dict(await self._rpc.call("status", timeout_s=2.0))

    async def drain(self, timeout_s: float) -> None:
        await self._rpc.call("drain", timeout_s=timeout_s + 5.0, timeout_ms=int(timeout_s * 1000))


@dataclass(slots=True, kw_only=True)
class Control:
    """The control process's state. `draining` becomes true once, and stays so; `tokens` mints tickets for
    carriers' media streams, `sealed` addresses they ask later, `secrets` opens the media worker's Realtime
    endpoint; `replays` knows the webhooks that were taken, `undated` those without a date; `refused` counts
    webhooks, calls, transfers and placings that were not allowed; `offers` counts those of pages with a
    token; `api` is None where `/v1` is not served, `index` where no calls are kept."""

    settings: ServeSettings
    media: MediaClient
    tokens: StreamTokens | None = None
    sealed: Sealed | None = None
    secrets: ClientSecrets | None = None
    children: tuple[Supervised, ...] = ()
    ice_servers: tuple[dict[str, Any], ...] = ()
    draining: bool = False
    api: ApiParts | None = None
    index: IndexService | None = None
    replays: Replays = field(default_factory=Replays)
    undated: Replays = field(default_factory=lambda: Replays(lifetime_s=UNDATED_S, forgets=True))
    refused: Counter[str] = field(default_factory=Counter)
    offers: RateLimit = field(default_factory=lambda: RateLimit(OFFERS_OF_A_TOKEN))

    @property
    def is_ready(self) -> bool:
        return not self.draining and all(child.is_ready for child in self.children)


def control_of(request: Request) -> Control:
    control: Control = request.app.state.control
    return control


Current = Annotated[Control, Depends(control_of)]
