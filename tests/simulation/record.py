"""A simulated call as a trace file, like the ones real calls leave."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.records.lines import Header, command_line, event_line, header_fields, note_line
from antiphon.storage.traces import TRACE_FORMAT

WALL_TIME_MS = 1_764_000_000_000


def write_trace(
    path: Path,
    policy: Policy,
    steps: Iterable[tuple[ev.AnyEvent, list[cmd.Command]]],
    *,
    agent: str = "sim",
    notes: Iterable[tuple[str, str]] = (),
) -> Path:
    """Write what happened. `notes` are kind and text, put at the end."""
    header = Header(
        call_id=path.stem,
        agent=agent,
        definition_hash="0",
        policy=policy,
        wall_time_ms=WALL_TIME_MS,
        line="loopback",
    )
    lines = [msgspec.json.encode({"k": "header", "format": TRACE_FORMAT} | header_fields(header))]
    at_ms = 0
    for event, commands in steps:
        at_ms = event.at_ms
        lines.append(event_line(event))
        lines += [command_line(at_ms, command) for command in commands]
    lines += [note_line(at_ms, kind, text=text) for kind, text in notes]
    lines.append(msgspec.json.encode({"t": at_ms, "k": "end", "lines": len(lines) - 1, "dropped": 0}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path
