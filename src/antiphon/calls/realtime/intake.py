"""The caller's audio from a client that may send it faster than it was spoken.

Call time is real time: who uploads ten seconds at once is heard for ten seconds. What comes as it is spoken
passes at once, a stalled network's burst too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

AHEAD_NS = 200_000_000  # So far ahead of real time audio may pass,
BEHIND_NS = 1_500_000_000  # and so much that was late in a burst; the media plane takes two seconds at once.
STEP_MS = 100
BACKLOG_MAX_MS = 60_000


class Cancellable(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], object]], Cancellable]


class Intake:
    """Queues wire audio and what is to happen after it.

    Args:
        push: Given whole samples, at most `STEP_MS` at a time.
        clock: Monotonic nanoseconds.
        later: Calls back after so many seconds.

    Attributes:
        held: Nothing passes until `release`.
    """

    def __init__(
        self,
        push: Callable[[bytes], None],
        *,
        bytes_per_ms: int,
        clock: Callable[[], int],
        later: Later,
    ) -> None:
        self._push, self._clock, self._later = push, clock, later
        self._bytes_per_ms = bytes_per_ms
        self._sample_bytes = 2 if bytes_per_ms > 16 else 1
        self._queue: deque[bytes | Callable[[], None]] = deque()
        self._queued = 0  # Bytes.
        self._rest = b""  # Half a sample waits for its other half.
        self._passed_until_ns = clock()
        self._timer: Cancellable | None = None
        self.held = False

    @property
    def backlog_ms(self) -> int:
        return self._queued // self._bytes_per_ms

    def append(self, data: bytes) -> bool:
        """False: there is no room for it, and it was dropped."""
        if self.backlog_ms + len(data) // self._bytes_per_ms > BACKLOG_MAX_MS:
            return False
        data = self._rest + data
        whole = len(data) - len(data) % self._sample_bytes
        self._rest = data[whole:]
        step = STEP_MS * self._bytes_per_ms
        for start in range(0, whole, step):
            self._queue.append(data[start : min(start + step, whole)])
        self._queued += whole
        self._pass()
        return True

    def then(self, happens: Callable[[], None]) -> None:
        """After everything queued before has passed."""
        self._queue.append(happens)
        self._pass()

    def clear(self) -> None:
        self._queue.clear()
        self._queued, self._rest = 0, b""

    def release(self) -> None:
        if self.held:
            self.held = False
            self._pass()

    def close(self) -> None:
        self.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass(self) -> None:
        now_ns = self._clock()
        self._passed_until_ns = max(self._passed_until_ns, now_ns - BEHIND_NS)
        while self._queue and not self.held:
            item = self._queue[0]
            if callable(item):
                self._queue.popleft()
                item()
                continue
            if self._passed_until_ns - now_ns > AHEAD_NS:
                break
            self._queue.popleft()
            self._queued -= len(item)
            self._passed_until_ns += len(item) * 1_000_000 // self._bytes_per_ms
            self._push(item)
        if self._queue and not self.held and self._timer is None:
            self._timer = self._later(STEP_MS / 1000, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._pass()
