"""`api_world` on a port, with a media worker's Realtime listener behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from tests.doubles.api_world import SECRET, ApiWorld

from antiphon.calls.carriers import carrier_server
from antiphon.calls.realtime import ClientSecrets, KeyGate, RealtimeServer
from antiphon.runtime.arrivals import Switchboard
from antiphon.server.serving import WEBSOCKET_MAX_BYTES, bind


@asynccontextmanager
async def on_a_port(world: ApiWorld) -> AsyncIterator[str]:
    """`host:port` of the application as `antiphon serve` runs it."""
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(world.app, log_config=None, access_log=False, ws_max_size=WEBSOCKET_MAX_BYTES)
    http = uvicorn.Server(config)
    serving = asyncio.ensure_future(http.serve(sockets=[listener]))
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        http.should_exit = True
        await serving


@dataclass(slots=True)
class Desk:
    """`host` is the API's; `realtime` the worker's sessions."""

    host: str
    realtime: RealtimeServer


@asynccontextmanager
async def realtime_desk(world: ApiWorld, switchboard: Switchboard) -> AsyncIterator[Desk]:
    """Both processes' listeners in one loop."""
    gate = KeyGate([], ClientSecrets(SECRET), loopback=False)
    realtime = RealtimeServer(switchboard, gate, world.media.offered, guarded=True)
    worker = carrier_server(switchboard, None, doors={"v1": realtime.welcome})
    await worker.start()
    world.media.realtime_port = worker.port
    try:
        async with on_a_port(world) as host:
            yield Desk(host, realtime)
    finally:
        await realtime.stop()
        await worker.close()
