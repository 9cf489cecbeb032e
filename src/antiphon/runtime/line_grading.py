"""From seconds of a line to a grade of it: smoothed, a step between poor and good again, told on change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from antiphon.audio.line_quality import LineSecond
from antiphon.conversation.events import LineGraded
from antiphon.conversation.policy import LinePolicy

_VOICED_MIN = 2  # Seconds of voice before anything is said about it.
_WEIGHT = 0.4  # Of the newest second; four of them make nine tenths of the value.
_BETTER_DB = 3.0  # More than the limit, to be good again.
_BETTER = 0.5  # Of the limit, where less is better.
_BETTER_HZ = 1.2


@dataclass(slots=True, kw_only=True)
class LineTotals:
    """Of the whole call, for its trace."""

    seconds: int = 0
    voiced_seconds: int = 0
    poor_seconds: int = 0


class LineGrading:
    """One call's. Level, noise and bandwidth are judged by seconds with voice, loss by all of them.

    Args:
        post: Given a grade whenever it changes; the first is taken to be good.
    """

    def __init__(self, policy: LinePolicy, post: Callable[[LineGraded], None]) -> None:
        self.totals = LineTotals()
        self._policy, self._post = policy, post
        self._poor = False
        self._smooth: dict[str, float] = {}

    def take(self, second: LineSecond, at_ms: int) -> None:
        totals = self.totals
        totals.seconds += 1
        totals.voiced_seconds += second.voiced
        self._follow("lost_pct", second.lost_pct)
        if second.voiced:
            for name in ("level_dbfs", "snr_db", "clipped_pct"):
                self._follow(name, getattr(second, name))
            # A second of "oooh" has no high notes on any line: the best of late is what it carries.
            before_hz = self._smooth.get("bandwidth_hz", 0.0)
            self._smooth["bandwidth_hz"] = max(second.bandwidth_hz, 0.9 * before_hz)
        causes = self._causes()
        poor = bool(causes)
        totals.poor_seconds += poor
        if poor != self._poor:
            self._poor = poor
            self._post(self._event(at_ms, causes))

    def _follow(self, name: str, value: float) -> None:
        before = self._smooth.get(name, value)
        self._smooth[name] = before + _WEIGHT * (value - before)

    def _causes(self) -> list[str]:
        """What is too poor; while it is, the limits are stricter."""
        policy, smooth, poor = self._policy, self._smooth, self._poor
        more, less = (_BETTER_DB, _BETTER) if poor else (0.0, 1.0)
        found = {"lost": smooth["lost_pct"] > policy.lost_max_pct * less}
        if self.totals.voiced_seconds >= _VOICED_MIN:
            wide_hz = policy.bandwidth_min_hz * (_BETTER_HZ if poor else 1.0)
            found |= {
                "noisy": smooth["snr_db"] < policy.snr_min_db + more,
                "quiet": smooth["level_dbfs"] < policy.level_min_dbfs + more,
                "clipped": smooth["clipped_pct"] > policy.clipped_max_pct * less,
                "muffled": smooth["bandwidth_hz"] < wide_hz,
            }
        return [name for name, holds in found.items() if holds]

    def _event(self, at_ms: int, causes: list[str]) -> LineGraded:
        told = {name: round(value, 1) for name, value in self._smooth.items() if math.isfinite(value)}
        bandwidth_hz = int(told.pop("bandwidth_hz", 0))
        return LineGraded(
            at_ms=at_ms, poor=bool(causes), causes=",".join(causes), bandwidth_hz=bandwidth_hz, **told
        )
