"""Does the core still decide what it decided? Recorded events run again, commands compared byte for byte."""

from __future__ import annotations

from dataclasses import dataclass, field

from antiphon.conversation import Conversation
from antiphon.runtime.records.lines import (
    BROKE,
    CallRecord,
    CommandEntry,
    EventEntry,
    NoteEntry,
    UnknownEntry,
    check_time,
    command_line,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where the replay says something else.

    Attributes:
        line: Line of the trace: of the recorded command, or of the event it is missing after.
        event: The event both were answers to.
        recorded: The line on disk, "" when the replay says more.
        replayed: The line the replay would write, "" when it says less.
    """

    line: int
    event: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """Attributes:
    version: Of antiphon that wrote the trace; another than ours may well have decided otherwise.
    unknown: Types of lines that version wrote and ours does not know, with how often.
    cut_short: The trace has no end: its writer was killed. What is there was compared.
    dropped: Lines the writer lost; the replay cannot be exact then.
    """

    events: int
    commands: int
    difference: Difference | None
    version: str = ""
    unknown: dict[str, int] = field(default_factory=dict)
    cut_short: bool = False
    dropped: int = 0


def replay_exactly(record: CallRecord) -> ReplayResult:
    """Replay with the recorded policy; stop at the first difference.

    Raises:
        ConfigError: Call time runs backwards.
    """
    check_time(record)
    conversation = Conversation(record.header.policy)
    steps = _steps(record)
    commands = 0
    difference = _before_all(record)
    for index, step in enumerate(steps if difference is None else ()):
        lines, broke = _again(conversation, step.entry)
        commands += len(lines)
        killed_here = not record.closed and index == len(steps) - 1
        if killed_here and len(step.recorded) < len(lines):
            lines = lines[: len(step.recorded)]  # The rest never reached the disk.
        difference = _difference(step, lines, broke)
        follows = steps[index + 1].entry if index + 1 < len(steps) else None
        if broke and difference is None and not isinstance(follows, NoteEntry):
            difference = Difference(
                line=step.entry.number, event=step.entry.raw.decode(), recorded="", replayed=broke
            )
        if difference is not None:
            break
    return ReplayResult(
        events=sum(isinstance(step.entry, EventEntry) for step in steps),
        commands=commands,
        difference=difference,
        version=record.header.version,
        unknown=record.unknown,
        cut_short=not record.closed,
        dropped=record.dropped,
    )


def broken_by(error: Exception) -> str:
    """In words: what the core holds to be true and is not, or what broke it."""
    return str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"


@dataclass(slots=True)
class _Step:
    """An event with the commands recorded after it and before the next, as (line number, line); or the note
    that the driver, or the core itself, broke here, and how the call was closed then."""

    entry: EventEntry | NoteEntry | UnknownEntry
    recorded: list[tuple[int, bytes]]


def _steps(record: CallRecord) -> list[_Step]:
    steps: list[_Step] = []
    for entry in record.entries:
        if (
            isinstance(entry, EventEntry)
            or (isinstance(entry, UnknownEntry) and entry.kind == "event")
            or (isinstance(entry, NoteEntry) and entry.type == BROKE)
        ):
            steps.append(_Step(entry, []))
        elif isinstance(entry, CommandEntry | UnknownEntry) and steps:
            steps[-1].recorded.append((entry.number, entry.raw))
    return steps


def _before_all(record: CallRecord) -> Difference | None:
    """A command that nothing caused: no core ever gave one before the first event."""
    first = next((one for one in record.entries if not isinstance(one, NoteEntry)), None)
    if not isinstance(first, CommandEntry):
        return None
    return Difference(line=first.number, event="(nothing yet)", recorded=first.raw.decode(), replayed="")


def _again(
    conversation: Conversation, entry: EventEntry | NoteEntry | UnknownEntry
) -> tuple[list[bytes], str]:
    """The lines the core answers with now; and in words where it gave up, as it may have on the call."""
    if isinstance(entry, UnknownEntry):
        return [], ""
    if isinstance(entry, NoteEntry):
        kind = str(entry.fields.get("reason", "")).partition(":")[0]
        return [command_line(entry.at_ms, command) for command in conversation.give_up(kind)], ""
    try:
        answers = conversation.step(entry.event)
    except Exception as error:  # Whatever broke on the call breaks here too: it is told, not had.
        return [], f"(the core gave up: {broken_by(error)})"
    return [command_line(entry.at_ms, command) for command in answers], ""


def _difference(step: _Step, lines: list[bytes], broke: str) -> Difference | None:
    recorded = step.recorded
    for index in range(max(len(lines), len(recorded))):
        number, before = recorded[index] if index < len(recorded) else (step.entry.number, b"")
        after = lines[index] if index < len(lines) else broke.encode()
        if before != after:
            return Difference(
                line=number, event=step.entry.raw.decode(), recorded=before.decode(), replayed=after.decode()
            )
    return None
