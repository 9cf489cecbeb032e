"""Antiphon beside its peers, measured by somebody else's caller: one run, one machine, one table.

    PIPECAT_PY=... LIVEKIT_PY=... python benchmarks/referee.py [--calls 1,5,20] [--more 100,200,400]
    python benchmarks/referee.py --read FILE     the table of lines that an earlier run kept (`--keep FILE`)

The caller, the peers' servers and what their doubles do come from the folder `peer-bench` (in `shared` beside
the repository, or `--peer-bench`, or ANTIPHON_PEER_BENCH); nothing in it is changed. Without the folder there
is nothing to do; a peer whose interpreter is not named is left out. For every number of calls each server is
started anew on a core of its own, ours (`load/server.py`) and the peers in turn; `--more` is for ours alone.

response: end of the caller's phrase to the first message with sound. overhead: that less the constants of
all doubles: stop silence and the tokens of the first sentence; FAKE_LLM_TPS=0 makes those come at once. over
stop silence: less the silence alone, as no more than the first clause has to be waited for. barge-in: first
speech sample to `clear`. late: came after its playout time behind a jitter buffer of 60 ms. driver: its
frames sent over 10 ms late, and its share of its core; above some 80 %, or 1 % late, the caller is what is
measured. other work: in per cent of one core.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from typing import Any

from benchmarks.load.measure import MEDIA_PATH
from benchmarks.load.peer_lines import OURS, Result, bounds_of, result, table
from benchmarks.load.script import (
    FIRST_SENTENCE_TOKENS,
    MS_PER_CHARACTER,
    RATE_HZ,
    TOKENS,
    TRANSCRIPT,
    Pace,
    pace_from,
    tone,
)

ROOT = Path(__file__).resolve().parents[1]
PORT = 8103
PROFILE = "tuned"
PEERS = {"pipecat": ("PIPECAT_PY", "pipecat-ai"), "livekit": ("LIVEKIT_PY", "livekit-agents")}
RAMP_PER_CALL_S = 0.8  # As the peers were measured; many calls begin within:
RAMP_MAX_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A server, and how the peers' bench is told to start it."""

    name: str
    options: tuple[str, ...]


def apart(theirs: Mapping[str, Any], pace: Pace) -> list[str]:
    """What our doubles do otherwise than those in the peers' `fakes.py`; nothing may."""
    ours = {
        "TRANSCRIPT": TRANSCRIPT,
        "TOKENS": list(TOKENS),
        "FIRST_SENTENCE_TOKENS": FIRST_SENTENCE_TOKENS,
        "MS_PER_CHAR": MS_PER_CHARACTER,
        "RATE": RATE_HZ,
        "CHUNK": tone(),
        "STT_S": pace.stt_ms / 1000,
        "TTFT_S": pace.llm_ttft_ms / 1000,
        "TPS": pace.llm_tps,
        "TTFB_S": pace.tts_ttfb_ms / 1000,
    }
    return [
        f"{name}: {value!r} here, {theirs.get(name)!r} there"
        for name, value in ours.items()
        if theirs.get(name) != value
    ]


def entrants(environment: Mapping[str, str]) -> list[Entrant]:
    """Ours, and every peer whose interpreter is named."""
    command = shlex.join([sys.executable, str(ROOT / "benchmarks/load/server.py"), "--port", str(PORT)])
    url = f"ws://127.0.0.1:{PORT}{MEDIA_PATH}"
    found = [Entrant(name=OURS, options=("--server-cmd", command, "--url", url))]
    for peer, (variable, package) in PEERS.items():
        if python := environment.get(variable):
            name = f"{peer} {_version(python, package)}"
            found.append(Entrant(name=name, options=("--peer", peer)))
        else:
            print(f"without {peer}: {variable} names no interpreter", file=sys.stderr)
    return found


def _version(python: str, package: str) -> str:
    """
    Raises:
        SystemExit: The interpreter does not have the package.
    """
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    told = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{python} does not have {package}: {told.stderr.strip().splitlines()[-1:]}")
    return told.stdout.strip()


