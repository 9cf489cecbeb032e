"""Who stands beside a live call for the people who watch it, as the runtime knows him."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from antiphon.agents.definition import AgentDefinition
from antiphon.audio.line_quality import LineSecond
from antiphon.conversation.commands import Command
from antiphon.conversation.events import AnyEvent
from antiphon.runtime.arrivals import CallWatch

_log = structlog.get_logger(__name__)


class Attendant(CallWatch, Protocol):
    """Is told everything about one call. Must neither block nor raise."""

    def measured(self, second: LineSecond) -> None:
        """A second of the caller's line."""


class _Nobody:
    """A call nobody watches."""

    def event(self, event: AnyEvent) -> None: ...
    def command(self, at_ms: int, command: Command) -> None: ...
    def note(self, type: str, fields: Mapping[str, object]) -> None: ...  # noqa: A002
    def phase(self, phase: str) -> None: ...
    def picture(self, *, shown: bool) -> None: ...
    def measured(self, second: LineSecond) -> None: ...


NOBODY: Final[Attendant] = _Nobody()

Attends = Callable[[str, AgentDefinition], Attendant]
"""Makes a call's attendant, by its id."""


class Both:
    """A `CallWatch` of two."""

    def __init__(self, one: CallWatch, other: CallWatch) -> None:
        self._one, self._other = one, other

    def event(self, event: AnyEvent) -> None:
        self._one.event(event)
        self._other.event(event)

    def command(self, at_ms: int, command: Command) -> None:
        self._one.command(at_ms, command)
        self._other.command(at_ms, command)

    def note(self, type: str, fields: Mapping[str, object]) -> None:  # noqa: A002 - the trace's own word
        self._one.note(type, fields)
        self._other.note(type, fields)

    def phase(self, phase: str) -> None:
        self._one.phase(phase)
        self._other.phase(phase)

    def picture(self, *, shown: bool) -> None:
        self._one.picture(shown=shown)
        self._other.picture(shown=shown)


class _Guarded:
    """Somebody beside a call. Should he break he is told no more, and the call goes on."""

    def __init__(self, attendant: Attendant) -> None:
        self._attendant = attendant

    def event(self, event: AnyEvent) -> None:
        self._tell(lambda: self._attendant.event(event))

    def command(self, at_ms: int, command: Command) -> None:
        self._tell(lambda: self._attendant.command(at_ms, command))

    def note(self, type: str, fields: Mapping[str, object]) -> None:  # noqa: A002 - the trace's own word
        self._tell(lambda: self._attendant.note(type, fields))

    def phase(self, phase: str) -> None:
        self._tell(lambda: self._attendant.phase(phase))

    def picture(self, *, shown: bool) -> None:
        self._tell(lambda: self._attendant.picture(shown=shown))

    def measured(self, second: LineSecond) -> None:
        self._tell(lambda: self._attendant.measured(second))

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:  # Owned by nobody: he only looks on.
            _log.error("attendant_broke", error=type(error).__name__, exc_info=True)
            self._attendant = NOBODY


def guarded(attendant: Attendant) -> Attendant:
    return attendant if attendant is NOBODY else _Guarded(attendant)


def watched_by(watch: CallWatch, attendant: Attendant) -> CallWatch:
    return watch if attendant is NOBODY else Both(watch, attendant)
