"""Child processes: started, waited for until ready, restarted with back-off when they die, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from antiphon.errors import AntiphonError, ConfigError, DeadlineExceeded

log = structlog.get_logger(__name__)

READY_TIMEOUT_S = 120.0  # Loading models from a cold disk takes tens of seconds.
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 30.0
STEADY_S = 60.0  # Up this long: whatever killed it before is over, the back-off starts anew.
STOP_GRACE_S = 5.0

Sleep = Callable[[float], Awaitable[None]]


class ChildProcess:
    """One supervised child whose first line on stdout is {"ready": {...}} or {"refused": "words"}.

    Attributes:
        report: What the child said when it became ready.
        restarts: How often it had to be started again.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        ready_timeout_s: float = READY_TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self.report: dict[str, Any] = {}
        self.restarts = 0
        self._argv = argv
        self._env = dict(env)
        self._ready_timeout_s = ready_timeout_s
        self._sleep = sleep
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stopping = False

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def start(self) -> dict[str, Any]:
        """Start it and wait until it is ready; gives its report. From then on it is kept alive.

        Raises:
            ConfigError: It says what the operator has to fix.
            AntiphonError: It died, or was not ready in time.
        """
        await self._launch()
        self._watching = asyncio.get_running_loop().create_task(self._keep_alive())
        return self.report

    async def wait_ready(self) -> None:
        await self._ready.wait()

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Close its stdin, which asks it to finish; end it the hard way after `grace_s`."""
        self._stopping = True
        self._ready.clear()
        if self._watching is not None:
            self._watching.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for end in (None, process.terminate, process.kill):
            if end is not None:
                log.warning("child_did_not_stop", child=self.name, pid=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    end()
            try:
                async with asyncio.timeout(grace_s):
                    await process.wait()
                return
            except TimeoutError:
                continue

    async def _launch(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._env,
            start_new_session=True,  # Ctrl-C in the terminal is ours to interpret.
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            self._process.kill()
            raise DeadlineExceeded(
                f"the {self.name} worker was not ready after {self._ready_timeout_s:g} s"
            ) from error
        self._accept(line, await self._exit_code_if_silent(line))
        self._ready.set()

    async def _exit_code_if_silent(self, line: bytes) -> int | None:
        assert self._process is not None
        return None if line else await self._process.wait()

    def _accept(self, line: bytes, exit_code: int | None) -> None:
        if exit_code is not None:
            raise AntiphonError(
                f"the {self.name} worker ended before it was ready (code {exit_code}); why is above"
            )
        try:
            message = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise AntiphonError(
                f"the {self.name} worker said something else than that it is ready"
            ) from error
        if "refused" in message:
            raise ConfigError(str(message["refused"]))
        self.report = dict(message.get("ready") or {})

    async def _keep_alive(self) -> None:
        pause_s = BACKOFF_FIRST_S
        while not self._stopping:
            assert self._process is not None
            began_s = time.monotonic()
            code = await self._process.wait()
            self._ready.clear()
            if time.monotonic() - began_s > STEADY_S:
                pause_s = BACKOFF_FIRST_S
            log.error("child_died", child=self.name, code=code, restart_in_s=pause_s)
            await self._sleep(pause_s)
            pause_s = min(BACKOFF_MAX_S, pause_s * 2)
            self.restarts += 1
            try:
                await self._launch()
                log.info("child_restarted", child=self.name, restarts=self.restarts)
            except AntiphonError as error:
                log.error("child_not_restarted", child=self.name, reason=str(error))
