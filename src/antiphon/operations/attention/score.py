"""From what is known of a live call to one number: how much it needs a person's attention. Pure.

Each signal is laid on a ramp from "normal" (0) to "somebody should look now" (1), weighed, and what is left
of 1 after all of them is what the call needs no attention for: two middling troubles together weigh more than
either, and none can push the score past 100.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a call shows now.

    Attributes:
        silence_ms: Since either side was last heard; 0 while one is.
        asked_again: How often in a row the agent has put the question it put before.
        misunderstood: Turns of the caller in a row that the agent made nothing of.
        failures: Tools, replies and voices that failed since one last worked.
        anger: 0 to 1, by `anger.py`.
        turns_stuck: Turns of the caller in which the call got nowhere: no new question, no tool that worked.
        cost_usd, cost_limit_usd: So far, and what the agent file allows; 0 where it allows any sum.
        waiting_ms: How long the caller has been on hold, or waiting for a person.
    """

    silence_ms: int = 0
    asked_again: int = 0
    misunderstood: int = 0
    failures: int = 0
    anger: float = 0.0
    turns_stuck: int = 0
    cost_usd: float = 0.0
    cost_limit_usd: float = 0.0
    waiting_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """0 up to `normal`, 1 from `alarming` on, straight in between; `weight`, 0 to 1, is the most it adds."""

    normal: float
    alarming: float
    weight: float

    def at(self, value: float) -> float:
        share = (value - self.normal) / (self.alarming - self.normal)
        return self.weight * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where each signal begins to matter. Silence begins past the first re-prompt (6 s by default), since
    before it nothing is unusual."""

    silence_s: Ramp = field(default_factory=lambda: Ramp(normal=7, alarming=20, weight=0.9))
    asked_again: Ramp = field(default_factory=lambda: Ramp(normal=0.5, alarming=3, weight=0.8))
    misunderstood: Ramp = field(default_factory=lambda: Ramp(normal=0.5, alarming=3, weight=0.8))
    failures: Ramp = field(default_factory=lambda: Ramp(normal=0, alarming=3, weight=0.85))
    anger: Ramp = field(default_factory=lambda: Ramp(normal=0.2, alarming=0.9, weight=0.9))
    turns_stuck: Ramp = field(default_factory=lambda: Ramp(normal=3, alarming=7, weight=0.7))
    cost_share: Ramp = field(default_factory=lambda: Ramp(normal=0.6, alarming=1, weight=0.6))
    cost_usd: Ramp = field(default_factory=lambda: Ramp(normal=0.5, alarming=2, weight=0.6))
    waiting_s: Ramp = field(default_factory=lambda: Ramp(normal=45, alarming=180, weight=0.7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that is not as it should be. `weight` is what it adds by itself, in points of 100."""

    kind: str
    words: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """`score` is 0 to 100; `reasons` are the weightiest first."""

    score: int
    reasons: tuple[Reason, ...] = ()


USUAL = Limits()


def attention(signals: Signals, limits: Limits = USUAL) -> Attention:
    """How much a call needs a person, and what for."""
    calm = 1.0
    reasons = []
    for kind, words, weight in _weighed(signals, limits):
        if weight > 0:
            calm *= 1 - weight
            reasons.append(Reason(kind=kind, words=words, weight=max(1, round(100 * weight))))
    reasons.sort(key=lambda reason: (-reason.weight, reason.kind))
    return Attention(score=round(100 * (1 - calm)), reasons=tuple(reasons))


def _weighed(signals: Signals, limits: Limits) -> Iterator[tuple[str, str, float]]:
    silence_s, waiting_s = signals.silence_ms / 1000, signals.waiting_ms / 1000
    yield "silence", f"nobody has spoken for {silence_s:.0f} s", limits.silence_s.at(silence_s)
    times = _times(signals.asked_again + 1)
    yield "asked_again", f"the same question {times} in a row", limits.asked_again.at(signals.asked_again)
    turns = _turns(signals.misunderstood)
    yield "misunderstood", f"not understood for {turns}", limits.misunderstood.at(signals.misunderstood)
    yield "failures", f"failed {_times(signals.failures)} in a row", limits.failures.at(signals.failures)
    yield "anger", "the caller sounds angry", limits.anger.at(signals.anger)
    stuck = limits.turns_stuck.at(signals.turns_stuck)
    yield "stuck", f"no progress for {_turns(signals.turns_stuck)}", stuck
    yield "cost", f"has cost {signals.cost_usd:.2f} USD", _cost(signals, limits)
    yield "waiting", f"the caller has waited for {waiting_s:.0f} s", limits.waiting_s.at(waiting_s)


def _cost(signals: Signals, limits: Limits) -> float:
    """By what the agent file allows, where it says so."""
    if signals.cost_limit_usd > 0:
        return limits.cost_share.at(signals.cost_usd / signals.cost_limit_usd)
    return limits.cost_usd.at(signals.cost_usd)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"
