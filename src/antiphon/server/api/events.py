"""`/v1/events`: a WebSocket of live events. Nothing a client sends does anything; one that sends much is
shown the door."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import Any, Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from antiphon.server.access.limits import Rate, RateLimit
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api.gate import bearer
from antiphon.server.api.happenings import Listener
from antiphon.server.api.parts import ApiParts
from antiphon.server.problems import Problem
from antiphon.storage.access import now_ms

router = APIRouter()

PROTOCOL: Final = "antiphon.v1"
_TOKEN: Final = "antiphon.token."
CHECK_S: Final = 30.0  # How long a revoked key may go on listening.
SENT_MAX_CHARS: Final = 1024
_TALKATIVE: Final = Rate(per_minute=60, burst=20)
# RFC 6455, 7.4.1 and, from 4000, our own.
GOING_AWAY, TOO_BIG, POLICY, NOT_KNOWN, FORBIDDEN, TOO_MANY = 1001, 1009, 1008, 4401, 4403, 4429


@router.websocket("/events")
async def events(socket: WebSocket) -> None:
    """Events as they happen, one JSON object a message. A browser sends its token as a subprotocol, because
    it cannot set headers: `antiphon.v1, antiphon.token.TOKEN`."""
    admitted = await welcome(socket, Permission.EVENTS_READ)
    if admitted is None:
        return
    parts, principal = admitted
    listener = parts.happenings.listen(principal.organisation_id, principal.agent)
    if listener is None:
        await socket.close(TOO_MANY, "too many listeners")
        return
    try:
        with contextlib.suppress(WebSocketDisconnect):  # Gone before it was told anything.
            await _serve(socket, parts, principal, listener)
    finally:
        parts.happenings.leave(listener)


async def welcome(socket: WebSocket, permission: Permission) -> tuple[ApiParts, Principal] | None:
    """Accept a socket and find out who it is; None: it has been closed, and told why."""
    parts: ApiParts | None = socket.app.state.control.api
    offered = socket.scope.get("subprotocols", [])
    # Accepted first: a browser is not told why a handshake failed, but it is told why a socket was closed.
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    if parts is None:
        await socket.close(GOING_AWAY, "the API is not open on this process")
        return None
    try:
        return parts, await _admitted(socket, parts, offered, permission)
    except Problem as problem:
        codes = {401: NOT_KNOWN, 403: FORBIDDEN, 429: TOO_MANY}
        await socket.close(codes.get(problem.status, POLICY), problem.detail)
        return None


async def _admitted(
    socket: WebSocket, parts: ApiParts, offered: list[str], permission: Permission
) -> Principal:
    token = next((name.removeprefix(_TOKEN) for name in offered if name.startswith(_TOKEN)), "")
    principal = await parts.entrance.admit(
        token or bearer(socket.headers.get("authorization", "")),
        address=socket.client.host if socket.client else "",
        organisation=socket.headers.get("antiphon-organisation", ""),
    )
    if not principal.may(permission):
        raise Problem(403, f"this needs the permission {permission}")
    return principal


async def _serve(socket: WebSocket, parts: ApiParts, principal: Principal, listener: Listener) -> None:
    """Until the first of them is over: the client, his patience, his credential."""
    await socket.send_text(_message(type="ready", organisation=principal.organisation_id))
    await until_one_is_over(socket, _send(socket, listener), read_nothing(socket), watch(parts, principal))


Ending = Coroutine[Any, Any, tuple[int, str]]


async def until_one_is_over(socket: WebSocket, *parts: Ending) -> None:
    """Each gives the code and the reason to close the socket with; 0 when it is closed already."""
    work = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for part in work:
            if part.done() and not part.cancelled() and part.exception() is None:
                code, reason = part.result() or (0, "")
                if code:
                    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                        await socket.close(code, reason)
    finally:
        for part in work:
            part.cancel()
        # A connection that broke is told to the sender as an error; it is over either way.
        await asyncio.gather(*work, return_exceptions=True)


async def _send(socket: WebSocket, listener: Listener) -> tuple[int, str]:
    while True:
        happening = await listener.next()
        await socket.send_text(_message(**happening.told()))
        if listener.missed and not listener.waiting:
            missed, listener.missed = listener.missed, 0
            await socket.send_text(_message(type="missed", count=missed))


async def read_nothing(socket: WebSocket) -> tuple[int, str]:
    """What the client sends is counted and thrown away."""
    talk = RateLimit(_TALKATIVE)
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return 0, ""
        sent = message.get("text") or message.get("bytes") or ""
        if len(sent) > SENT_MAX_CHARS:
            return TOO_BIG, "nothing is expected from you"
        if talk.wait_s("") > 0:
            return POLICY, "too many messages"


async def watch(parts: ApiParts, principal: Principal) -> tuple[int, str]:
    """Returns once the credential is no longer good."""
    while True:
        wait_s = CHECK_S
        if principal.good_until_ms is not None:
            wait_s = min(wait_s, (principal.good_until_ms - now_ms()) / 1000)
        if wait_s <= 0:
            return NOT_KNOWN, "the credential is over"
        await asyncio.sleep(wait_s)
        if not await parts.entrance.still_good(principal):
            return NOT_KNOWN, "the credential was revoked"


def _message(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))
