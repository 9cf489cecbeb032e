"""Rate limits: a bucket of tokens per whoever asks. In memory, bounded: each process keeps its own."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

WHO_MAX = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`per_minute` in the long run, `burst` at once."""

    per_minute: int
    burst: int

    @property
    def per_s(self) -> float:
        return self.per_minute / 60


class RateLimit:
    """Of those who have not asked for longest the buckets are forgotten; they were full again anyway unless
    more than `WHO_MAX` ask at a time, and then each has its first burst at least."""

    def __init__(self, rate: Rate, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock_s = clock_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, who: str) -> float:
        """0 lets him in; else how long until it would."""
        bucket = self._filled(who)
        if bucket.left >= 1:
            bucket.left -= 1
            return 0.0
        return (1 - bucket.left) / self.rate.per_s

    def _filled(self, who: str) -> _Bucket:
        now_s = self._clock_s()
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = _Bucket(float(self.rate.burst), now_s)
            while len(self._buckets) > WHO_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(who)
        bucket.left = min(float(self.rate.burst), bucket.left + (now_s - bucket.at_s) * self.rate.per_s)
        bucket.at_s = now_s
        return bucket
