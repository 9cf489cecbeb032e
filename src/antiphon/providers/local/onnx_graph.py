"""Cutting an ONNX graph in two at a tensor, or asking it for one more output, on the serialised bytes.

Field numbers are those of onnx.proto (ModelProto.graph 7; GraphProto.node 1, name 2, initializer 5, input 11,
output 12; NodeProto.input 1, output 2; TensorProto.name 8; ValueInfoProto.name 1, type 2). Doing this by hand
keeps the `onnx` package out of the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FLOAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A float tensor inside a graph; a dimension of None may be of any size."""

    name: str
    shape: tuple[int | None, ...]


def with_output(model: bytes, name: str) -> bytes:
    """The model with the inner tensor `name` as its last output. Serialised messages merge when they are
    concatenated, so a graph with nothing but this output is appended."""
    return model + _field(7, _field(12, _field(1, name.encode())))


def part_of(model: bytes, *, outputs: Sequence[str], inputs: Sequence[Tensor] = ()) -> bytes:
    """A model with only what is needed to compute `outputs`, taking `inputs` (inner tensors) from outside.

    Raises:
        ValueError: The bytes are no ONNX model, or an output is not computed in it.
    """
    try:
        return _part_of(memoryview(model), outputs, inputs)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"not an ONNX model ({error})") from error


def _part_of(model: memoryview, outputs: Sequence[str], inputs: Sequence[Tensor]) -> bytes:
    fields = list(_fields(model))
    graph = next((value for number, value, _ in fields if number == 7), memoryview(b""))
    maker: dict[str, int] = {}
    nodes: list[tuple[list[str], memoryview]] = []
    named: list[tuple[str, memoryview]] = []
    for number, value, whole in _fields(graph):
        if number == 1:
            for output in _texts(value, 2):
                maker[output] = len(nodes)
            nodes.append((_texts(value, 1), whole))
        elif number in (5, 11):
            named.append((_texts(value, 8 if number == 5 else 1)[0], whole))
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
            _field(2, b"part"),
            *(whole for name, whole in named if name in seen),
            *(_field(11, _value_info(tensor)) for tensor in inputs),
            *(_field(12, _field(1, output.encode())) for output in outputs),
        ]
    )
    return b"".join([*(whole for number, _, whole in fields if number != 7), _field(7, cut)])


def _value_info(tensor: Tensor) -> bytes:
    dimensions = b"".join(
        _field(1, _field(2, f"d{at}".encode()) if size is None else b"\x08" + _varint(size))
        for at, size in enumerate(tensor.shape)
    )
    tensor_type = b"\x08" + _varint(_FLOAT) + _field(2, dimensions)
    return _field(1, tensor.name.encode()) + _field(2, _field(1, tensor_type))


def _texts(message: memoryview, wanted: int) -> list[str]:
    return [bytes(value).decode() for number, value, _ in _fields(message) if number == wanted]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Field number, value and the whole field with its key, of one protobuf message."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _read_varint(message, at)
        match key & 7:
            case 0:
                start = at
                _, at = _read_varint(message, at)
            case 2:
                length, start = _read_varint(message, at)
                at = start + length
            case 1:
                start, at = at, at + 8
            case 5:
                start, at = at, at + 4
            case other:
                raise ValueError(f"not an ONNX model (wire type {other})")
        if at > len(message):
            raise ValueError("not an ONNX model (it ends too early)")
        yield key >> 3, message[start:at], message[begin:at]


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    written = b""
    while value > 0x7F:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data
