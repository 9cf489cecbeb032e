"""One line of a trace: events, commands and notes as JSON text, and back.

Encoding is canonical: the same value gives the same bytes, so that a replay can be compared byte for byte.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from antiphon import __version__
from antiphon.conversation.commands import AnyCommand, Command
from antiphon.conversation.events import AnyEvent, Event
from antiphon.conversation.policy import Policy
from antiphon.errors import ConfigError
from antiphon.storage.traces import TRACE_FORMAT, TraceLine, TraceReader

_ENCODER = msgspec.json.Encoder()


BROKE = "error"  # The note of a call whose driver or core broke; its commands are those of `give_up`.


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a call needs to be replayed, and to be found again. `wall_time_ms` is the only wall-clock time;
    `called_number` is "" where no carrier told it."""

    call_id: str
    agent: str
    definition_hash: str
    policy: Policy
    wall_time_ms: int
    line: str
    version: str = __version__
    direction: str = "inbound"
    called_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """An event as recorded; `number` is its line in the file, counted from 1."""

    number: int
    raw: bytes
    event: AnyEvent

    @property
    def at_ms(self) -> int:
        return self.event.at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """A command as recorded, at the call time of the event that caused it."""

    number: int
    raw: bytes
    at_ms: int
    command: AnyCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEntry:
    """Something worth keeping that the core never saw: cost, provider timings, errors, a cut in the trace."""

    number: int
    raw: bytes
    at_ms: int
    type: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEntry:
    """A line of another version's trace that this version has no value for. `kind` as in the file."""

    number: int
    raw: bytes
    at_ms: int
    kind: str
    type: str


