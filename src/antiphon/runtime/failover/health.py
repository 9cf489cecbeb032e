"""How every provider of this process is doing: a breaker and the first responses of late, for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from math import ceil

import structlog

from antiphon.errors import DeadlineExceeded, ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.runtime.failover.breaker import DEFAULT_POLICY, Breaker, BreakerPolicy, BreakerState

_log = structlog.get_logger(__name__)

SAMPLES_MAX = 64
SAMPLES_MIN = 10  # A percentile of fewer says nothing.

FAILURES = (ProviderError, DeadlineExceeded, TimeoutError)


def loop_ms() -> int:
    """The running loop's time, which a test may make virtual."""
    return round(asyncio.get_running_loop().time() * 1000)


class RecentMs:
    """The last waits for a first response."""

    def __init__(self) -> None:
        self._values: deque[int] = deque(maxlen=SAMPLES_MAX)

    def add(self, value_ms: int) -> None:
        self._values.append(value_ms)

    def p95_ms(self) -> int | None:
        """Nearest rank; None until there are enough."""
        if len(self._values) < SAMPLES_MIN:
            return None
        return sorted(self._values)[ceil(len(self._values) * 0.95) - 1]


class Health:
    """One provider in one role."""

    def __init__(self, name: str, policy: BreakerPolicy, now_ms: Callable[[], int]) -> None:
        self.name = name
        self.now_ms = now_ms
        self.breaker = Breaker(policy)
        self.first_response = RecentMs()

    @property
    def is_well(self) -> bool:
        """Worth making ready for; a probe is for requests that somebody waits for."""
        return self.breaker.state is BreakerState.CLOSED

    def admit(self) -> int | None:
        return self.breaker.admit(self.now_ms())

    def responded(self, begun_ms: int) -> None:
        self.first_response.add(self.now_ms() - begun_ms)

    def overtaken(self, begun_ms: int) -> None:
        """Another one answered first. That it took this long at least is known, and counts: else what is
        usual of it would be told by its good days only, and every request would be raced for ever."""
        usual_ms, took_ms = self.first_response.p95_ms(), self.now_ms() - begun_ms
        if usual_ms is not None and took_ms > usual_ms:
            self.first_response.add(took_ms)

    def succeeded(self, ticket: int) -> None:
        self.breaker.succeeded(ticket, self.now_ms())

    def failed(self, ticket: int, error: BaseException) -> None:
        """Once for a provider's refusal an operator is called: nothing but a person can put it right."""
        rejected = isinstance(error, ProviderRejected)
        retry_after_ms = error.retry_after_ms if isinstance(error, ProviderUnavailable) else None
        opened = self.breaker.failed(ticket, self.now_ms(), rejected=rejected, retry_after_ms=retry_after_ms)
        if opened and rejected:
            _log.error("provider_rejected", vendor=self.name, reason=str(error))
        elif opened:
            _log.warning("provider_unavailable", vendor=self.name, reason=str(error) or type(error).__name__)

    def abandoned(self, ticket: int) -> None:
        self.breaker.abandoned(ticket)


class HealthBook:
    """Made once per process, so that what one call learns of a provider spares the others the wait.

    Args:
        now_ms: Any clock that does not run backwards; the loop's unless given.
    """

    def __init__(
        self, policy: BreakerPolicy = DEFAULT_POLICY, now_ms: Callable[[], int] | None = None
    ) -> None:
        self._policy = policy
        self._now_ms = now_ms or loop_ms
        self._entries: dict[tuple[str, str], Health] = {}

    def of(self, role: str, name: str) -> Health:
        key = (role, name)
        if key not in self._entries:
            self._entries[key] = Health(name, self._policy, self._now_ms)
        return self._entries[key]

    def states(self) -> dict[str, str]:
        """For the health page: "stt acme/one" to "closed", "open" or "half_open"."""
        return {
            f"{role} {name}": health.breaker.state.value for (role, name), health in self._entries.items()
        }
