"""G.711 mu-law (ITU-T G.711, tables 2a and 2b) as two look-up tables, for any shape of samples.

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


def decode(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Linear samples of mu-law codes, same shape."""
    return _DECODE[codes]


def encode(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Mu-law codes of linear samples, same shape; magnitudes past the last segment clip."""
    return _ENCODE[samples.view(np.uint16)]
