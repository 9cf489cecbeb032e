from __future__ import annotations

import numpy as np
import pytest

from antiphon.audio.linear import linear16


def test_full_scale_and_silence_keep_their_values() -> None:
    assert linear16(np.array([-1.0, 0.0, 1.0])).tolist() == [-32767, 0, 32767]


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    assert linear16(np.array([-1.5, 1.0001, 100.0])).tolist() == [-32767, 32767, 32767]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_number_is_silence(dtype: type) -> None:
    broken = np.array([np.nan, 0.5, np.inf, -np.inf, -0.5], dtype)
    assert linear16(broken).tolist() == [0, 16384, 0, 0, -16384]


def test_nothing_gives_nothing() -> None:
    assert linear16(np.zeros(0, np.float32)).tolist() == []
