"""Audio of any block length and rate into the blocks a vendor wants. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from antiphon.audio.resample import StreamResampler


class Blocks:
    """Mono s16le at `from_hz` in, whole blocks of `block_ms` at `to_hz` out, each with its place."""

    def __init__(self, from_hz: int, to_hz: int, block_ms: int) -> None:
        self._resampler = StreamResampler(from_hz, to_hz)
        self._to_hz, self._block_ms = to_hz, block_ms
        self._size = 2 * to_hz * block_ms // 1000
        self._half = b""  # Half a sample that came at the end of a push.
        self._rest = b""
        self._offset_ms = 0

    def push(self, pcm: bytes) -> Iterator[tuple[bytes, int, int]]:
        """(audio, offset in the segment, length), the last two in ms."""
        pcm = self._half + pcm
        whole = len(pcm) & ~1
        pcm, self._half = pcm[:whole], pcm[whole:]
        made = self._resampler.push(np.frombuffer(pcm, dtype="<i2"))
        self._rest += made.astype("<i2").tobytes()
        return self._whole_blocks()

    def flush(self) -> Iterator[tuple[bytes, int, int]]:
        """What is left, filled up with silence: vendors refuse blocks that are too short."""
        self._rest += self._resampler.flush().astype("<i2").tobytes()
        if self._rest:
            missing = -len(self._rest) % self._size
            self._rest += bytes(missing)
        return self._whole_blocks()

    def next_segment(self) -> None:
        self._offset_ms = 0

    def _whole_blocks(self) -> Iterator[tuple[bytes, int, int]]:
        blocks = []
        while len(self._rest) >= self._size:
            block, self._rest = self._rest[: self._size], self._rest[self._size :]
            blocks.append((block, self._offset_ms, self._block_ms))
            self._offset_ms += self._block_ms
        return iter(blocks)
