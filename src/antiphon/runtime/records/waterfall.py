"""The latency of a turn, stage by stage, beside its budget. Zero is the caller's last speech sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from antiphon.runtime.records.story import ReplyStory, TurnStory

# Milliseconds, from and to. Endpointing is the agent's policy, not a cost with a budget.
BUDGET_MS: dict[str, tuple[int, int]] = {
    "vad": (50, 100),
    "final_transcript": (50, 150),
    "reasoner": (100, 300),
    "tts": (50, 200),
    "playout": (50, 100),
}
# What we promise for one call on two cores with embedded models.
TOTAL_BOUNDS_MS = {"p50": 500, "p95": 900, "p99": 1500}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stretch of work for one turn, in ms after the caller's last speech sample.

    Attributes:
        hidden_ms: The part that ran while we were still waiting for the caller to go on; it cost nothing.
    """

    name: str
    from_ms: int
    to_ms: int
    hidden_ms: int

    @property
    def duration_ms(self) -> int:
        return self.to_ms - self.from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Attributes: total_ms: Last speech sample to first agent sample; None when no reply was heard."""

    stages: tuple[Stage, ...]
    total_ms: int | None

    @property
    def speculative(self) -> bool:
        return any(stage.hidden_ms for stage in self.stages if stage.name in ("reasoner", "tts"))

    def durations_ms(self) -> dict[str, int | None]:
        """Stage name to duration, and `total`."""
        return {stage.name: stage.duration_ms for stage in self.stages} | {"total": self.total_ms}


def waterfall(turn: TurnStory, reply: ReplyStory | None) -> Waterfall:
    """Stages that did not happen are left out; so are all after the commit when no reply was made."""
    spans: list[tuple[str, int | None, int | None]] = [
        ("vad", turn.ended_ms, turn.speech_stopped_at_ms),
        ("final_transcript", turn.ended_ms, turn.final_at_ms),
        ("endpointing", turn.ended_ms, turn.committed_at_ms),
    ]
    total_ms = None
    if reply is not None:
        ready_ms = _latest(reply.play_at_ms, reply.first_audio_at_ms)
        if ready_ms is not None and reply.audible_at_ms is not None:
            ready_ms = min(
                ready_ms, reply.audible_at_ms
            )  # The chunk's end is reported after its start played.
        spans += [
            ("reasoner", reply.started_at_ms, reply.first_text_at_ms),
            ("tts", reply.synthesize_at_ms, reply.first_audio_at_ms),
            ("playout", ready_ms, reply.audible_at_ms),
        ]
        if reply.audible_at_ms is not None:
            total_ms = reply.audible_at_ms - turn.ended_ms
    stages = tuple(
        Stage(
            name=name,
            from_ms=start - turn.ended_ms,
            to_ms=end - turn.ended_ms,
            hidden_ms=max(0, min(end, turn.committed_at_ms) - start) if name in ("reasoner", "tts") else 0,
        )
        for name, start, end in spans
        if start is not None and end is not None and end >= start
    )
    return Waterfall(stages=stages, total_ms=total_ms)


def percentile(values: Sequence[int], percent: float) -> int | None:
    """Nearest rank: the smallest value that at least `percent` of them do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def percentiles(values: Sequence[int]) -> dict[str, int | None]:
    return {f"p{percent}": percentile(values, percent) for percent in (50, 95, 99)}


def _latest(*moments_ms: int | None) -> int | None:
    known = [moment for moment in moments_ms if moment is not None]
    return max(known) if known else None
