"""Verdicts against labels: the confusion matrix, when they came, and what became of the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.quality.answerers.openings import Opening
from antiphon.quality.answerers.world import Answered

LABELS = ("human", "machine", "ivr", "fax", "silence")
VERDICTS = (*LABELS, "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    opening: Opening
    answered: Answered

    @property
    def is_right(self) -> bool:
        return self.answered.last == self.opening.label

    @property
    def dead_air_ms(self) -> int | None:
        """Of a person: from the last of his voice to the agent's turn."""
        answered = self.answered
        if answered.greeted_ms is None or answered.spoke_until_ms is None:
            return None
        return answered.greeted_ms - answered.spoke_until_ms


def matrix(cases: Sequence[Case], *, last: bool) -> list[list[int]]:
    """Rows are labels, columns verdicts; the first verdict or, with `last`, the one it ended with."""
    return [
        [
            sum(
                case.opening.label == label
                and (case.answered.last if last else case.answered.first) == verdict
                for case in cases
            )
            for verdict in VERDICTS
        ]
        for label in LABELS
    ]


def decided_ms(cases: Sequence[Case], label: str) -> list[int]:
    """When the first verdict came, from the line's being up."""
    return [
        case.answered.verdicts[0][0]
        for case in cases
        if case.opening.label == label and case.answered.verdicts
    ]


def percentiles(values: Sequence[int]) -> tuple[int, int]:
    """p50 and p95; 0 of nothing."""
    if not values:
        return 0, 0
    p50, p95 = np.percentile(values, [50, 95])
    return round(float(p50)), round(float(p95))


def table(cases: Sequence[Case], *, last: bool) -> list[str]:
    """As Markdown."""
    rows = matrix(cases, last=last)
    lines = [f"| | {' | '.join(VERDICTS)} |", "| --- |" + " ---: |" * len(VERDICTS)]
    for label, row in zip(LABELS, rows, strict=True):
        lines.append(f"| **{label}** ({sum(row)}) | {' | '.join(str(count or '·') for count in row)} |")
    return lines


def times_table(cases: Sequence[Case]) -> list[str]:
    """Decision time by label, and dead air of people, as Markdown."""
    lines = ["| | openings | right | decided p50 | p95 |", "| --- | ---: | ---: | ---: | ---: |"]
    for label in LABELS:
        mine = [case for case in cases if case.opening.label == label]
        right = sum(case.is_right for case in mine)
        p50, p95 = percentiles(decided_ms(cases, label))
        lines.append(f"| {label} | {len(mine)} | {right} | {p50} ms | {p95} ms |")
    return lines


def summary(cases: Sequence[Case]) -> list[str]:
    """What callers and operators feel, one line each."""
    dead = [
        case.dead_air_ms
        for case in cases
        if case.opening.label == "human" and case.answered.first == "human" and case.dead_air_ms is not None
    ]
    p50, p95 = percentiles(dead)
    beeping = [case for case in cases if case.opening.beeps]
    heard = sum(bool(case.answered.beeps_ms) for case in beeping)
    false = [case for case in cases if not case.opening.beeps and case.answered.beeps_ms]
    left = sum(case.answered.message_ms is not None for case in beeping)
    return [
        f"people wait {p50} ms for us at the median, {p95} ms at p95, {max(dead, default=0)} ms at most",
        f"beeps heard: {heard} of {len(beeping)}; heard where there is none: {len(false)}",
        f"messages left where a beep asks for one: {left} of {len(beeping)}",
    ]
