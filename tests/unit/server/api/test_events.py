"""Live events over a real WebSocket: who may listen, to what, for how long, and what floods do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import websockets
from tests.doubles.api_world import ApiWorld, api_world

from antiphon.server.access.roles import Role
from antiphon.server.api import events, happenings
from antiphon.server.api.telling import tell
from antiphon.server.serving import WEBSOCKET_MAX_BYTES, bind

OPEN_S = 10
BROKEN = 1006  # RFC 6455, 7.4.1: without a closing frame.


@asynccontextmanager
async def served(world: ApiWorld) -> AsyncIterator[str]:
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(world.app, log_config=None, access_log=False, ws_max_size=WEBSOCKET_MAX_BYTES)
    http = uvicorn.Server(config)
    serving = asyncio.ensure_future(http.serve(sockets=[listener]))
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/v1/events"
    finally:
        http.should_exit = True
        await serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


@pytest.fixture
async def url(world: ApiWorld) -> AsyncIterator[str]:
    async with served(world) as address:
        yield address


def shown(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


async def heard(socket: websockets.ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(OPEN_S):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def closed(socket: websockets.ClientConnection) -> int:
    """The code the server closed it with."""
    async with asyncio.timeout(OPEN_S):
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as over:
            # What a flood has left unread makes the kernel reset the connection, and the word is lost.
            return over.rcvd.code if over.rcvd is not None else BROKEN


async def test_events_of_ones_organisation_are_heard_and_no_others(world: ApiWorld, url: str) -> None:
    key = await world.key(Role.OPERATOR)
    async with websockets.connect(url, additional_headers=shown(key)) as socket:
        assert await heard(socket) == {"type": "ready", "organisation": "default"}
        await tell(world.parts, "org_other", "call.started", {"call_id": "theirs"})
        await tell(world.parts, "default", "call.started", {"call_id": "ours"}, agent="clinic")
        event = await heard(socket)
        assert (event["type"], event["data"]) == ("call.started", {"call_id": "ours"})


async def test_a_page_shows_its_token_as_a_subprotocol(world: ApiWorld, url: str) -> None:
    async with world.client(await world.key(Role.OPERATOR)) as client:
        made = await client.post("/v1/tokens", json={"scopes": ["events:read"], "agent": "clinic"})
    offered: Any = ["antiphon.v1", f"antiphon.token.{made.json()['token']}"]
    async with websockets.connect(url, subprotocols=offered) as socket:
        assert socket.subprotocol == "antiphon.v1"  # The token does not come back.
        assert (await heard(socket))["type"] == "ready"
        await tell(world.parts, "default", "call.started", {"call_id": "b"}, agent="bank")
        await tell(world.parts, "default", "call.started", {"call_id": "c"}, agent="clinic")
        assert (await heard(socket))["data"] == {"call_id": "c"}


@pytest.mark.parametrize("headers", [{}, shown("apk_wrong"), {"Authorization": "Basic x"}])
async def test_strangers_hear_nothing(url: str, headers: dict[str, str]) -> None:
    async with websockets.connect(url, additional_headers=headers) as socket:
        assert await closed(socket) == events.NOT_KNOWN


async def test_a_role_without_the_permission_hears_nothing(world: ApiWorld, url: str) -> None:
    key = await world.key(Role.AUDITOR)
    async with websockets.connect(url, additional_headers=shown(key)) as socket:
        assert await closed(socket) == events.FORBIDDEN


async def test_another_sites_page_cannot_listen_in_on_a_laptop(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}) as world, served(world) as url:
        async with websockets.connect(url) as socket:
            assert (await heard(socket))["type"] == "ready"
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url, origin=websockets.Origin("https://evil.example"))
        assert refused.value.response.status_code == 403


async def test_a_revoked_key_does_not_go_on_listening(
    world: ApiWorld, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "CHECK_S", 0.02)
    key = await world.key(Role.OWNER)
    async with websockets.connect(url, additional_headers=shown(key)) as socket:
        assert (await heard(socket))["type"] == "ready"
        await world.parts.keys.revoke("default", key.split("_")[1])
        assert await closed(socket) == events.NOT_KNOWN


async def test_a_credential_that_runs_out_closes_its_connection(world: ApiWorld, url: str) -> None:
    async with world.client(await world.key(Role.OWNER)) as client:
        made = await client.post("/v1/tokens", json={"scopes": ["events:read"], "life_s": 1})
    async with websockets.connect(url, additional_headers=shown(made.json()["token"])) as socket:
        assert await closed(socket) == events.NOT_KNOWN


async def test_a_client_that_talks_too_much_or_too_long_is_shown_the_door(world: ApiWorld, url: str) -> None:
    key = await world.key(Role.OWNER)
    async with websockets.connect(url, additional_headers=shown(key)) as flood:
        for _ in range(100):
            try:
                await flood.send("x")
            except websockets.ConnectionClosed:
                break
        assert await closed(flood) in {events.POLICY, BROKEN}
    for size in (2000, WEBSOCKET_MAX_BYTES * 2):
        async with websockets.connect(url, additional_headers=shown(key)) as large:
            await large.send("x" * size)
            assert await closed(large) in {events.TOO_BIG, BROKEN}
    async with websockets.connect(url, additional_headers=shown(key)) as socket:
        assert (await heard(socket))["type"] == "ready"
    assert await _nobody_listens(world)


async def test_so_many_may_listen_and_no_more(
    world: ApiWorld, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happenings, "LISTENERS_MAX", 1)
    key = await world.key(Role.OWNER)
    async with websockets.connect(url, additional_headers=shown(key)) as first:
        assert (await heard(first))["type"] == "ready"
        async with websockets.connect(url, additional_headers=shown(key)) as second:
            assert await closed(second) == events.TOO_MANY


def test_who_listens_too_slowly_misses_some_and_is_told_how_many() -> None:
    hub = happenings.Happenings()
    slow, fast = hub.listen("default"), hub.listen("default")
    assert slow is not None
    assert fast is not None
    for number in range(happenings.WAITING_MAX + 7):
        hub.tell(happenings.Happening(id=str(number), organisation_id="default", type="x", at_ms=0, data={}))
        fast.waiting.clear()
    assert (len(slow.waiting), slow.missed, fast.missed) == (happenings.WAITING_MAX, 7, 0)
    hub.leave(slow)
    hub.leave(slow)


async def _nobody_listens(world: ApiWorld) -> bool:
    async with asyncio.timeout(OPEN_S):
        while world.parts.happenings._listeners:
            await world.parts.keys.any_good()  # A real round trip: others get their turn.
    return True
