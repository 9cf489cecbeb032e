"""G.711 mu-law (ITU-T G.711, tables 2a and 2b) as two look-up tables, for any shape of samples, and A-law
(tables 1a and 1b) as byte tables to and from mu-law, for `bytes.translate`.

The encoder is indexed by the unsigned view of the int16 sample, so a batch of all calls costs one look-up and
no offset arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE = 0xFF  # Positive zero on the wire.

_BIAS = 33  # G.711: the 14-bit magnitude plus 33 puts every segment boundary on a power of two.
_CLIP = 8158  # Largest magnitude, 14 bits, that the last segment reaches; louder samples clip.


def _decode_table() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF  # All bits travel inverted.
    segment, step = (code >> 4) & 7, code & 0xF
    magnitude = ((2 * step + _BIAS) << segment) - _BIAS
    # 14-bit values in 16-bit samples, so that full scale stays full scale.
    return (np.where(code & 0x80, -magnitude, magnitude) * 4).astype(np.int16)


def _encode_table() -> NDArray[np.uint8]:
    sample = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    step = (magnitude >> (segment + 1)) & 0xF
    sign = np.where(sample < 0, 0x80, 0)
    codes: NDArray[np.uint8] = (~(sign | segment << 4 | step) & 0xFF).astype(np.uint8)
    return codes


_DECODE = _decode_table()
_ENCODE = _encode_table()
_SCALED = _DECODE.astype(np.float32) / np.float32(32768)  # Exact: a power of two.


def _alaw_levels() -> NDArray[np.int16]:
    """The linear sample of every A-law code, on the scale of `decode`."""
    code = np.arange(256) ^ 0x55  # Even bits travel inverted.
    segment, step = (code >> 4) & 7, code & 0xF
    # 13-bit magnitudes at the middle of each step; the first segment is as fine as the second.
    magnitude = np.where(segment == 0, 2 * step + 1, (2 * step + 33) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) * 8).astype(np.int16)


def _nearest(levels: NDArray[np.int16], wanted: NDArray[np.int16]) -> bytes:
    """For each wanted sample the code whose level is nearest."""
    distance = np.abs(wanted.astype(np.int32)[:, None] - levels.astype(np.int32)[None, :])
    return bytes(distance.argmin(axis=1).tolist())


_ALAW = _alaw_levels()
MULAW_OF_ALAW = _nearest(_DECODE, _ALAW)
ALAW_OF_MULAW = _nearest(_ALAW, _DECODE)


def decode(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Linear samples of mu-law codes, same shape."""
    # `take` does in 12 µs what an index does in 75, for the 16,000 samples of 100 calls in 20 ms.
    return _DECODE.take(codes)


def decode_scaled(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same in -1..1: one look-up, where a conversion would be two more passes."""
    return _SCALED.take(codes)


def encode(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Mu-law codes of linear samples, same shape; magnitudes past the last segment clip."""
    return _ENCODE.take(samples.view(np.uint16))
