"""What the clinic's callers may say, rendered while tests that leave the machine time run.

    python -m tests.audio.render_callers

`make test` starts it beside the calls in real time, at the lowest priority: a machine that has never rendered
these lines needs minutes for them. What is not ready when the callers call, they render themselves.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from antiphon.agents.definition import load_agent
from antiphon.errors import AntiphonError
from antiphon.providers.local.worker import InferenceProcess, WorkerClient
from antiphon.quality.callers.calling import LineSettings, prepare
from antiphon.quality.callers.script import load_caller
from antiphon.quality.callers.stack import UNHURRIED

ROOT = Path(__file__).parents[2]
LOWEST_PRIORITY = 19


async def render() -> None:
    """Fill the folder of rendered lines.

    Raises:
        AntiphonError: The voices are not installed, or do not work.
    """
    definition = load_agent(ROOT / "agents/clinic.yaml")
    today = datetime.now(definition.zone)
    with tempfile.TemporaryDirectory(prefix="antiphon-render-") as scratch:
        worker = InferenceProcess(Path(scratch) / "voices.sock", roles=("kokoro",), nice=LOWEST_PRIORITY)
        await worker.start()
        try:
            voices = await WorkerClient.connect(Path(scratch) / "voices.sock", deadlines=UNHURRIED)
            for path in sorted((ROOT / "agents/clinic/callers").glob("*.yaml")):
                await prepare(load_caller(path), path, voices, LineSettings(), today)
            await voices.aclose()
        finally:
            await worker.stop()


def main() -> int:
    try:
        asyncio.run(render())
    except AntiphonError as error:
        print(f"the callers' lines were not rendered before: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
