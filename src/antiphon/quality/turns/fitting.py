"""The weights of the end-of-turn blend from labelled pauses: logistic regression, three numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.smart_turn import Blend
from antiphon.quality.turns.bench import Bench, Sounded
from antiphon.quality.turns.cases import Case

_FOLDS = 10
_STEPS = 50
_RIDGE = 1e-3
_CLIP_MS = 1200  # How long a clip's caller is silent before he would go on.
_TYPICAL_GAP_MS = 400
_WEIGHT_MAX = 2.0  # Of a pause, by its length: hardly anybody is cut off in a short one.

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Areas under the curve are of pauses never fitted on: no two folds share a speaker or source."""

    blend: Blend
    ends: int
    pauses: int
    auc_model: float
    auc_blend: float

    def __str__(self) -> str:
        return (
            f"{self.blend}\n{self.ends} ends, {self.pauses} other pauses; area under the curve "
            f"{self.auc_model:.3f} for the model alone, {self.auc_blend:.3f} blended, cross-validated"
        )


def fit_blend(bench: Bench, cases: Sequence[Case], ways: Sequence[str] = ("recorded",)) -> Fitted:
    rows: list[tuple[float, float, bool, float, str]] = []
    for case in cases:
        for way in ways:
            rows += _labelled(case, bench.sounded(case, way))
    inputs = np.array([[score, voicing] for score, voicing, *_ in rows])
    over = np.array([row[2] for row in rows])
    weights = np.array([row[3] for row in rows])
    weights[~over] *= over.sum() / weights[~over].sum() / 2  # One pause in three is not an end.
    folds = np.array([crc32(row[4].encode()) % _FOLDS for row in rows])
    held_out = np.zeros(len(rows))
    for fold in range(_FOLDS):
        kept = folds != fold
        held_out[~kept] = _sums(inputs[~kept], _fit(inputs[kept], over[kept], weights[kept]))
    bias, score, voicing = _fit(inputs, over, weights)
    return Fitted(
        blend=Blend(
            bias=round(float(bias), 2), score=round(float(score), 2), voicing_per_s=round(float(voicing), 1)
        ),
        ends=int(over.sum()),
        pauses=int((~over).sum()),
        auc_model=_auc(inputs[:, 0], over, weights),
        auc_blend=_auc(held_out, over, weights),
    )


def _labelled(case: Case, sounded: Sequence[Sounded]) -> list[tuple[float, float, bool, float, str]]:
    """(log-odds of the model, s of voicing, is it an end, weight, group) of each pause."""
    rows = []
    for place, found in enumerate(sounded):
        pause, last = found.pause, place == len(sounded) - 1
        if not case.ends and not last:
            continue  # The whole recording is a case of its own.
        over = case.ends and last
        gap_ms = pause.resumed_ms - pause.ended_ms if pause.resumed_ms is not None else _CLIP_MS
        weight = 1.0 if over else min(_WEIGHT_MAX, gap_ms / _TYPICAL_GAP_MS)
        log_odds, voicing_s = Blend.inputs(pause.score, found.voicing_ms)
        rows.append((log_odds, voicing_s, over, weight, case.group))
    return rows


def _fit(inputs: Vector, over: NDArray[np.bool_], weights: Vector) -> Vector:
    """Newton's method; bias first."""
    design = np.column_stack([np.ones(len(inputs)), inputs])
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weights * (guess - over))
        curve = (design * (weights * guess * (1 - guess))[:, None]).T @ design
        found = found - np.linalg.solve(curve + _RIDGE * np.eye(len(found)), slope)
    return found


def _sums(inputs: Vector, found: Vector) -> Vector:
    sums: Vector = found[0] + inputs @ found[1:]
    return sums


def _auc(values: Vector, over: NDArray[np.bool_], weights: Vector) -> float:
    """Chance that an end scores above a pause that is none, pauses by weight."""
    ends = np.sort(values[over])
    others, mass = values[~over], weights[~over]
    above = len(ends) - (np.searchsorted(ends, others, "left") + np.searchsorted(ends, others, "right")) / 2
    return float((mass * above).sum() / (mass.sum() * len(ends)))
