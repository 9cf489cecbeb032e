from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.local.smart_turn import Blend

BLEND = Blend()


@given(model=st.floats(0, 1), voicing_ms=st.integers(0, 5000))
def test_a_blend_is_a_probability_that_grows_with_both(model: float, voicing_ms: int) -> None:
    found = BLEND.probability(model, voicing_ms)
    assert 0 < found < 1
    assert BLEND.probability(min(1.0, model + 0.1), voicing_ms) >= found
    assert BLEND.probability(model, voicing_ms + 50) >= found


def test_a_clipped_syllable_makes_a_confident_model_less_so() -> None:
    assert BLEND.probability(0.98, 300) > 0.85
    assert BLEND.probability(0.98, 40) < 0.8


def test_neither_score_nor_length_decides_alone() -> None:
    assert BLEND.probability(1.0, 0) < 0.95
    assert BLEND.probability(0.0, 10_000) < 0.55
    assert BLEND.probability(0.5, 10_000) == pytest.approx(BLEND.probability(0.5, 600))
