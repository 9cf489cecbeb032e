"""A circuit breaker as a pure state machine: moments and verdicts in, permission out.

    closed    --enough failures, or one refusal, or "come again in 2 s"-->  open
    open      --its time is up, one request asks--> half open (that request is the probe)
    half open --the probe succeeds-->               closed
    half open --the probe fails-->                  open, twice as long
    half open --the probe is given up or lost-->    half open (the next request is the probe)

A verdict carries the ticket its request was admitted with, so one that comes late, from before the breaker
opened, changes nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum


class BreakerState(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Attributes:
    failures_min: So many failures within `window_ms` open it, if they are at least half of the verdicts.
    open_ms: How long the first time; doubled by every failed probe up to `open_max_ms`.
    rejected_open_ms: How long after a refusal (key, quota, model): a person must act first.
    probe_lost_ms: A probe without a verdict by then is given up.
    """

    failures_min: int = 3
    window_ms: int = 30_000
    open_ms: int = 5_000
    open_max_ms: int = 120_000
    rejected_open_ms: int = 300_000
    probe_lost_ms: int = 30_000
    verdicts_max: int = 50


DEFAULT_POLICY = BreakerPolicy()


class Breaker:
    """One provider in one role, shared by all calls of a process."""

    def __init__(self, policy: BreakerPolicy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self.state = BreakerState.CLOSED
        self._verdicts: deque[tuple[int, bool]] = deque(maxlen=policy.verdicts_max)
        self._ticket = 0
        self._due_ms = 0  # When an open breaker lets a probe through, or a probe counts as lost.
        self._probing = False
        self._open_ms = policy.open_ms

    def admit(self, now_ms: int) -> int | None:
        """A ticket for one request, or None: do not even try."""
        if self.state is BreakerState.CLOSED:
            return self._ticket
        if (self.state is BreakerState.OPEN or self._probing) and now_ms < self._due_ms:
            return None
        self.state = BreakerState.HALF_OPEN
        self._probing, self._due_ms = True, now_ms + self._policy.probe_lost_ms
        self._ticket += 1
        return self._ticket

    def succeeded(self, ticket: int, now_ms: int) -> None:
        if ticket != self._ticket or self.state is BreakerState.OPEN:
            return
        if self.state is BreakerState.HALF_OPEN:
            self.state, self._probing = BreakerState.CLOSED, False
            self._open_ms = self._policy.open_ms
            self._verdicts.clear()
        self._verdicts.append((now_ms, True))

    def failed(
        self, ticket: int, now_ms: int, *, rejected: bool = False, retry_after_ms: int | None = None
    ) -> bool:
        """Gives whether that opened the breaker.

        Args:
            retry_after_ms: The provider said when it may be asked again: until then it need not be.
        """
        if ticket != self._ticket or self.state is BreakerState.OPEN:
            return False
        self._verdicts.append((now_ms, False))
        half_open = self.state is BreakerState.HALF_OPEN
        told = bool(retry_after_ms)
        if not (rejected or told or half_open or self._is_failing(now_ms)):
            return False
        if half_open:
            self._open_ms = min(self._open_ms * 2, self._policy.open_max_ms)
        self.state, self._probing = BreakerState.OPEN, False
        self._due_ms = now_ms + self._shut_ms(half_open, rejected, retry_after_ms or 0)
        self._ticket += 1
        return True

    def _shut_ms(self, half_open: bool, rejected: bool, retry_after_ms: int) -> int:
        if rejected:
            return max(self._open_ms, self._policy.rejected_open_ms)
        told_ms = min(retry_after_ms, self._policy.open_max_ms)
        # A first word of the provider's own is as good as it gets; when it was wrong once, ours counts too.
        return told_ms if told_ms and not half_open else max(self._open_ms, told_ms)

    def abandoned(self, ticket: int) -> None:
        """The request was cancelled by us: no verdict, and no probe any more."""
        if ticket == self._ticket and self.state is BreakerState.HALF_OPEN:
            self._probing = False

    def _is_failing(self, now_ms: int) -> bool:
        recent = [well for at_ms, well in self._verdicts if now_ms - at_ms <= self._policy.window_ms]
        failures = recent.count(False)
        return failures >= self._policy.failures_min and failures * 2 >= len(recent)
