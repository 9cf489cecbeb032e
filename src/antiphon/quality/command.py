"""`antiphon call`: a simulated caller, or several, against the running stack on embedded models."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Kept = Callable[[Path], None]


def register(commands: Any, kept: Kept | None = None) -> None:  # argparse's own type is private.
    """`kept`: told of the data directory once calls were taken there and are over."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "call",
        help="have a simulated caller call an agent",
        description="A simulated caller with a goal, a voice and an ear calls the agent in real time. "
        "Exit code 0 if every caller reached his goal.",
    )
    parser.add_argument("agent", help="name of an agent, or its file")
    parser.add_argument(
        "--caller", required=True, action="append", metavar="FILE", help="a caller's file (repeatable)"
    )
    parser.add_argument("--line", choices=("phone", "wideband"), default="wideband")
    parser.add_argument("--noise", metavar="FILE", help="a WAV or FLAC that is mixed under the caller")
    parser.add_argument(
        "--snr", type=_decibels, default=20.0, metavar="DB", help="speech over noise (default 20)"
    )
    parser.add_argument(
        "--home",
        metavar="DIR",
        help="keep calendar and traces here (default: a fresh calendar; traces where `antiphon calls` looks)",
    )
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="lines busy at a time")
    parser.add_argument("--json", action="store_true", help="print one JSON object a call")
    parser.set_defaults(run=run, kept=kept)


def _decibels(text: str) -> float:
    value = float(text)
    if not -60 <= value <= 100:  # Also what is not a number.
        raise argparse.ArgumentTypeError(f"{text} is not between -60 and 100 dB")
    return value


def run(args: argparse.Namespace) -> int:
    import uvloop

    from antiphon.storage.home import home_directory

    data = (Path(args.home) if args.home else home_directory()).absolute()
    code = uvloop.run(_run(args, data))
    if args.kept is not None:
        args.kept(data)
    return code


async def _run(args: argparse.Namespace, data: Path) -> int:
    from antiphon.agents.definition import load_agent, resolve_agent
    from antiphon.quality.callers.calling import LineSettings, place_all, prepare, read_noise
    from antiphon.quality.callers.script import load_caller
    from antiphon.quality.callers.stack import Stack

    _log_warnings_to_stderr()
    definition = load_agent(resolve_agent(args.agent))
    files = [Path(name) for name in args.caller]
    scripts = [load_caller(path) for path in files]
    noise = Path(args.noise) if args.noise else None
    settings = LineSettings(line=args.line, noise=noise, snr_db=args.snr)
    read_noise(settings)  # Better told now than after the models are loaded.
    reports = []
    with tempfile.TemporaryDirectory(prefix="antiphon-") as scratch:
        # Every run is judged by a calendar nobody has booked in; the calls stay, to be shown and replayed.
        home = Path(args.home) if args.home else Path(scratch) / "home"
        home.mkdir(parents=True, exist_ok=True)
        async with Stack([definition], home, Path(scratch), calls_directory=data / "calls") as stack:
            now = datetime.now(definition.zone)
            callers = [
                await prepare(script, path, stack.caller_models, settings, now)
                for script, path in zip(scripts, files, strict=True)
            ]
            show = _print_json if args.json else _print_story
            reports = await place_all(
                stack, definition, home, callers, settings, at_once=max(1, args.at_once), done=show
            )
    reached = sum(report.reached for report in reports)
    if not args.json:
        print(f"{reached} of {len(reports)} callers reached their goal")
    return 0 if reached == len(reports) else 1


def _log_warnings_to_stderr() -> None:
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _print_json(report: Any) -> None:
    print(json.dumps(report.data, ensure_ascii=False), flush=True)


def _print_story(report: Any) -> None:
    data = report.data
    print(f"\n{data['caller']}: {data['outcome']} ({data['why']}), {data['duration_ms'] / 1000:.0f} s")
    for turn in data["turns"]:
        total = turn["latency_ms"]["total"]
        print(f"  caller  {turn['caller_said']}")
        if turn["agent_heard"] != turn["caller_said"]:
            print(f"  heard   {turn['agent_heard']}")
        print(f"  agent   {turn['agent_was_heard']}   [{total if total is not None else '-'} ms]")
    latency = data["latency_ms"]
    print(f"  end of speech to first agent sample: {latency}", file=sys.stdout)
    for error in data["errors"]:
        print(f"  error   {error}")
    if data["trace"]:
        print(f"  kept    antiphon calls show {data['trace']}")
    sys.stdout.flush()
