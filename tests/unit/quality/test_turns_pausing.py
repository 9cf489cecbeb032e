from __future__ import annotations

import msgspec
import numpy as np

from antiphon.conversation.policy import PRESETS
from antiphon.quality.turns.pausing import BRISK, LONG_PAUSING, Patience, hold_calls

BALANCED = PRESETS["balanced"]
MEMORYLESS = msgspec.structs.replace(BALANCED, adapt=False)


def _rate(found: Patience) -> float:
    return found.cut / found.turns


def test_learning_halves_what_it_can_of_the_cut_offs_of_a_caller_who_pauses_long() -> None:
    without = hold_calls(MEMORYLESS, LONG_PAUSING, calls=60, turns=12, seed=1)
    learnt = hold_calls(BALANCED, LONG_PAUSING, calls=60, turns=12, seed=1)
    assert _rate(without) > 0.3, "or there is nothing to learn from"
    assert _rate(learnt) < 0.7 * _rate(without)


def test_a_brisk_caller_does_not_pay_for_it() -> None:
    without = hold_calls(MEMORYLESS, BRISK, calls=60, turns=12, seed=1)
    learnt = hold_calls(BALANCED, BRISK, calls=60, turns=12, seed=1)
    assert np.mean(learnt.delays_ms) <= np.mean(without.delays_ms)
    assert min(learnt.delays_ms) >= BALANCED.stop_silence_min_ms
    assert _rate(learnt) <= _rate(without) + 0.05


def test_the_same_seed_is_the_same_calls() -> None:
    first, again = (hold_calls(BALANCED, LONG_PAUSING, calls=3, turns=5, seed=7) for _ in range(2))
    assert first == again
