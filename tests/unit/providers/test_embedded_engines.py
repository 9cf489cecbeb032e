"""Loading embedded models: equal to the published ones when whole, clear words when broken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from antiphon.errors import ConfigError
from antiphon.providers.local import onnx, silero
from antiphon.providers.local.e5 import E5Encoder, encoder
from antiphon.providers.local.models import is_installed, model_dir
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.smart_turn import SmartTurn, turn_features


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 500])
def test_a_broken_onnx_file_is_named_with_the_way_out(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(content)
    monkeypatch.setattr(silero, "model_dir", lambda _name: tmp_path)
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


@pytest.mark.models
@pytest.mark.skipif(not is_installed("silero-vad"), reason="antiphon models fetch silero-vad")
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_voice_activity_is_that_of_the_published_graph(rate_hz: int) -> None:
    """Ten seconds of a hundred lines, silent, loud, buzzing and hissing, each with its own past."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    graph = onnxruntime.InferenceSession(
        model_dir("silero-vad") / "silero_vad.onnx", options, providers=["CPUExecutionProvider"]
    )
    vad, random = SileroVad(rate_hz), np.random.default_rng(5)
    lines, size = 100, vad.window_samples
    state = np.zeros((2, lines, 128), np.float32)
    windows = np.zeros((lines, vad.context_samples + size), np.float32)
    pitch_hz, rows = random.uniform(80, 300, (lines, 1)), np.arange(lines)
    likely = 0
    for number in range(312):
        time_s = (np.arange(size) + number * size) / rate_hz
        buzz = sum(np.sin(2 * np.pi * pitch_hz * n * time_s) / n for n in range(1, 12))
        swell = np.clip(np.sin(2 * np.pi * 3 * time_s + pitch_hz), 0, None)
        hiss = random.normal(size=(lines, size)) * 10 ** random.uniform(-5, -1, (lines, 1))
        sound = (0.3 * swell * buzz * (rows % 4 > 0)[:, None] + hiss).clip(-1, 1).astype(np.float32)
        windows = np.concatenate([windows[:, -vad.context_samples :], sound], axis=1)
        inputs = {"input": windows, "state": state, "sr": np.array(rate_hz, np.int64)}
        expected, state = graph.run(None, inputs)
        likely += int((expected > 0.5).sum())
        np.testing.assert_allclose(vad.probabilities(rows, windows), expected[:, 0], atol=1e-4)
    assert likely > 1000, "voices must be among the sounds, or little is compared"
