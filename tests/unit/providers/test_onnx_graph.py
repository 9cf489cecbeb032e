"""Cutting a voice's graph in two changes nothing of what it says."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.local.models import is_installed, model_dir
from antiphon.providers.local.onnx_graph import Tensor, part_of


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an ONNX model|does not compute"):
        part_of(data, outputs=["output"])


@pytest.mark.models
@pytest.mark.skipif(not is_installed("piper-joe"), reason="antiphon models fetch piper-joe")
def test_two_halves_give_the_samples_of_the_whole() -> None:
    data = (model_dir("piper-joe") / "en_US-joe-medium.onnx").read_bytes()
    frames = Tensor(name="/Mul_7_output_0", shape=(1, 192, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    whole, planner, vocoder = (
        onnxruntime.InferenceSession(part, options, providers=["CPUExecutionProvider"])
        for part in (
            data,
            part_of(data, outputs=[frames.name]),
            part_of(data, outputs=["output"], inputs=[frames]),
        )
    )
    ids = np.array([[1, 0, 20, 0, 59, 0, 24, 0, 120, 0, 27, 0, 100, 0, 2]], dtype=np.int64)
    # Without noise the model is deterministic.
    inputs = {
        "input": ids,
        "input_lengths": np.array([ids.shape[1]], dtype=np.int64),
        "scales": np.array([0, 1, 0], dtype=np.float32),
    }
    (samples,) = whole.run(None, inputs)
    (plan,) = planner.run(None, inputs)
    (halves,) = vocoder.run(None, {frames.name: plan})
    assert np.abs(samples - halves).max() < 1e-5
    with pytest.raises(ValueError, match="does not compute nonsense"):
        part_of(data, outputs=["nonsense"])
