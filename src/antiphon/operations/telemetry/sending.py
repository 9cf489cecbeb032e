"""Finished calls wait here to be sent. The queue is of calls, not of spans: their traces are on the disk, so
that a collector that is down for hours costs nothing but lateness."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 10_000
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 300.0
STOP_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a call's spans. `later`: of none, and it may be tried again."""

    sent: int = 0
    refused: int = 0
    later: bool = False
    retry_after_s: float | None = None
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Since the start. `calls_dropped`: so many were waiting that the oldest went unsent."""

    calls_sent: int = 0
    calls_refused: int = 0
    calls_dropped: int = 0
    calls_unreadable: int = 0
    spans_sent: int = 0
    spans_refused: int = 0
    failures: int = 0


# Blocks: reads the trace and sends it. None: there is nothing to send of it.
Send = Callable[[Path], Answer | None]
Wait = Callable[[float], Awaitable[None]]


class CallSending:
    """One per control process.

    Args:
        send: Runs in a thread of its own.
        done: Told of each call that was sent or refused, and need not be sent again.
        wait: Between attempts; a test may make it short.
    """

    def __init__(
        self,
        send: Send,
        done: Callable[[Path], None],
        *,
        waiting_max: int = WAITING_MAX,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._send, self._done, self._wait = send, done, wait
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._waiting_max = waiting_max
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running: asyncio.Task[None] | None = None
        self._failing = False
        self.counts = Counts()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def offer(self, trace: Path) -> None:
        """Never blocks. Past the bound the call that waits longest goes unsent."""
        self._waiting[trace] = None
        if len(self._waiting) > self._waiting_max:
            self._waiting.popitem(last=False)
            self.counts.calls_dropped += 1
        self._idle.clear()
        self._news.set()

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="telemetry")

    async def stop(self) -> None:
        """What can be sent at once is; what waits is found again at the next start."""
        if self._running is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._failing else STOP_S):
                await self._idle.wait()
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        if self._waiting:
            log.warning("calls_not_sent", waiting=len(self._waiting))

    async def _run(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while True:
            while self._waiting:
                trace = next(iter(self._waiting))
                answer = await _in_thread(partial(self._send, trace))
                if answer is None or not answer.later:
                    self._settle(trace, answer)
                    backoff_s = BACKOFF_FIRST_S
                    continue
                self._failed(answer.reason)
                await self._wait(max(backoff_s, answer.retry_after_s or 0.0))
                backoff_s = min(BACKOFF_MAX_S, backoff_s * 2)
            self._idle.set()
            self._news.clear()
            await self._news.wait()

    def _settle(self, trace: Path, answer: Answer | None) -> None:
        self._waiting.pop(trace, None)
        self._done(trace)
        if answer is None:
            self.counts.calls_unreadable += 1
            return
        self.counts.spans_sent += answer.sent
        self.counts.spans_refused += answer.refused
        self.counts.calls_sent += bool(answer.sent)
        self.counts.calls_refused += not answer.sent
        if answer.refused:
            log.error("spans_refused", call=trace.stem, spans=answer.refused, reason=answer.reason)
        if self._failing:
            log.info("telemetry_goes_on", waiting=len(self._waiting))
        self._failing = False

    def _failed(self, reason: str) -> None:
        self.counts.failures += 1
        if not self._failing:
            log.warning("telemetry_waits", reason=reason, waiting=len(self._waiting))
        self._failing = True


async def _in_thread(work: Callable[[], Answer | None]) -> Answer | None:
    """In a thread that keeps nobody from ending: a collector that hangs may hold it until its deadline.

    What goes wrong with one call goes to the log of the thread, and keeps no other call back.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer | None] = loop.create_future()

    def settle(answer: Answer | None) -> None:
        if not done.done():
            done.set_result(answer)

    def run() -> None:
        answer = None
        try:
            answer = work()
        finally:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(settle, answer)

    threading.Thread(target=run, name="telemetry", daemon=True).start()
    return await done
