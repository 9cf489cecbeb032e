"""Loading embedded models: equal to the published ones when whole, clear words when broken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import ConfigError
from antiphon.providers.local import onnx
from antiphon.providers.local.e5 import E5Encoder, encoder
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.smart_turn import SmartTurn, turn_features


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 500])
def test_a_broken_onnx_file_is_named_with_the_way_out(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(content)
    monkeypatch.setattr(onnx, "model_dir", lambda _name: tmp_path)
    with pytest.raises(ConfigError, match='"silero-vad" cannot be loaded') as raised:
        SileroVad(8000)
    assert "antiphon models fetch --force silero-vad" in raised.value.fix


def test_a_missing_onnx_file_is_no_mystery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "model_dir", lambda _name: tmp_path)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        SmartTurn()


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S1" + bytes(2000), b"something else"])
def test_a_broken_encoder_file_is_named_with_the_way_out(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(content)
    monkeypatch.setattr(encoder, "model_dir", lambda _name: tmp_path)
    with pytest.raises(ConfigError, match='"e5-small" cannot be loaded'):
        E5Encoder()


def test_short_sound_is_judged_with_silence_in_front_of_it() -> None:
    sound = (8000 * np.sin(np.arange(16000) / 9)).astype(np.int16)
    features = turn_features(sound)
    assert features.shape == (80, 800)
    assert features[:, :690].std() < 1e-3  # Seven seconds of nothing, alike in every frame
    assert features[:, 710:790].max() > features[:, :690].max() + 0.5


def test_standardised_sound_gives_the_same_features_at_any_volume() -> None:
    loud = (np.random.default_rng(0).normal(size=128000) * 8000).astype(np.int16)
    quiet = (loud // 8).astype(np.int16)
    assert np.abs(turn_features(loud) - turn_features(quiet)).mean() < 0.01


# Components of the vectors that the package of the weights computes with its own engine.
REFERENCE = [
    ("Do you take Aetna?", True, [0.0471, 0.0098, -0.0707, -0.0958, 0.0404, -0.0847]),
    ("no, I said  Thursday", True, [0.0321, -0.0041, -0.0217, -0.074, 0.095, -0.0114]),
    ("¿Puedo cancelar mi cita?", False, [0.0649, 0.0048, -0.0343, -0.0975, 0.0144, -0.056]),
]


@pytest.mark.models
@pytest.mark.parametrize(("sentence", "query", "expected"), REFERENCE)
async def test_vectors_are_those_of_the_published_engine(
    sentence: str, query: bool, expected: list[float]
) -> None:
    if not is_installed("e5-small"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    with ThreadPoolExecutor(1) as executor:
        vectors = await E5Encoder(executor).encode([sentence], query=query)
    assert vectors.shape == (1, 384)
    # That engine rounds activations to 8 bits, ours does not.
    np.testing.assert_allclose(vectors[0, :6], expected, atol=0.003)