Entry = EventEntry | CommandEntry | NoteEntry | UnknownEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call read back from its trace.

    Attributes:
        complete: The trace was closed and no line was dropped.
        closed: It has its end line; else its writer was killed, and the last lines may be missing.
        dropped: Lines the writer had to drop.
    """

    path: Path
    header: Header
    entries: tuple[Entry, ...]
    complete: bool
    closed: bool = True
    dropped: int = 0

    @property
    def events(self) -> list[AnyEvent]:
        return [entry.event for entry in self.entries if isinstance(entry, EventEntry)]

    @property
    def foreign(self) -> bool:
        """Another version wrote it: it may say things this one does not know, and decide otherwise."""
        return self.header.version != __version__

    @property
    def unknown(self) -> dict[str, int]:
        """Types of lines this version does not know, with how often each occurs."""
        return dict(Counter(entry.type for entry in self.entries if isinstance(entry, UnknownEntry)))

    @property
    def duration_ms(self) -> int:
        return self.entries[-1].at_ms if self.entries else 0


def header_fields(header: Header) -> dict[str, Any]:
    """The header as the dictionary a `TraceWriter` takes."""
    return {
        "version": header.version,
        "call_id": header.call_id,
        "agent": header.agent,
        "definition_hash": header.definition_hash,
        "policy": msgspec.to_builtins(header.policy),
        "wall_time_ms": header.wall_time_ms,
        "line": header.line,
        "direction": header.direction,
        "called_number": header.called_number,
    }


def event_line(event: Event) -> bytes:
    """`{"t":12,"k":"event","type":"SpeechStarted","onset_ms":5}`, without a line end."""
    name = type(event).__name__
    # msgspec writes the tag first and `at_ms`, field of the root struct, second; the rest is kept as it is.
    fields = _ENCODER.encode(event)[len(f'{{"type":"{name}","at_ms":{event.at_ms}') :]
    return b'{"t":%d,"k":"event","type":"%s"%s' % (event.at_ms, name.encode(), fields)


def command_line(at_ms: int, command: Command) -> bytes:
    """`{"t":12,"k":"command","type":"StartReply",...}`, without a line end."""
    return b'{"t":%d,"k":"command",%s' % (at_ms, _ENCODER.encode(command)[1:])


def note_line(at_ms: int, type: str, **fields: Any) -> bytes:  # noqa: A002 - the trace's own word
    """`{"t":12,"k":"note","type":"cost",...}`, without a line end. Never samples or secrets."""
    return _ENCODER.encode({"t": at_ms, "k": "note", "type": type} | fields)


def decode(number: int, raw: bytes, data: dict[str, Any]) -> Entry:
    """The value behind one line of a trace.

    Raises:
        ValueError: The line is none this version writes; says why.
    """
    fields = dict(data)
    at_ms, kind = fields.pop("t", 0), fields.pop("k", "")
    if not isinstance(at_ms, int):
        raise ValueError(f"its call time is {at_ms!r}")
    if kind == "event":
        event: AnyEvent = msgspec.convert(fields | {"at_ms": at_ms}, AnyEvent)
        return EventEntry(number=number, raw=raw, event=event)
    if kind == "command":
        command: AnyCommand = msgspec.convert(fields, AnyCommand)
        return CommandEntry(number=number, raw=raw, at_ms=at_ms, command=command)
    if kind == "note":
        name = str(fields.pop("type", ""))
        return NoteEntry(number=number, raw=raw, at_ms=at_ms, type=name, fields=fields)
    if kind == "cut":
        return NoteEntry(number=number, raw=raw, at_ms=at_ms, type="trace_cut", fields=fields)
    raise ValueError(f"a line of unknown kind {kind!r}")


def read_call(path: Path) -> CallRecord:
    """Read a whole call. A line that another version wrote and this one does not know is kept as unknown.

    Raises:
        ConfigError: Not a trace, of another format, or with a line in the middle that cannot be understood.
    """
    reader = TraceReader(path)
    header = _decode_header(path, reader.header)
    entries: list[Entry] = []
    for line in reader.lines():
        try:
            entries.append(decode(line.number, line.raw, line.data))
        except ValueError as error:  # msgspec.ValidationError is one too.
            if header.version == __version__:
                raise ConfigError(
                    f"this line cannot be understood: {error}",
                    where=f"{path}:{line.number}",
                    fix=f"the trace was written by antiphon {header.version}, this is {__version__}: read it "
                    "with the version that wrote it",
                ) from error
            entries.append(_unknown(line, entries[-1].at_ms if entries else 0))
    return CallRecord(
        path=path,
        header=header,
        entries=tuple(entries),
        complete=reader.complete,
        closed=reader.closed,
        dropped=reader.dropped,
    )


def check_time(record: CallRecord) -> None:
    """Call time never runs backwards; the driver sees to it, so a trace in which it does is damaged.

    Raises:
        ConfigError: Names the line.
    """
    latest_ms = 0
    for entry in record.entries:
        if isinstance(entry, EventEntry) and entry.at_ms < latest_ms:
            raise ConfigError(
                f"call time runs backwards here, from {latest_ms} to {entry.at_ms} ms",
                where=f"{record.path}:{entry.number}",
                fix="restore the file from a backup; `antiphon calls show` still reads it",
            )
        latest_ms = max(latest_ms, entry.at_ms if isinstance(entry, EventEntry) else 0)


def _unknown(line: TraceLine, before_ms: int) -> UnknownEntry:
    at_ms = line.data.get("t")
    return UnknownEntry(
        number=line.number,
        raw=line.raw,
        at_ms=at_ms if isinstance(at_ms, int) else before_ms,
        kind=str(line.data.get("k", "")),
        type=str(line.data.get("type", "?")),
    )


def _decode_header(path: Path, data: dict[str, Any]) -> Header:
    try:
        return Header(
            call_id=data["call_id"],
            agent=data["agent"],
            definition_hash=data["definition_hash"],
            policy=msgspec.convert(data["policy"], Policy),
            wall_time_ms=data["wall_time_ms"],
            line=data["line"],
            version=data["version"],
            direction=str(data.get("direction", "inbound")),
            called_number=str(data.get("called_number", "")),
        )
    except (KeyError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"the header of this trace (format {TRACE_FORMAT}) cannot be understood: {error}",
            where=f"{path}:1",
            fix=f"it was written by antiphon {data.get('version', '?')}, this is {__version__}",
        ) from error
