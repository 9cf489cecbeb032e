"""What callers say in the tests, rendered while others leave the machine idle. Run by `make test`.

It is kept where callers look before they render a line themselves, so nothing is lost where this fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from tests.audio.everybody import CALLERS
from tests.audio.real_lines import render
from tests.audio.test_difficult_callers import LINES
from tests.conftest import models_missing

from antiphon.agents.definition import load_agent
from antiphon.errors import AntiphonError
from antiphon.providers.local.worker import InferenceProcess, WorkerClient
from antiphon.quality.callers.calling import LineSettings, prepare
from antiphon.quality.callers.script import load_caller
from antiphon.quality.callers.stack import UNHURRIED

ROOT = Path(__file__).parents[2]
NICE = 19


@contextlib.asynccontextmanager
async def voices(folder: Path) -> AsyncIterator[WorkerClient]:
    """A worker of its own, which gives way to everybody."""
    worker = InferenceProcess(folder / "voices.sock", roles=("kokoro",), nice=NICE)
    await worker.start()
    client = await WorkerClient.connect(worker.socket, deadlines=UNHURRIED)
    try:
        yield client
    finally:
        await client.aclose()
        await worker.stop()


async def render_all() -> None:
    now = datetime.now(load_agent(ROOT / "agents/clinic.yaml").zone)
    with tempfile.TemporaryDirectory() as folder:
        async with voices(Path(folder)) as models:
            for text, rate_hz, voice in LINES:
                await render(models, text, rate_hz=rate_hz, voice=voice)
            # Another test begins with the first of them, and renders them for itself.
            for path in reversed(CALLERS):
                await prepare(load_caller(path), path, models, LineSettings(), now)


def main() -> int:
    if models_missing():
        return 0
    try:
        asyncio.run(render_all())
    except AntiphonError as error:
        print(f"callers' lines are rendered when they are said: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
