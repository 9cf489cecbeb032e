"""The whole running stack in one process, for simulated callers: agents, media plane, exchange, models."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.ports import LanguageModel
from antiphon.providers.local.worker import Deadlines, InferenceProcess, WorkerClient
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import assemble
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaClock, MediaPlane

VAD = "local/silero"
CALLER_NICE = 5
# Lines are rendered before the call, on a machine that may be busy; nobody waits for them.
UNHURRIED = Deadlines(voice=120_000, final=20_000)


class Stack:
    """`async with Stack(...) as stack`: `stack.exchange` answers, `stack.caller_models` serves the callers.

    The callers have a worker of their own, at lower priority, so that their ears and voices do not slow down
    what is being measured.

    Args:
        home: Calendars and whatever else agents keep; the calls too where `calls_directory` is not given.
    """

    def __init__(
        self,
        definitions: Sequence[AgentDefinition],
        home: Path,
        sockets: Path,
        *,
        language_model: LanguageModel | None = None,
        calls_directory: Path | None = None,
    ) -> None:
        self.calls_directory = home / "calls" if calls_directory is None else calls_directory
        self._language_model = language_model
        self._definitions = definitions
        self._home = home
        self._sockets = sockets
        self._workers: list[InferenceProcess] = []
        self._clients: list[WorkerClient] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.agent_worker: InferenceProcess
        self.exchange: Exchange
        self.caller_models: WorkerClient
        self.plane: MediaPlane

    async def __aenter__(self) -> Stack:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def _start(self) -> None:
        agent_models = await self._models("agent.sock", ("stt", "tts", "eot", "encoder"), nice=0)
        self.agent_worker = self._workers[-1]
        self.caller_models = await self._models(
            "caller.sock", ("whisper-tiny.en", "kokoro"), nice=CALLER_NICE, deadlines=UNHURRIED
        )
        registry = Registry(agent_models)
        kits = await assemble(
            self._definitions,
            registry,
            home=self._home,
            language_model=self._language_model,
            prices=load_prices(today=date.today()),
        )
        self.plane = MediaPlane(registry.voice_activity(VAD, 8000), registry.voice_activity(VAD, 16000))
        self.exchange = Exchange(
            plane=self.plane, agents=kits, calls_directory=self.calls_directory, clock=LoopClock()
        )
        clock = asyncio.get_running_loop().create_task(MediaClock(self.plane).run(), name="media clock")
        self._tasks.append(clock)

    async def _models(
        self, name: str, roles: Sequence[str], *, nice: int, deadlines: Deadlines | None = None
    ) -> WorkerClient:
        worker = InferenceProcess(self._sockets / name, roles=roles, nice=nice)
        await worker.start()
        self._workers.append(worker)
        self._tasks.append(asyncio.get_running_loop().create_task(worker.run(), name=f"worker {name}"))
        client = await WorkerClient.connect(self._sockets / name, deadlines=deadlines)
        self._clients.append(client)
        return client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.exchange.drain(0)
        await self._stop()

    async def _stop(self) -> None:
        for client in self._clients:
            await client.aclose()
        for worker in self._workers:
            await worker.stop()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
