"""Loading ONNX files: one thread a model, no spinning, and clear words when a file is broken."""

from __future__ import annotations

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as states

from antiphon.providers.local.models import broken_model, model_dir

# onnxruntime's exceptions share no root but Exception.
ONNX_ERRORS: tuple[type[Exception], ...] = (
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.NoModel,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
)


def load_session(model: str, file: str, *, threads: int = 1) -> ort.InferenceSession:
    """A session over one file of an embedded model.

    Raises:
        ConfigError: Not installed, damaged, or refused by the engine.
    """
    options = ort.SessionOptions()
    # Quantised models are made of products that overflow on processors without VNNI (before 2019 and some
    # after): there the exact, slower way is taken; others do not notice.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A spinning thread steals the core from the 20 ms clock; a sleeping one costs microseconds to wake.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # Its warnings speak of graph internals, to no one who could act.
    path = model_dir(model) / file
    try:
        return ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except ONNX_ERRORS as error:
        raise broken_model(model, error) from error
