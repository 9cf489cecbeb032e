"""Does the core still decide what it decided? Recorded events run again, commands compared byte for byte."""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.conversation.replay import replay
from antiphon.runtime.records.lines import CallRecord, CommandEntry, EventEntry, command_line


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
    events: int
    commands: int
    difference: Difference | None


def replay_exactly(record: CallRecord) -> ReplayResult:
    """Replay with the recorded policy; stop at the first difference."""
    steps = _steps(record)
    replayed = replay(record.header.policy, [event.event for event, _ in steps])
    commands = 0
    for (entry, recorded), (event, answers) in zip(steps, replayed, strict=True):
        lines = [command_line(event.at_ms, command) for command in answers]
        commands += len(lines)
        for index in range(max(len(lines), len(recorded))):
            before = recorded[index].raw if index < len(recorded) else b""
            after = lines[index] if index < len(lines) else b""
            if before == after:
                continue
            difference = Difference(
                line=recorded[index].number if before else entry.number,
                event=entry.raw.decode(),
                recorded=before.decode(),
                replayed=after.decode(),
            )
            return ReplayResult(events=len(steps), commands=commands, difference=difference)
    return ReplayResult(events=len(steps), commands=commands, difference=None)


def _steps(record: CallRecord) -> list[tuple[EventEntry, list[CommandEntry]]]:
    """Every event with the commands recorded after it and before the next."""
    steps: list[tuple[EventEntry, list[CommandEntry]]] = []
    for entry in record.entries:
        if isinstance(entry, EventEntry):
            steps.append((entry, []))
        elif isinstance(entry, CommandEntry) and steps:
            steps[-1][1].append(entry)
    return steps
