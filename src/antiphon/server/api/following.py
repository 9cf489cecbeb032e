"""`/v1/live/{call_id}/follow`: read along with a live call, and listen in, over a WebSocket.

Words come as JSON text, sound as binary messages: 100 ms of the caller, then as much of the agent, in the
encoding that "ready" names. Who does not keep up is told so and let go. Nothing a client sends does anything.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from antiphon.errors import AntiphonError, CallFailed, ConfigError
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api.events import (
    FORBIDDEN,
    GOING_AWAY,
    TOO_MANY,
    read_nothing,
    until_one_is_over,
    watch,
    welcome,
)
from antiphon.server.api.live import must_be_up
from antiphon.server.api.parts import ApiParts
from antiphon.server.control import Control, MediaClient
from antiphon.server.problems import Problem
from antiphon.storage.access import Deed

router = APIRouter()

NO_SUCH_CALL, OVER, TOO_SLOW = 4404, 1000, 4408


@router.websocket("/live/{call_id}/follow")
async def follow_live_call(socket: WebSocket, call_id: str, sound: bool = False) -> None:
    """Reading along needs `calls:read`; listening in (`?sound=true`) needs `calls:listen` and is audited."""
    admitted = await welcome(socket, Permission.CALLS_READ)
    if admitted is None:
        return
    parts, principal = admitted
    control: Control = socket.app.state.control
    if sound and not principal.may(Permission.CALLS_LISTEN):
        await parts.audit.begin(_deed(socket, principal, call_id), outcome="denied")
        await socket.close(FORBIDDEN, f"this needs the permission {Permission.CALLS_LISTEN}")
        return
    try:
        await must_be_up(call_id, principal, parts, control)
        with contextlib.suppress(WebSocketDisconnect):
            await _follow(socket, parts, principal, call_id, sound)
    except (Problem, ConfigError):
        await socket.close(NO_SUCH_CALL, "no such call")
    except CallFailed as error:
        await socket.close(TOO_MANY, str(error))
    except AntiphonError:
        await socket.close(GOING_AWAY, "the media worker is not there")


async def _follow(
    socket: WebSocket, parts: ApiParts, principal: Principal, call_id: str, sound: bool
) -> None:
    media: MediaClient = socket.app.state.control.media
    # Written before the first sound is heard.
    deed = await parts.audit.begin(_deed(socket, principal, call_id)) if sound else None
    outcome = "404"
    try:
        told = await media.follow(call_id, sound=sound, by=principal.subject)
        outcome = "200"
        ear = told.pop("ear")
        try:
            await socket.send_text(_text({"type": "ready", "call_id": call_id, **told}))
            await until_one_is_over(
                socket, _tell(socket, media, ear), read_nothing(socket), watch(parts, principal)
            )
        finally:
            with contextlib.suppress(AntiphonError):
                await media.unfollow(ear)
    finally:
        if deed is not None:
            await parts.audit.finish(deed, outcome)


async def _tell(socket: WebSocket, media: MediaClient, ear: str) -> tuple[int, str]:
    """Sound and words as they come. The socket's own buffer is what a slow network fills: while it is full
    nothing is fetched, and the worker's short queue runs over and ends it."""
    while True:
        try:
            told = await media.followed(ear)
        except ConfigError:
            return TOO_SLOW, "too slow to follow"
        except AntiphonError:
            return GOING_AWAY, "the media worker is not there"
        for message in told["messages"]:
            await socket.send_text(_text(message))
        for piece in told["pieces"]:
            await socket.send_bytes(piece)
        if told["over"]:
            too_slow = told["over"] == "too_slow"
            return (TOO_SLOW, "too slow to follow") if too_slow else (OVER, "the call has ended")


def _deed(socket: WebSocket, principal: Principal, call_id: str) -> Deed:
    return Deed(
        organisation_id=principal.organisation_id,
        actor=principal.subject,
        action="listen_in",
        target={"call_id": call_id[:100]},
        address=socket.client.host if socket.client else "",
    )


def _text(message: Mapping[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
