"""Cutting an ONNX graph in two at a tensor, asking it for one more output, or taking its weights out, on the
serialised bytes.

Field numbers are those of onnx.proto (ModelProto.graph 7; GraphProto.node 1, name 2, initializer 5, input 11,
output 12; NodeProto.input 1, output 2, attribute 5; AttributeProto.t 5, g 6; TensorProto.dims 1, data_type 2,
name 8, raw_data 9; ValueInfoProto.name 1, type 2). By hand: the `onnx` package is not in the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.protobuf import WireError, field, fields, read_varint, texts, values, varint

_FLOAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A float tensor inside a graph; a dimension of None may be of any size."""

    name: str
    shape: tuple[int | None, ...]


def with_output(model: bytes, name: str) -> bytes:
    """The model with the inner tensor `name` as its last output. Serialised messages merge when they are
    concatenated, so a graph with nothing but this output is appended."""
    return model + field(7, field(12, field(1, name.encode())))


def branch_weights(model: bytes) -> list[dict[str, NDArray[np.float32]]]:
    """The named float constants of every branch of the model's outer conditions, branch by branch.

    Raises:
        ValueError: The bytes are no ONNX model.
    """
    try:
        return [_constants(branch) for branch in _branches(memoryview(model))]
    except (IndexError, UnicodeDecodeError, WireError) as error:
        raise ValueError(f"not an ONNX model ({error})") from error


def part_of(model: bytes, *, outputs: Sequence[str], inputs: Sequence[Tensor] = ()) -> bytes:
    """A model with only what is needed to compute `outputs`, taking `inputs` (inner tensors) from outside.

    Raises:
        ValueError: The bytes are no ONNX model, or an output is not computed in it.
    """
    try:
        return _part_of(memoryview(model), outputs, inputs)
    except (IndexError, UnicodeDecodeError, WireError) as error:
        raise ValueError(f"not an ONNX model ({error})") from error


def _part_of(model: memoryview, outputs: Sequence[str], inputs: Sequence[Tensor]) -> bytes:
    model_fields = list(fields(model))
    graph = next((value for number, value, _ in model_fields if number == 7), memoryview(b""))
    maker: dict[str, int] = {}
    nodes: list[tuple[list[str], memoryview]] = []
    named: list[tuple[str, memoryview]] = []
    for number, value, whole in fields(graph):
        if number == 1:
            for output in texts(value, 2):
                maker[output] = len(nodes)
            nodes.append((texts(value, 1), whole))
        elif number in (5, 11):
            named.append((texts(value, 8 if number == 5 else 1)[0], whole))
    missing = [output for output in outputs if output not in maker]
    if missing:
        raise ValueError(f"the graph does not compute {', '.join(missing)}")
    seen = {tensor.name for tensor in inputs}
    needed: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in maker and maker[tensor] not in needed:
            needed.add(maker[tensor])
            waiting += nodes[maker[tensor]][0]
    cut = b"".join(
        [
            *(whole for at, (_, whole) in enumerate(nodes) if at in needed),
            field(2, b"part"),
            *(whole for name, whole in named if name in seen),
            *(field(11, _value_info(tensor)) for tensor in inputs),
            *(field(12, field(1, output.encode())) for output in outputs),
        ]
    )
    return b"".join([*(whole for number, _, whole in model_fields if number != 7), field(7, cut)])


def _value_info(tensor: Tensor) -> bytes:
    dimensions = b"".join(
        field(1, field(2, f"d{at}".encode()) if size is None else b"\x08" + varint(size))
        for at, size in enumerate(tensor.shape)
    )
    tensor_type = b"\x08" + varint(_FLOAT) + field(2, dimensions)
    return field(1, tensor.name.encode()) + field(2, field(1, tensor_type))


def _branches(model: memoryview) -> Iterator[memoryview]:
    for graph in values(model, 7):
        for node in values(graph, 1):
            for attribute in values(node, 5):
                yield from values(attribute, 6)


def _constants(graph: memoryview) -> dict[str, NDArray[np.float32]]:
    found: dict[str, NDArray[np.float32]] = {}
    for node in values(graph, 1):
        for attribute in values(node, 5):
            for tensor in values(attribute, 5):
                kind = [read_varint(value, 0)[0] for value in values(tensor, 2)]
                name = "".join(texts(tensor, 8))
                if name and kind == [_FLOAT]:
                    found[name] = _floats(tensor)
    return found


def _floats(tensor: memoryview) -> NDArray[np.float32]:
    sizes: list[int] = []
    for packed in values(tensor, 1):
        at = 0
        while at < len(packed):
            size, at = read_varint(packed, at)
            sizes.append(size)
    raw = b"".join(values(tensor, 9))
    return np.frombuffer(raw, "<f4").astype(np.float32, copy=False).reshape(sizes)
