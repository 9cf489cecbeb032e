from __future__ import annotations

import numpy as np
import pytest

from antiphon.audio.level import LOWEST_DBFS, active_level_dbfs, block_levels_dbfs


def test_a_full_scale_sine_reads_minus_three() -> None:
    sine = (32767 * np.sin(2 * np.pi * np.arange(8000) / 80)).astype(np.int16)
    assert block_levels_dbfs(sine, 160) == pytest.approx(-3.01, abs=0.01)


def test_digital_silence_is_finite() -> None:
    assert block_levels_dbfs(np.zeros(320, np.int16), 160) == pytest.approx(LOWEST_DBFS)


def test_the_loudest_sample_does_not_overflow() -> None:
    assert block_levels_dbfs(np.full(160, -32768, np.int16), 160)[0] == pytest.approx(0.0, abs=1e-4)


def test_a_rest_shorter_than_a_block_is_left_out() -> None:
    assert len(block_levels_dbfs(np.ones(399, np.int16), 160)) == 2


def test_pauses_do_not_lower_the_active_level() -> None:
    speech = (3000 * np.sin(2 * np.pi * np.arange(8000) / 80)).astype(np.int16)
    with_pause = np.concatenate([speech, np.zeros(24000, np.int16)])
    assert active_level_dbfs(with_pause, 8000) == pytest.approx(active_level_dbfs(speech, 8000), abs=0.2)


def test_no_samples_have_the_lowest_level() -> None:
    assert active_level_dbfs(np.zeros(0, np.int16), 8000) == LOWEST_DBFS
