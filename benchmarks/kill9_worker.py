"""What `kill9.py` kills: a process that takes calls without end, or one that indexes them.

It writes "begun ID" before a call, "flushed ID" when its first lines are on the disk, "kept ID" when its
first `KEPT_LINES` are, "ended ID" at its end.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.runtime.recorded_call import AS_RECORDED, EVENTS  # noqa: E402

from antiphon.agents.definition import Recording  # noqa: E402
from antiphon.audio.ports import Encoding, LineFormat  # noqa: E402
from antiphon.calls.recording import Recorder, recordings_directory  # noqa: E402
from antiphon.conversation import Policy  # noqa: E402
from antiphon.conversation.replay import replay  # noqa: E402
from antiphon.runtime.records import lines  # noqa: E402
from antiphon.server.keeping.opening import open_records  # noqa: E402
from antiphon.server.keeping.service import follower_of  # noqa: E402
from antiphon.storage.keys import keyring  # noqa: E402
from antiphon.storage.traces import TraceWriter  # noqa: E402

CALLS_AT_ONCE = 12
KEPT_LINES = 20
ANNOUNCEMENT = "This call is recorded."
POLICY = Policy(turn=AS_RECORDED)
TRACE = [
    line
    for event, commands in replay(POLICY, EVENTS)
    for line in (lines.event_line(event), *(lines.command_line(event.at_ms, one) for one in commands))
]


def told_path(home: Path) -> Path:
    return home / "told"


def tell(home: Path, what: str, call_id: str) -> None:
    """In one write, which is there or is not."""
    with told_path(home).open("ab", buffering=0) as file:
        file.write(f"{what} {call_id}\n".encode())


async def one_call(home: Path, recorder: Recorder) -> None:
    call_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(6)}"
    tell(home, "begun", call_id)
    header = lines.Header(
        call_id=call_id,
        agent="clinic",
        definition_hash="abc",
        policy=POLICY,
        wall_time_ms=time.time_ns() // 1_000_000,
        line="phone",
    )
    trace = TraceWriter(home / "calls", call_id, lines.header_fields(header), keys=keyring(home, {}))
    if await asyncio.wrap_future(trace.sync()):
        tell(home, "flushed", call_id)
    definition = SimpleNamespace(
        name="clinic", recording=Recording(announcement=ANNOUNCEMENT, retain_days=30)
    )
    line = LineFormat(encoding=Encoding.MULAW, sample_rate_hz=8000)
    recording = recorder.begin(definition, call_id, line, lambda *_, **__: None)
    assert recording is not None
    recording.heard(ANNOUNCEMENT, 0)
    for number, text in enumerate(TRACE):
        trace.write(text)
        recording.caller(bytes(16_000))
        if number + 1 == KEPT_LINES and await asyncio.wrap_future(trace.sync()):
            tell(home, "kept", call_id)
        if number % 4 == 0:
            await asyncio.sleep(0.01)
    recording.end()
    if await asyncio.wrap_future(trace.close()):
        tell(home, "ended", call_id)


async def take_calls(home: Path) -> None:
    recorder = Recorder(recordings_directory(home), keyring(home, {}))

    async def caller() -> None:
        while True:
            await one_call(home, recorder)

    await asyncio.gather(*(caller() for _ in range(CALLS_AT_ONCE)))


async def index(home: Path) -> None:
    follower = follower_of(home, await open_records(home, {}))
    await follower.catch_up()
    while True:
        await follower.look()
        await asyncio.sleep(0.02)


def run(role: str, home: str) -> None:
    asyncio.run((take_calls if role == "worker" else index)(Path(home)))
