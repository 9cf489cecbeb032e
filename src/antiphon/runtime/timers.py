"""The core's timers of one call, on the clock of the process, which lets none fire before what came in time
and was not read yet (`PatientTimer`)."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.runtime.clock import Cancellable, Clock


class Timers:
    """One of a name at a time. `fired` gets the name and the call time it was due at."""

    def __init__(self, clock: Clock, fired: Callable[[str, int], None]) -> None:
        self._clock, self._fired = clock, fired
        self._running: dict[str, Cancellable] = {}

    def set(self, name: str, due_ms: int, now_ms: int) -> None:
        self.cancel(name)

        def fire() -> None:
            self._running.pop(name, None)
            self._fired(name, due_ms)

        self._running[name] = self._clock.call_later(due_ms - now_ms, fire)

    def cancel(self, name: str) -> None:
        timer = self._running.pop(name, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        for timer in self._running.values():
            timer.cancel()
        self._running.clear()
