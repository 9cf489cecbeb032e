"""The media worker: every call of one core. Started by `antiphon serve`; speaks to it over a Unix socket.

Its first line on stdout is JSON: {"ready": {...}} once it can take calls, or {"refused": "words"} (exit code
2) when the operator has something to fix. It stops when its stdin ends, so it never outlives its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.calls.browser import BrowserLines, browser_settings
from antiphon.calls.control.reports import LegReport
from antiphon.calls.placing import CallPlacer, wanted_from
from antiphon.calls.routing import Busy, Forward, Refused, ToAgent
from antiphon.errors import AntiphonError, CallFailed, ConfigError
from antiphon.runtime.operating import Act
from antiphon.server.logs import log_to_stderr
from antiphon.server.rpc import RpcServer
from antiphon.server.sweeping import Sweeper, freeze_heap
from antiphon.server.wiring import Wire, Wiring, WorkerOptions

log = structlog.get_logger(__name__)

VENDOR_THREADS = 32
LOOKUP_THREADS = 16


class MediaWorker:
    """The methods the control process may call; see `methods`."""

    def __init__(self, options: WorkerOptions, wiring: Wiring) -> None:
        self._options = options
        self._wiring = wiring
        self._browser = BrowserLines(wiring.exchange, browser_settings(os.environ))
        self._draining = False
        self._started_s = time.monotonic()
        self._rpc = RpcServer(
            options.socket,
            {
                "offer": self.offer,
                "move": self.move_line,
                "close": self.close_line,
                "active": self.active,
                "agents": self.agents,
                "outcome": self.outcome,
                "route": self.route,
                "leg_report": self.leg_report,
                "place": self.place,
                "placed": self.placed,
                "placed_report": self.placed_report,
                "end_call": self.end_call,
                "pass_on": self.pass_on,
                "operate": self.operate,
                "whisper": self.whisper,
                "status": self.status,
                "drain": self.drain,
                **wiring.methods,
            },
        )

    async def start(self) -> None:
        """Open every door. Raises ConfigError when a port is taken."""
        for service in self._wiring.services:
            try:
                await service.start()
            except OSError as error:
                raise ConfigError(
                    f"port {self._options.media_port} cannot be opened ({error.strerror or error})",
                    where="--media-port",
                    fix="stop what uses it, or choose another with --media-port",
                ) from error
        await self._rpc.start()

    async def stop(self) -> None:
        await self.drain(timeout_ms=0)
        await self._browser.close_all()
        for service in reversed(self._wiring.services):
            await service.stop()
        await self._rpc.stop()

    # Called by the control process

    async def offer(
        self, agent: str, sdp: str, language: str = "", push_to_talk: bool = False
    ) -> dict[str, str]:
        if self._draining:
            raise CallFailed("no new calls: shutting down")
        if self._wiring.is_draft(agent):
            line_id, answer = await self._browser.offer(agent, sdp, called=agent)
            return {"line_id": line_id, "sdp": answer, "type": "answer"}
        if agent not in {known.name for known in self._wiring.agents}:
            raise ConfigError(f"no agent named {agent!r}")
        routed = self._routed(agent, language=language, call_key=sdp)
        if not routed["agent"]:
            raise CallFailed(routed["reason"] or "no new calls for this agent just now")
        line_id, answer = await self._browser.offer(
            routed["agent"], sdp, called=agent, push_to_talk=push_to_talk
        )
        return {"line_id": line_id, "sdp": answer, "type": "answer"}

    async def move_line(self, line_id: str, sdp: str) -> dict[str, str]:
        """{} when there is no such line."""
        answer = await self._browser.move(line_id, sdp)
        return {} if answer is None else {"line_id": line_id, "sdp": answer, "type": "answer"}

    async def close_line(self, line_id: str) -> bool:
        return self._browser.close(line_id)

    async def active(self) -> list[Any]:
        return [msgspec.to_builtins(call, enc_hook=str) for call in self._wiring.exchange.active()]

    async def agents(self) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(agent) for agent in self._wiring.agents]

    async def outcome(self, key: str) -> dict[str, str]:
        """How a call ended, {} while it is up or when nobody knows it any more."""
        outcome = self._wiring.exchange.outcome(key)
        if outcome is None:
            return {}
        return {
            "cause": outcome.cause,
            "escalate_to": outcome.escalate_to,
            "reason": outcome.reason,
            "summary": outcome.summary,
        }

    async def route(
        self, called: str, agent: str = "", caller: str = "", call_key: str = ""
    ) -> dict[str, str]:
        """What becomes of a call: `agent`, or whom to `forward` it to, or a `reason` for neither. Without
        routes the `agent` asked for answers."""
        if self._wiring.routing is None:
            return {"agent": agent, "forward": "", "reason": "" if agent else "no routes are in force"}
        return self._routed(called, caller=caller, call_key=call_key)

    def _routed(self, called: str, **asked: str) -> dict[str, str]:
        if self._wiring.routing is None:
            return {"agent": called, "forward": "", "reason": ""}
        answer = self._wiring.routing.route(called, **asked).answer
        reason = answer.reason if isinstance(answer, Refused) else ""
        return {
            "agent": answer.agent if isinstance(answer, ToAgent) else "",
            "forward": answer.target if isinstance(answer, Forward) else "",
            "reason": "every line is busy" if isinstance(answer, Busy) else reason,
        }

    async def leg_report(self, leg: str, report: dict[str, Any]) -> bool:
        """News of a call we placed; whether it is of use to anybody yet."""
        desk = self._wiring.desk
        return desk is not None and desk.report(leg, msgspec.convert(report, LegReport))

    async def place(self, wanted: dict[str, Any]) -> dict[str, str]:
        """Raises: as `CallPlacer.place`."""
        if self._draining:
            raise CallFailed("no new calls: shutting down")
        return await self._placer.place(wanted_from(wanted))

    async def placed(self, key: str) -> dict[str, str]:
        return self._placer.told(key)

    async def placed_report(self, key: str, report: dict[str, Any]) -> bool:
        placer = self._wiring.placer
        return placer is not None and placer.report(key, msgspec.convert(report, LegReport))

    @property
    def _placer(self) -> CallPlacer:
        if self._wiring.placer is None:
            raise ConfigError("nothing can be dialled with")
        return self._wiring.placer

    async def end_call(self, call_id: str) -> None:
        self._wiring.exchange.end(call_id)

    async def pass_on(self, call_id: str, target: str) -> str:
        """Gives to whom the caller is put through."""
        return self._wiring.exchange.pass_on(call_id, target)

    async def operate(self, call_id: str, act: Act, digits: str = "") -> None:
        self._wiring.exchange.operate(call_id, act, digits)

    async def whisper(self, call_id: str, words: str) -> None:
        self._wiring.exchange.tell_agent(call_id, words)

    async def status(self) -> dict[str, Any]:
        return {
            "ready": not self._draining,
            "draining": self._draining,
            "calls": len(self._wiring.exchange.active()),
            "browser_lines": len(self._browser),
            "up_s": int(time.monotonic() - self._started_s),
            "tasks": len(asyncio.all_tasks()),
            "counters": self._wiring.counters(),
            "providers": dict(self._wiring.providers()),
        }

    async def drain(self, timeout_ms: int) -> None:
        if not self._draining:
            self._draining = True
            log.info("media_worker_draining", calls=len(self._wiring.exchange.active()))
            await self._wiring.exchange.drain(timeout_ms)


async def _parent_gone() -> None:
    """Return when stdin ends: the supervisor closed it, or is no more."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass


def _tell_parent(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def give_threads(loop: asyncio.AbstractEventLoop) -> None:
    """The loop's own threads are what packages of vendors use without asking: disks (`storage/disk.py`),
    recordings, traces and embedded models have theirs."""
    loop.set_default_executor(ThreadPoolExecutor(VENDOR_THREADS, thread_name_prefix="vendors"))


async def _run(options: WorkerOptions, wire: Wire) -> int:
    began_s = time.monotonic()
    give_threads(asyncio.get_running_loop())
    try:
        wiring = await wire(options)
        worker = MediaWorker(options, wiring)
        await worker.start()
    except AntiphonError as error:
        _tell_parent({"refused": str(error)})
        return 2
    freeze_heap()
    sweeper = Sweeper(idle=lambda: not wiring.exchange.active())
    sweeping = asyncio.create_task(sweeper.run(), name="sweeper")
    _tell_parent(
        {
            "ready": {
                "agents": await worker.agents(),
                "boot_ms": int((time.monotonic() - began_s) * 1000),
                **wiring.report,
            }
        }
    )
    await _parent_gone()
    await worker.stop()
    sweeping.cancel()
    return 0


def read_options(argv: list[str]) -> WorkerOptions:
    parser = argparse.ArgumentParser(prog="antiphon.server.media_worker")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--media-port", type=int, default=8081)
    parser.add_argument("--agents", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--inference-socket", type=Path)
    parser.add_argument("--sip-socket", type=Path)
    parser.add_argument("--routes", type=Path)
    parser.add_argument("--drain", type=float, default=30.0)
    args = parser.parse_args(argv)
    return WorkerOptions(
        socket=args.socket,
        host=args.host,
        media_port=args.media_port,
        agents=args.agents,
        home=args.home,
        inference_socket=args.inference_socket,
        sip_socket=args.sip_socket,
        routes=args.routes,
        drain_s=args.drain,
    )


def run_worker(argv: list[str], wire: Wire) -> int:
    """Run a worker until its parent is done with it; gives the exit code."""
    import signal

    import uvloop

    log_to_stderr("media")
    # Names are looked up in libuv's own threads, 4 unless told: as many hung look-ups would stop all others.
    os.environ.setdefault("UV_THREADPOOL_SIZE", str(LOOKUP_THREADS))
    # Ctrl-C in a terminal reaches every process; only the control process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return uvloop.run(_run(read_options(argv), wire))


if __name__ == "__main__":
    from antiphon.server.house import wire_house

    sys.exit(run_worker(sys.argv[1:], wire_house))
