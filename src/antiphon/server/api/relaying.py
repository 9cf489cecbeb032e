"""One client's WebSocket passed on to the media worker's, message by message, both ways.

Neither side is read faster than the other takes it, so nothing piles up here: who is too slow or too loud is
dealt with by the media worker, as on its own listener.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
from typing import Final
from urllib.parse import urlencode

from fastapi import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from antiphon.server.problems import Problem

CONNECT_S: Final = 5.0
CLOSE_S: Final = 2.0
_LOST: Final = (1011, "the media worker is gone")
# Codes that are never on the wire (RFC 6455, 7.4.1): one side went without a word.
_UNSAID: Final = frozenset({1005, 1006, 1015})
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}


def address_of_worker(host: str, port: int) -> tuple[str, int]:
    """Where a listener on `host` is found from this machine."""
    return _EVERYWHERE.get(host, host), port


class Relay:
    """Made connected; `run` is over when either side is."""

    def __init__(self, worker: ClientConnection) -> None:
        self._worker = worker

    @classmethod
    async def connect(cls, where: tuple[str, int], agent: str, secret: str) -> Relay:
        """Args:
            secret: What the media worker lets in.

        Raises:
            Problem: It refused, or is not there.
        """
        host, port = where
        named = f"[{host}]" if ":" in host else host
        # A socket of our own: proxies of the environment are for the world outside.
        link = sockets.socket(sockets.AF_INET6 if ":" in host else sockets.AF_INET)
        link.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().sock_connect(link, where)
                worker = await connect(
                    f"ws://{named}:{port}/v1/realtime?{urlencode({'model': agent})}",
                    sock=link,
                    additional_headers={"Authorization": f"Bearer {secret}"},
                    compression=None,
                    max_size=None,  # It is ours.
                    ping_interval=None,  # The worker asks for signs of life itself.
                    close_timeout=CLOSE_S,
                )
        except InvalidStatus as refused:
            link.close()
            said = refused.response.body.decode("utf-8", "replace").strip()
            raise Problem(refused.response.status_code, said or "the media worker refused") from None
        except (OSError, TimeoutError, InvalidHandshake):
            link.close()
            raise Problem(503, "the media worker cannot be reached") from None
        return cls(worker)

    async def run(self, client: WebSocket) -> None:
        """`client` is accepted already."""
        up = asyncio.ensure_future(self._up(client))
        down = asyncio.ensure_future(self._down(client))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            if up.done() and not up.result():
                await down  # The worker's last words are still on their way.
        finally:
            for way in (up, down):
                way.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            await self._worker.close()

    async def _up(self, client: WebSocket) -> bool:
        """Until one side is gone; whether it is the client."""
        try:
            while True:
                message = await client.receive()
                if message["type"] == "websocket.disconnect":
                    return True
                text, data = message.get("text"), message.get("bytes")
                await self._worker.send(text if text is not None else data or b"")
        except ConnectionClosed:
            return False

    async def _down(self, client: WebSocket) -> None:
        """Until the worker has hung up; the client is told with its words."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    message = await self._worker.recv()
                    await client.send_text(message if isinstance(message, str) else message.decode())
            code, reason = self._worker.close_code or 1006, self._worker.close_reason or ""
            if code in _UNSAID:
                code, reason = _LOST
            await client.close(code, reason)
