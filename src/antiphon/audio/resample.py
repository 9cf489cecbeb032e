"""Sample rate conversion: a windowed-sinc polyphase filter, as small matrix products in numpy.

Coefficients are whole multiples of 2**-20, so every product and sum of int16 samples is exact in float64 and
a stream gives the same bits whatever its chunk sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

# 20 zero crossings a side at 8 kHz is 2.5 ms of look-ahead and a transition band of 0.86 kHz.
_ZERO_CROSSINGS = 20
# Kaiser beta for about 70 dB of stop-band attenuation (below the noise of G.711).
_KAISER_BETA = 7.0
# Half-amplitude point as a part of the lower Nyquist frequency: 3.7 kHz on an 8 kHz line. What is left
# between 4.0 and 4.13 kHz folds back above 3.87 kHz, outside the telephone band.
_CUTOFF = 0.925
_COEFFICIENT_SCALE = float(1 << 20)
# Outputs computed by one matrix product: wide enough for BLAS, narrow enough to waste few multiplications.
_SUB_BLOCK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How to make `block_out` outputs from `block_in` inputs.

    `parts` holds (first input, first output, matrix [inputs, outputs]) of each sub-block; input 0 of a block
    is `reach - 1` samples before the time of its output 0.
    """

    up: int
    down: int
    block_in: int
    block_out: int
    reach: int
    parts: tuple[tuple[int, int, NDArray[np.float64]], ...]


@lru_cache(maxsize=32)
def _plan(from_hz: int, to_hz: int) -> _Plan:
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"sample rates must be positive, not {from_hz} and {to_hz}")
    divisor = gcd(from_hz, to_hz)
    up, down = to_hz // divisor, from_hz // divisor
    stretch = max(1.0, from_hz / to_hz)
    reach = ceil(_ZERO_CROSSINGS * stretch)
    taps = np.arange(-reach + 1, reach + 1)

    def coefficients(output: int) -> NDArray[np.float64]:
        distance = (taps - (output * down % up) / up) / stretch
        window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (distance / _ZERO_CROSSINGS) ** 2, 0, None)))
        weights = np.sinc(_CUTOFF * distance) * window
        scaled: NDArray[np.float64] = np.rint(weights / weights.sum() * _COEFFICIENT_SCALE)
        return scaled

    block_out = up * ceil(_SUB_BLOCK / up)
    parts = []
    for first_output in range(0, block_out, _SUB_BLOCK):
        outputs = range(first_output, min(first_output + _SUB_BLOCK, block_out))
        starts = [output * down // up for output in outputs]
        matrix = np.zeros((starts[-1] - starts[0] + 2 * reach, len(outputs)))
        for column, (output, start) in enumerate(zip(outputs, starts, strict=True)):
            row = start - starts[0]
            matrix[row : row + 2 * reach, column] = coefficients(output)
        parts.append((starts[0], first_output, matrix))
    block_in = block_out * down // up
    return _Plan(up=up, down=down, block_in=block_in, block_out=block_out, reach=reach, parts=tuple(parts))


class StreamResampler:
    """Converts one continuous mono stream; withholds less than 3 ms until the next samples or `flush`.

    Output sample n belongs to the same moment as input sample n * from_hz / to_hz: there is no delay to add.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._plan = _plan(from_hz, to_hz)
        self._reset()

    def _reset(self) -> None:
        self._received = 0
        self._given = 0
        # Starts `reach - 1` samples before the block of the next output.
        self._pending: NDArray[np.float64] = np.zeros(self._plan.reach - 1)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """Every output whose filter lies within what has come so far."""
        plan = self._plan
        if plan.up == plan.down:
            return samples.copy()
        self._received += len(samples)
        self._pending = np.concatenate((self._pending, samples))
        return self._give_until(((self._received - plan.reach) * plan.up - 1) // plan.down + 1)

    def flush(self) -> NDArray[np.int16]:
        """The end of the stream, as if silence followed. The resampler is then as new."""
        plan = self._plan
        if plan.up == plan.down:
            return np.zeros(0, dtype=np.int16)
        tail = self._give_until(-(-self._received * plan.up // plan.down))
        self._reset()
        return tail

    def _give_until(self, end: int) -> NDArray[np.int16]:
        plan = self._plan
        if end <= self._given:
            return np.zeros(0, dtype=np.int16)
        first_block, blocks_end = self._given // plan.block_out, -(-end // plan.block_out)
        blocks = blocks_end - first_block
        needed = blocks * plan.block_in + 2 * plan.reach
        source = self._pending
        if len(source) < needed:
            source = np.concatenate((source, np.zeros(needed - len(source))))
        made = _filter(plan, source, blocks)
        offset = first_block * plan.block_out
        wanted = made[self._given - offset : end - offset]
        self._given = end
        self._pending = self._pending[(end // plan.block_out - first_block) * plan.block_in :]
        return wanted


def _filter(plan: _Plan, source: NDArray[np.float64], blocks: int) -> NDArray[np.int16]:
    made = np.empty((blocks, plan.block_out))
    step = source.strides[0]
    for first_input, first_output, matrix in plan.parts:
        windows = np.lib.stride_tricks.as_strided(
            source[first_input:], (blocks, matrix.shape[0]), (plan.block_in * step, step), writeable=False
        )
        # Overlapping rows would keep numpy from handing the product to BLAS.
        made[:, first_output : first_output + matrix.shape[1]] = np.ascontiguousarray(windows) @ matrix
    made *= 1 / _COEFFICIENT_SCALE
    np.rint(made, out=made)
    np.clip(made, -32768, 32767, out=made)
    return made.reshape(-1).astype(np.int16)


def resample(samples: NDArray[np.int16], from_hz: int, to_hz: int) -> NDArray[np.int16]:
    """A whole piece at another rate: ceil(len * to_hz / from_hz) samples, int16, aligned in time."""
    if from_hz == to_hz:
        return samples.copy()
    stream = StreamResampler(from_hz, to_hz)
    return np.concatenate((stream.push(samples), stream.flush()))
