"""Rime's sockets: one sentence at a time on each, because `clear` drops whatever a socket still has to say.
Kept between sentences, and after an interruption too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import uuid4

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.failures import socket_errors
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.providers.rime import wire

KEPT_MAX = 16  # For one voice; a sentence beyond them opens its own.
_SEND_S = 2.0
_CLOSE_S = 0.5


@dataclass(slots=True, eq=False)
class _Socket:
    """Attributes: cleared: What was cut may still send a `done` without saying whose."""

    link: Any
    fresh: bool = True
    cleared: bool = False
    heard: bool = False


class RimeSockets:
    """The connections of this process to Rime. `url` is "wss://host"."""

    def __init__(self, url: str, key: str, limits: SpeakingLimits) -> None:
        self._connect = import_module("websockets.asyncio.client").connect
        self._url, self._key, self._limits = url, key, limits
        self._kept: dict[wire.RimeVoice, list[_Socket]] = {}
        self._warming: dict[wire.RimeVoice, asyncio.Task[ProviderError | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def warm(self, voice: wire.RimeVoice) -> None:
        """Have one that is free for the next sentence. That Rime cannot be reached is found out by it."""
        kept = self._kept.get(voice, [])
        kept[:] = [socket for socket in kept if socket.link.close_code is None]
        if kept:
            return
        if voice not in self._warming:
            self._warming[voice] = asyncio.ensure_future(self._warm(voice))
        # Shared with others who wait, so it outlives whoever gives up first.
        await asyncio.shield(self._warming[voice])

    async def _warm(self, voice: wire.RimeVoice) -> ProviderError | None:
        try:
            self._keep(voice, await self._open(voice))
            return None
        except ProviderError as error:
            return error
        finally:
            del self._warming[voice]

    async def speak(self, voice: wire.RimeVoice, text: str) -> AsyncGenerator[wire.Said, None]:
        """What Rime says of one sentence; closing the iterator has the rest of it dropped.

        Raises:
            ProviderUnavailable, ProviderRejected, ProviderProtocolError.
        """
        socket = await self._take(voice)
        while True:
            context, ended = uuid4().hex, False
            socket.heard = False
            try:
                await self._begin(socket, context, text)
                async with aclosing(self._receive(socket, context)) as messages:
                    async for said in messages:
                        ended = said.done
                        yield said
                return
            except ProviderUnavailable:
                if socket.fresh or socket.heard:
                    raise
                # It was closed while nobody spoke, and nobody has heard a word yet.
            finally:
                self._leave(voice, socket, ended=ended)
            socket = await self._open(voice)

    async def _begin(self, socket: _Socket, context: str, text: str) -> None:
        try:
            with socket_errors(wire.NAME):
                async with asyncio.timeout(_SEND_S):
                    for message in wire.begin(context, text):
                        await socket.link.send(json.dumps(message))
        except TimeoutError:
            raise ProviderUnavailable(wire.NAME, "does not take what it is sent") from None

    async def _receive(self, socket: _Socket, context: str) -> AsyncGenerator[wire.Said, None]:
        done = False
        while not done:
            with socket_errors(wire.NAME):
                message = await socket.link.recv()
            said = wire.said(message)
            unsigned = said.context is None and socket.cleared and not socket.heard
            if said.context not in (None, context) or unsigned:
                continue  # Of a sentence that was cut: what was under way still comes.
            if said.failed:
                raise ProviderUnavailable(wire.NAME, "an error instead of speech")
            socket.heard = True
            done = said.done
            yield said

    async def _take(self, voice: wire.RimeVoice) -> _Socket:
        warming = self._warming.get(voice)
        if warming is not None and (error := await asyncio.shield(warming)) is not None:
            raise error
        kept = self._kept.get(voice, [])
        while kept:
            socket = kept.pop()
            if socket.link.close_code is None:
                socket.fresh = False
                return socket
        return await self._open(voice)

    async def _open(self, voice: wire.RimeVoice) -> _Socket:
        connecting = self._connect(
            f"{self._url}/ws3?{wire.query(voice)}",
            additional_headers={"Authorization": f"Bearer {self._key}"},
            open_timeout=None,
            close_timeout=_CLOSE_S,
            max_size=None,
        )
        try:
            with socket_errors(wire.NAME):
                async with asyncio.timeout(self._limits.connect_ms / 1000):
                    return _Socket(await connecting)
        except TimeoutError:
            raise ProviderUnavailable(wire.NAME, "no connection in time") from None

    def _leave(self, voice: wire.RimeVoice, socket: _Socket, *, ended: bool) -> None:
        """Returns at once, whatever the network does."""
        if ended:
            socket.cleared = False
            self._keep(voice, socket)
        elif socket.heard and socket.link.close_code is None:
            self._spawn(self._cut(voice, socket))
        else:
            # Not a word from it: it may be dead without having said so.
            self._spawn(self._close(socket))

    async def _cut(self, voice: wire.RimeVoice, socket: _Socket) -> None:
        socket.cleared = True
        try:
            async with asyncio.timeout(_SEND_S):
                with socket_errors(wire.NAME):
                    await socket.link.send(json.dumps(wire.CLEAR))
        except (ProviderError, TimeoutError):
            await self._close(socket)
        else:
            self._keep(voice, socket)

    def _keep(self, voice: wire.RimeVoice, socket: _Socket) -> None:
        kept = self._kept.setdefault(voice, [])
        if len(kept) < KEPT_MAX and socket.link.close_code is None:
            kept.append(socket)
        else:
            self._spawn(self._close(socket))

    async def _close(self, socket: _Socket) -> None:
        with suppress(ProviderUnavailable, ProviderProtocolError), socket_errors(wire.NAME):
            await socket.link.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
