"""Kill -9 at random points under load: is any call missing, double, or unreadable?

A worker process takes calls as fast as it can, each with a sealed trace and a sealed recording; an index
process follows it into a database. Both are killed with SIGKILL at random moments, over and over; then what
is on the disk is compared with what the worker had begun, which it wrote down before each call.

    python benchmarks/kill9.py --times 200
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.kill9_worker import KEPT_LINES, run, told_path  # noqa: E402

from antiphon.calls.recording.shelf import kept_recordings, read_recording, recordings_directory  # noqa: E402
from antiphon.errors import ConfigError  # noqa: E402
from antiphon.server.keeping.opening import open_records  # noqa: E402
from antiphon.server.keeping.service import follower_of  # noqa: E402
from antiphon.storage.keys import keyring  # noqa: E402
from antiphon.storage.records import COMPLETE, CUT_SHORT, CallQuery, CallRecords  # noqa: E402
from antiphon.storage.sealed import is_sealed  # noqa: E402
from antiphon.storage.traces import TraceReader  # noqa: E402


@dataclass(slots=True)
class Tally:
    """`early`: told of, but killed before their first line was on the disk; the promise is of a second.
    `lines_lost`: calls without lines that the disk had confirmed."""

    kills: int = 0
    begun: int = 0
    early: int = 0
    complete: int = 0
    cut_short: int = 0
    missing: int = 0
    double: int = 0
    never_settled: int = 0
    ended_but_not_complete: int = 0
    traces: int = 0
    traces_in_clear: int = 0
    traces_unreadable: int = 0
    lines_lost: int = 0
    recordings: int = 0
    recordings_unreadable: int = 0
    recordings_orphaned: int = 0

    @property
    def good(self) -> bool:
        calls = (self.missing, self.double, self.never_settled, self.ended_but_not_complete)
        traces = (self.traces_in_clear, self.traces_unreadable, self.lines_lost)
        return not any((*calls, *traces, self.recordings_unreadable, self.recordings_orphaned))


async def torture(home: Path, times: int, *, seed: int, run_s: tuple[float, float]) -> Tally:
    """Kill that many times; then look."""
    chance = random.Random(seed)
    keyring(home, {})
    # Started once with everything imported; each worker is a fork of it, so that a kill takes no seconds.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["benchmarks.kill9_worker"])
    for _ in range(times):
        crew = [processes.Process(target=run, args=(role, str(home))) for role in ("worker", "index")]
        for process in crew:
            process.start()
        await asyncio.sleep(chance.uniform(*run_s))
        for process in chance.sample(crew, 2):
            process.kill()
        for process in crew:
            process.join()
    told = defaultdict(set)
    for line in told_path(home).read_text().splitlines():
        what, _, call_id = line.partition(" ")
        told[what].add(call_id)
    tally = Tally(kills=times)
    await _look_at_calls(home, tally, told["begun"], told["flushed"], told["ended"])
    _look_at_traces(home, tally, told["kept"])
    return tally


async def _look_at_calls(
    home: Path, tally: Tally, begun: set[str], flushed: set[str], ended: set[str]
) -> None:
    records = await open_records(home, {})
    try:
        await follower_of(home, records).catch_up()
        listed = await _all(records)
    finally:
        await records.database.close()
    states = dict(listed)
    tally.begun = len(begun)
    tally.double = len(listed) - len(states)
    tally.missing = len(flushed - states.keys())
    tally.early = len(begun - states.keys() - flushed)
    tally.complete = sum(state == COMPLETE for state in states.values())
    tally.cut_short = sum(state == CUT_SHORT for state in states.values())
    tally.never_settled = len(states) - tally.complete - tally.cut_short
    tally.ended_but_not_complete = sum(states.get(call_id) != COMPLETE for call_id in ended)
    for path in kept_recordings(recordings_directory(home)):
        tally.recordings += 1
        tally.recordings_orphaned += path.stem not in states
        try:
            read_recording(path, keyring(home, {}))
        except ConfigError:
            tally.recordings_unreadable += 1


def _look_at_traces(home: Path, tally: Tally, kept: set[str]) -> None:
    for path in sorted((home / "calls").rglob("*.jsonl")):
        if not path.stat().st_size:
            continue  # Killed between making the file and its first line; counted as early.
        tally.traces += 1
        tally.traces_in_clear += not is_sealed(path.read_bytes()[:65536])
        try:
            lines = sum(1 for _ in TraceReader(path).lines())
        except ConfigError:
            tally.traces_unreadable += 1
        else:
            tally.lines_lost += path.stem in kept and lines < KEPT_LINES


async def _all(records: CallRecords) -> list[tuple[str, str]]:
    listed, after = [], ""
    while True:
        page = await records.page(CallQuery(organisation_id="default"), after=after, limit=500)
        listed += [(call.call_id, call.state) for call in page.calls]
        if not (after := page.after):
            return listed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="", help="a file for the JSON result")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder:
        tally = asyncio.run(torture(Path(folder), args.times, seed=args.seed, run_s=(0.05, 0.9)))
    told = json.dumps(asdict(tally) | {"seed": args.seed, "good": tally.good}, indent=2)
    print(told)
    if args.out:
        Path(args.out).write_text(told + "\n", encoding="utf-8")
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
