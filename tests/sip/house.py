"""A SIP worker in its own process, the media worker's side of it in this one: a real media plane in real
time, a switchboard whose agents say a tone, and ears that note."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from tests.doubles.media_line import EnergyVad, Notes, tone

from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.sip import SipLines, wire
from antiphon.calls.sip.lines import Router
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Arrival, CallerView, Switchboard
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.runtime.media.ports import Line
from antiphon.server.supervisor import ChildProcess

GREETING_HZ = 440  # `tone` says it.
HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
Told = TypeVar("Told")


WITHIN_S = 20.0  # A bound for a machine with better things to do; a silent far end is hung up after 30.


async def until(condition: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
    """Return as soon as the condition holds; fails when it does not in time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(within_s):
        while not condition():
            turn = loop.create_future()
            loop.call_later(0.01, _wake, turn)
            await turn


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def free_media_ports() -> int:
    """The first of two even ones that nobody has: SIPp takes the next for pictures, RTCP the odd ones."""
    while True:
        port = free_port() & ~1
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for number in range(port, port + 4):
                probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((HOST, number))
            return port


def free_tcp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class LiveCall:
    """One call as the driver sees it."""

    def __init__(self, call_id: str, arrival: Arrival, line: Line, notes: Notes) -> None:
        self.call_id, self.arrival, self.line, self.notes = call_id, arrival, line, notes

    @property
    def keys(self) -> str:
        return "".join(str(digit) for _, digit, _ in self.notes.named("dtmf"))

    @property
    def closed(self) -> str:
        """Why the line says it is over, "" while it is up."""
        return "".join(str(reason) for _, reason, _ in self.notes.named("closed"))

    @property
    def heard(self) -> np.ndarray:
        return np.frombuffer(bytes(self.notes.audio), "<i2")

    def finished(self, reply: str) -> bool:
        return any(name == reply for _, name, _ in self.notes.named("finished"))

    def say(self, reply: str, samples: np.ndarray) -> None:
        self.line.play(reply, samples.astype("<i2").tobytes())
        self.line.finish(reply)


class LiveSwitchboard:
    """Answers for "clinic" and "bank" with a second of tone. `calls` holds what arrived."""

    def __init__(self, plane: MediaPlane, greeting_ms: int) -> None:
        self._plane, self._greeting_ms = plane, greeting_ms
        self.calls: list[LiveCall] = []
        self.full = False

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        if arrival.agent not in {"clinic", "bank"}:
            raise ConfigError(f"no agent {arrival.agent}")
        if self.full:
            raise CallFailed("no capacity")
        notes = Notes()
        source, line = self._plane.attach(arrival.line_format, sink, notes, arrival.lead_ms)
        call = LiveCall(f"call-{len(self.calls) + 1}", arrival, line, notes)
        self.calls.append(call)
        if self._greeting_ms:
            call.say("greeting", tone(self._greeting_ms))
        return call.call_id, source


class SipHouse:
    """`async with SipHouse(...) as house`: `house.calls` come in at `house.address`.

    Args:
        environ: Trunks, routes and peers for the SIP worker.
        router, users: In place of `routes`.
        switchboard: In place of the one that says a tone; or who makes it, for this media plane.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        routes: Mapping[str, str] | None = None,
        greeting_ms: int = 1000,
        switchboard: Switchboard | Callable[[MediaPlane], Switchboard] | None = None,
        agents: tuple[str, ...] = ("clinic", "bank"),
        escalation: Callable[[str], ColdTransfer | None] = lambda call_id: None,
        has_room: Callable[[], bool] = lambda: True,
        router: Router | None = None,
        users: Collection[str] = (),
        rtp_ports: str = "",
    ) -> None:
        vads = (EnergyVad(rate_hz, remembers=False) for rate_hz in (8000, 16000))
        self.plane = MediaPlane(*vads)
        self.switchboard = LiveSwitchboard(self.plane, greeting_ms)
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="sip-"))
        self.socket = self._folder / "sip.sock"
        if callable(switchboard):
            switchboard = switchboard(self.plane)
        self.lines = SipLines(
            switchboard or self.switchboard,
            self.socket,
            agents,
            routes=routes or {},
            escalation=escalation,
            has_room=has_room,
            router=router,
            users=users,
        )
        self.worker = sip_worker(self.socket, self.port, environ or {}, rtp_ports)
        self._clock: asyncio.Task[None] | None = None

    @property
    def calls(self) -> list[LiveCall]:
        return self.switchboard.calls

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def uri(self, user: str) -> str:
        return f"sip:{user}@{self.address}"

    async def __aenter__(self) -> Self:
        await self.lines.start()
        self._clock = asyncio.get_running_loop().create_task(MediaClock(self.plane).run())
        await self.worker.start()
        await until(lambda: self.lines.is_connected)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.worker.stop()
        await self.lines.stop()
        if self._clock is not None:
            self._clock.cancel()
            with suppress(asyncio.CancelledError):
                await self._clock

    async def call(self, number: int = -1, *, within_s: float = WITHIN_S) -> LiveCall:
        """The call of that number (from 0), or the next to come."""
        wanted = len(self.calls) + 1 if number < 0 else number + 1
        await until(lambda: len(self.calls) >= wanted, within_s=within_s)
        return self.calls[wanted - 1]

    def usage(self) -> dict[str, int]:
        return usage(self.worker.pid)


class RingingHouse:
    """A SIP worker whose media worker is told of calls for "clinic" and answers none."""

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[object] = []
        self._socket = Path(tempfile.mkdtemp(prefix="sip-")) / "sip.sock"
        self._worker = sip_worker(self._socket, self.port, {}, "")
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def told(self, kind: type[Told]) -> list[Told]:
        return [message for message in self.messages if isinstance(message, kind)]

    def usage(self) -> dict[str, int]:
        return usage(self._worker.pid)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._listen, path=str(self._socket))
        await self._worker.start()
        await until(lambda: self.told(wire.Counted))  # After a second: the route was opened long before.
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._worker.stop()
        if self._server is not None:
            self._server.close()

    def hang_up_socket(self) -> None:
        """As when the media worker dies, and no other comes."""
        assert self._server is not None and self._writer is not None
        self._server.close()
        self._writer.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.write(wire.encode(wire.Routes(users=["clinic"], catch_all=False)))
        while (body := await wire.read_frame(reader)) is not None:
            self.messages.append(wire.decode_from_sip(body))
        writer.close()


def sip_worker(socket: Path, port: int, environ: Mapping[str, str], rtp_ports: str) -> ChildProcess:
    argv = [sys.executable, "-m", "antiphon.calls.sip.worker", "--socket", str(socket)]
    argv += ["--listen", f"{HOST}:{port}"] + (["--rtp-ports", rtp_ports] if rtp_ports else [])
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return ChildProcess("sip", argv, {**os.environ, "PYTHONPATH": paths, **environ})


def usage(pid: int) -> dict[str, int]:
    """What a process holds: threads, open files (sockets among them), memory."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return {
        "threads": len(list((process / "task").iterdir())),
        "files": len(list((process / "fd").iterdir())),
        "memory_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }
