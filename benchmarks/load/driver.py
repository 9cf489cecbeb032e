"""N callers on loopback sockets in a process of its own, so that their work is not the server's."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

import picows
import uvloop
from benchmarks.load.caller import FRAME_S, Caller, Script, Tally

_SOONEST_S = 0.001  # The loop's timers have millisecond grain; asking for less spins.
_REDIAL_S = 0.2
_LATE_S = 0.010


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`scripts`: one of them a call, in turn. Calls begin over `ramp_s`; what is seen in the `window_s` that
    follow after `settle_s` counts."""

    url: str
    calls: int
    scripts: Sequence[Script]
    ramp_s: float
    window_s: float
    settle_s: float = 2.0
    calls_in_all: int = 0  # 0: dial again until the time is up; else stop after so many.
    cores: frozenset[int] = frozenset()
    real_time: bool = False  # SCHED_RR, so that other work on the machine cannot delay it; needs root.


@dataclass(slots=True)
class Driven:
    """What came of it. `frames_late_pct`: of our own frames, sent more than 10 ms late; over 1 % the driver
    itself was at its limit and the run says nothing about the server."""

    tally: Tally
    frames: int = 0
    frames_late: int = 0
    cpu_s: float = 0.0

    @property
    def call_s(self) -> float:
        return self.frames * FRAME_S

    @property
    def frames_late_pct(self) -> float:
        return 100 * self.frames_late / max(1, self.frames)


class _Line(picows.WSListener):
    """The socket of one call."""

    def __init__(self, driving: _Driving, number: int) -> None:
        super().__init__()
        self._driving = driving
        self._transport: picows.WSTransport | None = None
        script = driving.plan.scripts[number % len(driving.plan.scripts)]
        self.caller = Caller(script, number, driving.tally, self._send, self._over)
        self.over = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        now_s = time.perf_counter()
        self._next_s = now_s + FRAME_S
        self.caller.begin(now_s)
        asyncio.get_running_loop().call_later(FRAME_S, self._tick)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.TEXT:
            self.caller.message(frame.get_payload_as_memoryview(), time.perf_counter())
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.caller.lost("closed by the server")

    def _send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(picows.WSMsgType.TEXT, message)

    def _over(self) -> None:
        if self._transport is not None:
            self._transport.send_close(picows.WSCloseCode.OK)
            asyncio.get_running_loop().call_later(1.0, self._transport.disconnect)
        if not self.over.done():
            self.over.set_result(None)

    def _tick(self) -> None:
        now_s = time.perf_counter()
        while self._next_s <= now_s and not self.caller.is_over:
            # Late frames follow at once, as they would from a network after a stall.
            self._driving.sent(now_s - self._next_s)
            self.caller.frame(now_s)
            self._next_s += FRAME_S
        if not self.caller.is_over:
            wait_s = max(_SOONEST_S, self._next_s - time.perf_counter())
            asyncio.get_running_loop().call_later(wait_s, self._tick)


class _Driving:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.driven = Driven(Tally())
        self._lines: set[_Line] = set()
        self._dialled = 0
        self._counting = False

    def sent(self, late_s: float) -> None:
        if self._counting:
            self.driven.frames += 1
            self.driven.frames_late += late_s > _LATE_S

    async def run(self) -> Driven:
        plan = self.plan
        slots = [asyncio.create_task(self._slot(number)) for number in range(plan.calls)]
        if plan.calls_in_all:
            self._count()
            await asyncio.gather(*slots)
        else:
            await asyncio.sleep(plan.ramp_s + plan.settle_s)
            self._count()
            await asyncio.sleep(plan.window_s)
        self._counting = False
        self.driven.tally = self.tally
        self._switch(Tally())
        for line in list(self._lines):
            line.caller.hang_up()
        for slot in slots:
            slot.cancel()
        await asyncio.sleep(0.3)
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.driven.cpu_s = used.ru_utime + used.ru_stime
        return self.driven

    def _count(self) -> None:
        self._counting = True
        self._switch(Tally())

    def _switch(self, tally: Tally) -> None:
        self.tally = tally
        for line in self._lines:
            line.caller.tally = tally

    async def _slot(self, number: int) -> None:
        plan = self.plan
        # Not all in the same millisecond of a frame: callers do not know of each other.
        await asyncio.sleep(plan.ramp_s * number / plan.calls + 0.003 * (number % 7))
        while not plan.calls_in_all or self._dialled < plan.calls_in_all:
            self._dialled += 1
            await self._call(self._dialled)
            await asyncio.sleep(_REDIAL_S)

    async def _call(self, number: int) -> None:
        line = _Line(self, number)
        try:
            await picows.ws_connect(lambda: line, self.plan.url, websocket_handshake_timeout=10)
        except (OSError, picows.WSError) as error:
            self.tally.trouble[f"no connection: {type(error).__name__}"] += 1
            return
        self._lines.add(line)
        try:
            await line.over
        finally:
            self._lines.discard(line)


def drive(plan: Plan) -> Driven:
    """Run the plan in this process, on the cores it names."""
    if plan.cores:
        os.sched_setaffinity(0, plan.cores)
    if plan.real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    driven: Driven = uvloop.run(_Driving(plan).run())
    return driven
