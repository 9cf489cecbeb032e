"""A server in a process of its own, ready when it says so, stopped with whoever asked for it."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOT_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running `antiphon serve`. `url` ends with a slash."""

    url: str
    process: asyncio.subprocess.Process


async def start_server(
    command: list[str], stack: AsyncExitStack, env: dict[str, str] | None = None
) -> Server:
    """Start one, wait for its ready message, and stop it when the stack closes."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={**os.environ, **(env or {})}
    )

    async def stop() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()

    stack.push_async_callback(stop)
    assert process.stdout is not None
    async with asyncio.timeout(BOOT_TIMEOUT_S):
        while line := await process.stdout.readline():
            if found := re.search(r"talk page\s+(http://\S+)", line.decode()):
                return Server(url=found.group(1), process=process)
    raise AssertionError(f"the server ended with code {await process.wait()} before it was ready")
