"""A session that stands and tells nothing: whoever waits for its words waits for so long and no longer."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.runtime.clock import Cancellable, Clock
from antiphon.runtime.media.ports import Line


class SilenceWatch:
    """Looks whether words that are owed are on their way.

    Every sign of life begins the wait anew, and so does every wish: the vendor makes another answer to it.
    But wishes are no life: who told nothing since the one before has half of its time, so that a caller who
    asks "hello?" again and again is not left alone for it.

    Args:
        owed: None when nobody waits for words of the vendor; else the call time until which the caller has
            sound of it to hear.
        silent: Told when the limit is reached and the sound is at its end.
    """

    def __init__(
        self,
        clock: Clock,
        line: Line,
        limit_ms: int,
        *,
        owed: Callable[[], int | None],
        silent: Callable[[], None],
    ) -> None:
        self._clock, self._line, self._limit_ms = clock, line, limit_ms
        self._owed, self._silent = owed, silent
        self._since_ms, self._wait_ms = 0, limit_ms
        self._unanswered = 0  # Wishes since the last sign of life.
        self._alarm: Cancellable | None = None

    def wished(self) -> None:
        """The vendor was asked for words, or has them to come."""
        self._since_ms = self._line.now_ms
        self._wait_ms = self._limit_ms >> self._unanswered
        self._unanswered += 1
        self.stop()
        self._look_after(self._wait_ms)

    def told(self) -> None:
        """A sign of life. They come many times a second: no alarm is set for each."""
        self._since_ms, self._wait_ms, self._unanswered = self._line.now_ms, self._limit_ms, 0
        if self._alarm is None and self._owed() is not None:
            self._look_after(self._limit_ms)

    def stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None

    def _look_after(self, wait_ms: int) -> None:
        self._alarm = self._clock.call_later(wait_ms, self._look)

    def _look(self) -> None:
        self._alarm = None
        sound_until_ms = self._owed()
        if sound_until_ms is None:
            return  # The next wish, or the next word, looks again.
        left_ms = max(self._since_ms + self._wait_ms, sound_until_ms) - self._line.now_ms
        if left_ms > 0:
            self._look_after(left_ms)
        else:
            self._silent()
