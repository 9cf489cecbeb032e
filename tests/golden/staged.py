"""Stories of the driver: the real `runtime.call.Call` on virtual time, and the trace it writes itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antiphon.runtime.records.lines import read_call
from tests.golden.telling import Symptom, Told
from tests.simulation.faults import Fault
from tests.unit.runtime.stage import Stage, settle


@dataclass(slots=True, kw_only=True)
class Staged:
    """A stage that was played on, with whatever the story noted."""

    stage: Stage
    facts: dict[str, Any] = field(default_factory=dict)


async def speaks_over(stage: Stage, words: str, *, heard_ms: int) -> None:
    """The caller talks over the agent, who was heard so far, and waits for the answer."""
    stage.line.heard_ms = heard_ms
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(400)
    stage.stt.final(words)
    await stage.clock.advance(400)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    await stage.clock.advance(60)
    stage.stt.final(words)
    await stage.clock.advance(1000)


async def until(condition: Callable[[], bool]) -> None:
    """Let tasks and the trace's thread work without time going by; bounded by the runner's own timeout."""
    async with asyncio.timeout(30):
        while not condition():
            await settle()


async def hang_up(stage: Stage) -> None:
    if not stage.call.cause:  # A call that is over has no line any more.
        stage.call.line_closed("hangup")
    await stage.call.wait_ended()


def staged(
    name: str,
    *rows: str,
    story: Callable[[Path], Awaitable[Staged]],
    absent: Callable[[Told], None],
    fault: Fault,
) -> Symptom:
    """A symptom of the driver."""

    def tell(folder: Path) -> Told:
        played = asyncio.run(_play(story, folder / "calls"))
        path = shutil.copy(played.stage.trace.path, folder / f"{name}.jsonl")
        return Told(record=read_call(Path(path)), facts=played.facts)

    return Symptom(name=name, rows=rows, tell=tell, absent=absent, fault=fault)


async def _play(story: Callable[[Path], Awaitable[Staged]], folder: Path) -> Staged:
    return await story(folder)
