from __future__ import annotations

import numpy as np

from antiphon.providers.local.smart_turn import Blend
from antiphon.quality.turns.bench import Sounded
from antiphon.quality.turns.cases import Case
from antiphon.quality.turns.fitting import fit_blend
from antiphon.quality.turns.judge import Pause


class _Sounds:
    """Pauses whose truth is drawn from a known blend."""

    def __init__(self, known: Blend) -> None:
        self._known, self._chance = known, np.random.default_rng(3)
        self.found: dict[str, list[Sounded]] = {}

    def case(self, number: int) -> Case:
        score, voicing_ms = float(self._chance.uniform(0.01, 0.99)), int(self._chance.integers(20, 600))
        over = bool(self._chance.random() < self._known.probability(score, voicing_ms))
        case = Case(file=f"f{number}", group=f"g{number % 50}", set="whole", ends=over)
        pause = Pause(ended_ms=1000, noticed_ms=1100, resumed_ms=None, score=score)
        self.found[case.file] = [Sounded(pause=pause, voicing_ms=voicing_ms)]
        return case

    def sounded(self, case: Case, way: str) -> list[Sounded]:
        return self.found[case.file]


def test_the_fit_finds_the_weights_the_pauses_were_drawn_with() -> None:
    known = Blend(bias=-1.0, score=0.7, voicing_per_s=5.0)
    sounds = _Sounds(known)
    cases = [sounds.case(number) for number in range(6000)]
    fitted = fit_blend(sounds, cases)  # type: ignore[arg-type]  # All it needs of a bench is `sounded`.
    assert abs(fitted.blend.score - known.score) < 0.1
    assert abs(fitted.blend.voicing_per_s - known.voicing_per_s) < 0.6
    assert fitted.auc_blend > fitted.auc_model + 0.05
    assert fitted.ends + fitted.pauses == len(cases)
