"""Turns nobody fitted anything on: what is ours is left out, and a pause is held in its own room."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import EnergyVad, silence, tone

from antiphon.audio.wav import read_wav, write_wav
from antiphon.errors import ConfigError
from antiphon.quality.turns.cases import read_cases
from antiphon.quality.turns.held_out import HELD_MS, RATE_HZ, held, held_out, pauses_in
from antiphon.quality.turns.line import Ear, LineEvent, Samples


def _said(*parts_ms: int) -> Samples:
    """A voice and a pause in turn."""
    parts = [
        silence(ms, sample_rate_hz=RATE_HZ) if place % 2 else tone(ms, sample_rate_hz=RATE_HZ)
        for place, ms in enumerate(parts_ms)
    ]
    return np.concatenate(parts)


@pytest.fixture
def ear() -> Ear:
    return Ear(EnergyVad(8000), EnergyVad(RATE_HZ))


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    folder = tmp_path / "collection"
    folder.mkdir()
    for name, parts_ms in (("a", (900, 500, 900)), ("b", (900, 60, 900)), ("c", (700,)), ("ours", (700,))):
        write_wav(folder / f"{name}.wav", _said(*parts_ms), RATE_HZ)
    source = {"file": "clean/order_ours.flac", "source": {"path": "data/speech/ours.wav"}}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(source) + "\n", encoding="utf-8")
    return folder


def _cases(folder: Path) -> list[tuple[str, str, bool]]:
    return [(case.file, case.set, case.ends) for case in read_cases(folder)]


def test_each_is_a_whole_turn_and_each_pause_one_that_goes_on(
    collection: Path, tmp_path: Path, ear: Ear
) -> None:
    out = held_out(collection, tmp_path / "manifest.jsonl", tmp_path / "out", ear)
    assert _cases(out) == [
        ("turns/order_a_0.wav", "incomplete", False),
        ("clean/order_a.wav", "whole", True),
        ("clean/order_b.wav", "whole", True),
        ("clean/order_c.wav", "whole", True),
    ]
    clip, rate_hz = read_wav(out / "turns/order_a_0.wav")
    length_ms = len(clip) * 1000 // rate_hz - HELD_MS
    assert length_ms == pytest.approx(900 + 125, abs=60), "cut soon after the voice"
    assert not clip[-RATE_HZ:].any(), "and silent as the pause was"


def test_of_many_those_with_a_pause_are_all_taken(collection: Path, tmp_path: Path, ear: Ear) -> None:
    out = held_out(collection, tmp_path / "manifest.jsonl", tmp_path / "out", ear, every=3)
    assert [file for file, _, _ in _cases(out)] == ["turns/order_a_0.wav", "clean/order_a.wav"]


def test_the_room_goes_on_without_a_seam() -> None:
    ms = RATE_HZ // 1000
    ramp = np.arange(1000 * ms, dtype=np.int16) // 10
    clip = held(ramp, 500, 700).astype(np.int32)
    assert np.array_equal(clip[: 550 * ms], ramp[: 550 * ms])
    assert len(clip) == (550 + HELD_MS) * ms
    assert np.abs(np.diff(clip)).max() <= 1


def test_short_gaps_are_no_pauses() -> None:
    edges = [(True, 100), (False, 500), (True, 679), (False, 900), (True, 1080), (False, 1500)]
    events = [LineEvent(at_ms=ms + 80, began=began, date_ms=ms, given=0) for began, ms in edges]
    assert list(pauses_in(events)) == [(900, 1080)]


def test_a_folder_without_anything_new_is_an_error_in_words(tmp_path: Path, ear: Ear) -> None:
    (tmp_path / "manifest.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no recording here that is not ours"):
        held_out(tmp_path, tmp_path / "manifest.jsonl", tmp_path / "out", ear)


def test_another_rate_is_an_error_in_words(collection: Path, tmp_path: Path, ear: Ear) -> None:
    write_wav(collection / "a.wav", tone(700), 8000)
    with pytest.raises(ConfigError, match="8000 Hz, not 16000"):
        held_out(collection, tmp_path / "manifest.jsonl", tmp_path / "out", ear)
