"""From floating-point samples, as models and libraries give them, to the linear 16-bit audio used inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32767


def linear16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    """Samples in -1..1, same shape. Louder ones are clipped; what is no number is silence, since a cast would
    make a click of it at full scale."""
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    linear: NDArray[np.int16] = np.rint(np.clip(finite, -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
    return linear
