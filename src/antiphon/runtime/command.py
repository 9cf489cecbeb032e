"""`antiphon calls list|show` and `antiphon replay`: what happened on a call, and would it happen again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.records.reports import (
    exact_lines,
    exact_report,
    failed,
    folder_lines,
    folder_report,
    what_if_lines,
    what_if_report,
)
from antiphon.runtime.records.screen import render_call, started
from antiphon.runtime.records.summary import summarise
from antiphon.storage.home import calls_directory
from antiphon.storage.traces import CallFile, find_call, list_calls

_CALL_HELP = 'a call: its id, the beginning of its id, the path of its trace, or "last"'


class CallIndex(Protocol):
    """Calls on record, listed and found faster than from the files. None: there is no index."""

    def newest(self, filters: Mapping[str, Any], limit: int) -> list[dict[str, Any]] | None: ...

    def trace(self, name: str) -> list[Path] | None: ...


def register(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], index: CallIndex | None = None
) -> None:
    """Add `calls` and `replay` to the command line. `index`: where calls are kept in one."""
    calls = commands.add_parser("calls", help="list calls and explain one").add_subparsers(
        dest="what", required=True, metavar="COMMAND"
    )
    listing = calls.add_parser("list", help="the latest calls")
    listing.add_argument("--limit", type=int, default=20, help="how many (20)")
    listing.add_argument("--json", action="store_true", help="one JSON array")
    if index is not None:
        _add_filters(listing)
    listing.set_defaults(run=_list, index=index)
    show = calls.add_parser("show", help="one call on one screen: words, latency, tools, interruptions, end")
    show.add_argument("call", metavar="CALL", help=_CALL_HELP)
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(run=_show, index=index)
    replay = commands.add_parser("replay", help="run recorded calls through the same core again")
    replay.add_argument("call", metavar="CALL|FOLDER", help=f"{_CALL_HELP}; or a folder of traces")
    replay.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what if: another policy, turn.stop_silence_min_ms=300 or turn.preset=patient (may be repeated)",
    )
    replay.add_argument("--json", action="store_true", help="one JSON object")
    replay.set_defaults(run=_replay, index=index)


def _add_filters(listing: argparse.ArgumentParser) -> None:
    listing.add_argument("--agent", default="", help="of this agent only")
    listing.add_argument("--outcome", default="", help="contained, escalated, abandoned, failed, unfinished")
    listing.add_argument("--number", default="", metavar="NUMBER", help="of the caller or the called")
    listing.add_argument("--words", default="", help='said by either side; "a phrase", -not')
    listing.add_argument("--sign", default="", help="with this sign of trouble, or `rated` (docs/records.md)")
    listing.add_argument("--organisation", default="default", help="whose calls (default)")


def _list(args: argparse.Namespace) -> int:
    if args.limit < 1:
        raise ConfigError("--limit must be at least 1")
    rows = _rows(args)
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    if not rows:
        print(f"no calls in {calls_directory()} (set ANTIPHON_HOME to look elsewhere)")
    for row in rows:
        lasted = f"{row['duration_ms'] / 1000:7.1f} s" if row["duration_ms"] is not None else "        ?"
        print(
            f"{row['call_id']:<28} {started(row['started_at_ms'])}  {lasted}  {row['line']:<9} "
            f"{row['agent']:<20} {row['outcome']}"
        )
    return 0


def _rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    names = ("agent", "outcome", "number", "words", "sign")
    filters = {name: value for name in names if (value := getattr(args, name, ""))}
    if args.index is not None:
        asked = filters | {"organisation_id": args.organisation}
        if (rows := args.index.newest(asked, args.limit)) is not None:
            return list(rows)
    if filters:
        raise ConfigError("there is no index of calls to search", fix="antiphon records index")
    return [_row(call) for call in list_calls(calls_directory(), limit=args.limit)]


def _row(call: CallFile) -> dict[str, Any]:
    times = [int(entry["t"]) for entry in call.tail if isinstance(entry.get("t"), int)]
    ending = ("EndCall", "queue_ended")  # The second, of who never met an agent.
    ends = [str(entry.get("cause", "")) for entry in call.tail if entry.get("type") in ending]
    return {
        "call_id": call.call_id,
        "agent": str(call.header.get("agent", "")),
        "line": str(call.header.get("line", "")),
        "started_at_ms": call.started_at_ms,
        "duration_ms": max(times) if times else None,
        "outcome": ends[-1] if ends else "unfinished",
        "path": str(call.path),
    }


def _show(args: argparse.Namespace) -> int:
    record = _read(args)
    if args.json:
        print(json.dumps(summarise(record), indent=2, ensure_ascii=False))
    else:
        print("\n".join(render_call(record)))
    return 0


def _replay(args: argparse.Namespace) -> int:
    if args.call and Path(args.call).is_dir():  # A variable that was not set is not the folder we are in.
        report = folder_report(Path(args.call), args.set)
        lines = folder_lines(report)
    else:
        record = _read(args)
        report = what_if_report(record, args.set) if args.set else exact_report(record)
        lines = what_if_lines(report) if args.set else exact_lines(str(record.path), report)
    if args.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines))
    return 1 if failed(report) else 0


def _read(args: argparse.Namespace) -> CallRecord:
    if args.index is not None and not Path(args.call).is_file():
        found = [path for path in args.index.trace(args.call) or () if path.is_file()]
        if len(found) == 1:
            return read_call(found[0])
    return read_call(find_call(calls_directory(), args.call))