def heats(
    found: Sequence[Entrant], calls: Iterable[int], more: Iterable[int]
) -> Iterator[tuple[Entrant, int]]:
    """Who is measured with how many calls, in turn, so that what changes on the machine meets everybody."""
    for number in calls:
        yield from ((entrant, number) for entrant in found)
    yield from ((found[0], number) for number in more)


def cores() -> list[int]:
    """Where this process may run; none where a process cannot be kept on a core."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def run(bench: Path, entrant: Entrant, calls: int, args: argparse.Namespace) -> Result | None:
    """One server under one load; None where it did not start or was not measured."""
    serving, calling = cores()[:2]
    lines = bench / "referee.jsonl"
    lines.unlink(missing_ok=True)
    command = [
        sys.executable, str(bench / "run_bench.py"), *entrant.options, "--profile", PROFILE,
        "--label", entrant.name, "--calls", str(calls), "--duration", str(args.seconds),
        "--ramp-per-call", str(min(RAMP_PER_CALL_S, RAMP_MAX_S / calls)),
        "--known-ms", str(pace_from().sentence_ms), "--out", str(lines),
        "--server-core", str(serving), "--driver-core", str(calling),
        *(["--rt"] if args.real_time else []),
    ]  # fmt: skip
    environment = {**os.environ, "SERVER_LOG": str(bench / "server.log")}
    done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    if done.returncode or not lines.exists():
        log = (bench / "server.log").read_text(errors="replace") if (bench / "server.log").exists() else ""
        print(f"{entrant.name}, {calls} calls: not measured\n{log[-2000:]}", file=sys.stderr)
        return None
    line = lines.read_text()
    if args.keep:
        with args.keep.open("a") as kept:
            kept.write(line)
    return result(line)


def compete(args: argparse.Namespace) -> tuple[list[Result], bool]:
    """Everybody's results, and whether each heat gave one."""
    if args.keep:
        args.keep.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="antiphon-referee-") as folder:
        # A copy, as Python and the bench write beside what they run.
        bench = Path(shutil.copytree(args.peer_bench, Path(folder) / "bench", copy_function=shutil.copyfile))
        bench.chmod(0o700)
        if different := apart(runpy.run_path(str(bench / "fakes.py")), pace_from()):
            raise SystemExit("the doubles are not the same:\n" + "\n".join(different))
        wanted = list(heats(entrants(os.environ), args.calls, args.more))
        results = [run(bench, entrant, calls, args) for entrant, calls in wanted]
    seen = [one for one in results if one is not None]
    return seen, len(seen) == len(wanted)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=_numbers, default=[1, 5, 20], help="for every server")
    parser.add_argument("--more", type=_numbers, default=[100], help="for ours alone")
    parser.add_argument("--seconds", type=float, default=30.0, help="that count, after the calls have begun")
    parser.add_argument(
        "--peer-bench", type=Path,
        default=Path(os.environ.get("ANTIPHON_PEER_BENCH") or ROOT.parent / "shared" / "peer-bench"),
    )  # fmt: skip
    parser.add_argument("--real-time", action="store_true", help="as root, on a machine that others use")
    parser.add_argument("--keep", type=Path, help="append the bench's own lines (JSON) to this file")
    parser.add_argument("--read", type=Path, help="measure nothing, print the table of this file")
    args = parser.parse_args()
    complete = True
    if args.read:
        try:
            results = [result(line) for line in args.read.read_text().splitlines()]
        except (OSError, ValueError) as error:
            parser.error(f"--read: {error}")
    elif not (args.peer_bench / "run_bench.py").is_file():
        print("left out: there is no folder peer-bench beside the repository (--peer-bench)")
        return 0
    elif len(cores()) < 2:
        print("left out: it takes two cores that processes can be kept on")
        return 0
    else:
        results, complete = compete(args)
    clause_ms = pace_from().clause_ms
    print("\n".join(["", *table(results, clause_ms), "", *bounds_of(results, clause_ms)]))
    ours_in_trouble = any(seen.server == OURS and seen.trouble != "none" for seen in results)
    return int(not complete or ours_in_trouble)


if __name__ == "__main__":
    sys.exit(main())
