"""Starting, watching and stopping an inference worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from antiphon.errors import ConfigError, ProviderUnavailable

log = structlog.get_logger()
Pause = Callable[[float], Awaitable[None]]

_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S = 60.0  # A worker that lived this long starts from the first back-off again.
_STOP_WITHIN_S = 3.0
# One thread a model: its libraries would each start one for every core, and fight the audio for them.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """The one line a worker writes to its standard output."""

    ready: bool
    message: str = ""
    where: str = ""
    fix: str = ""


class InferenceProcess:
    """One worker process at `socket`. `start`, then `run` for as long as it is needed, then `stop`.

    Args:
        roles: See `offer.DEFAULTS`, or names of engines.
        nice: Added to the process's niceness: a simulated caller's worker must not starve the agent's.
        threads: Threads of inference; None lets the worker choose by the number of cores.
        ready_within_s: Loading and warming takes 2 to 5 s on two quiet cores.
        command: For tests: another program that announces itself the same way.
    """

    def __init__(
        self,
        socket: Path,
        *,
        roles: Sequence[str] = ("stt", "tts", "eot", "encoder"),
        nice: int = 0,
        threads: int | None = None,
        ready_within_s: float = 120.0,
        command: Sequence[str] | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.socket = socket
        self.restarts = 0
        self._command = list(command) if command else _command(socket, roles, nice, threads)
        self._ready_within_s = ready_within_s
        self._pause = pause
        self._process: asyncio.subprocess.Process | None = None
        self._stop_asked = asyncio.Event()
        self._running = asyncio.Event()

    async def until_running(self) -> None:
        """Return at once when a worker is ready, else when the next one is."""
        await self._running.wait()

    @property
    def pid(self) -> int | None:
        """Of the running worker."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Return when every model is loaded and warm.

        Raises:
            ConfigError: The worker says what the operator must put right (a missing model, say).
            ProviderUnavailable: It died or did not get ready in time.
        """
        # Its standard input is a pipe it watches: when we die, however we die, it sees the end and goes too.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**_ONE_THREAD, **os.environ},
            # Ctrl-C in a terminal reaches the whole group; the goodbye of a draining call needs its voice.
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._ready_within_s):
                line = await process.stdout.readline()
            announcement = msgspec.json.decode(line, type=Announcement)
        except TimeoutError as late:
            await self._end(process)
            raise ProviderUnavailable("worker", f"not ready within {self._ready_within_s:.0f} s") from late
        except msgspec.MsgspecError as error:
            await self._end(process)
            raise ProviderUnavailable("worker", f"died while starting ({process.returncode})") from error
        except asyncio.CancelledError:
            await self._end(process)
            raise
        if not announcement.ready:
            await self._end(process)
            raise ConfigError(announcement.message, where=announcement.where, fix=announcement.fix)
        self._running.set()

    async def run(self) -> None:
        """Start it again whenever it dies, with growing pauses; returns after `stop`."""
        failures = 0
        while not self._stop_asked.is_set():
            assert self._process is not None, "start() comes first"
            begun_s = time.monotonic()
            code = await self._process.wait()
            self._running.clear()
            if self._stop_asked.is_set():
                return
            failures = 0 if time.monotonic() - begun_s > _STEADY_S else failures
            log.error("inference_worker_died", exit_code=code, restarts=self.restarts)
            failures = await self._restart(failures)

    async def stop(self) -> None:
        """End the worker: politely, then not."""
        self._stop_asked.set()
        if self._process is not None:
            await self._end(self._process)

    async def _restart(self, failures: int) -> int:
        while not self._stop_asked.is_set():
            await self._wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1
            if self._stop_asked.is_set():
                break
            self.restarts += 1
            try:
                await self.start()
            except (ConfigError, ProviderUnavailable) as error:
                log.error("inference_worker_did_not_start", reason=str(error))
            else:
                log.info("inference_worker_restarted", restarts=self.restarts)
                break
        return failures

    async def _wait(self, seconds: float) -> None:
        """A pause that `stop` cuts short."""
        waits = [asyncio.ensure_future(self._pause(seconds)), asyncio.ensure_future(self._stop_asked.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _command(socket: Path, roles: Sequence[str], nice: int, threads: int | None) -> list[str]:
    command = [sys.executable, "-m", "antiphon.providers.local.worker", "--socket", str(socket)]
    command += ["--roles", ",".join(roles), "--nice", str(nice), "--with-parent"]
    return [*command, "--threads", str(threads)] if threads else command
