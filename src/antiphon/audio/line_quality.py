"""How good one second of a line was, for many lines at once: level, noise, clipping, holes and bandwidth.

Levels in dBFS as in `level.py`. Nothing here knows calls or clocks; rows are lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.level import dbfs_of_power

FRAMES = 50  # 20 ms each: the second that is measured.
_FULL = np.int16(32000)  # The last code of G.711 decodes to 32124 (mu-law) or 32256 (A-law).
_VOICED_FRAMES_MIN = 10  # Less than 200 ms of voice says little of a voice.
_NOISE_FRAMES_MIN = 10
_NOISE_QUARTER = 4  # The quiet quarter of what is no voice: an echo of the agent is not the room.
_LOUD_FRAMES = 8
_EDGE_DB = 40.0  # Noise of G.711 lies some 45 dB under the strongest 50 Hz of a voice.
_BIN_HZ = 50  # A frame of 20 ms.
_HOLE_DB = 20.0  # Around a hole the voice is there at once; around a closed mouth it fades.
_SILENT = 1e-10


@dataclass(frozen=True, slots=True)
class LineSecond:
    """One second of one line.

    Attributes:
        voiced: There was enough voice to judge it; without, only `noise_dbfs` and `lost_pct` mean anything.
        level_dbfs: Of the caller's voice.
        noise_dbfs: Of what is heard besides it.
        snr_db: Voice over noise.
        clipped_pct: Of the samples of the voice, at the end of the scale.
        lost_pct: Of the second: audio made up for what never came, and holes cut into the voice. A stream
            that stops between words may only be saving bandwidth, and is not counted.
        bandwidth_hz: Up to where the voice has energy.
    """

    voiced: bool
    level_dbfs: float
    noise_dbfs: float
    snr_db: float
    clipped_pct: float
    lost_pct: float
    bandwidth_hz: int


def measure(
    power: NDArray[np.float32],
    voiced: NDArray[np.bool_],
    missing: NDArray[np.int64],
    noise: NDArray[np.float32],
    sound: Callable[[NDArray[np.intp]], NDArray[np.int16]],
) -> list[LineSecond]:
    """One second of each row.

    Args:
        power: [rows, 50, 5]: mean squares of blocks of 4 ms, of samples in -1..1.
        voiced: [rows, 50]: frames in which somebody spoke.
        missing: [rows]: of the frames, those a transport made up for what never came.
        noise: [rows]: mean square of the noise so far, NaN where none is known; replaced in place.
        sound: The samples of some of the rows, [picked, 50, samples of 20 ms]: asked for only of rows in
            which somebody spoke, which are half of them at most.
    """
    rows, frames, _ = power.shape
    frame = power.mean(axis=2)
    spoken = voiced & (frame > _SILENT)
    count = spoken.sum(axis=1)
    enough = count >= _VOICED_FRAMES_MIN
    _follow_noise(frame, voiced, noise)
    floor = np.where(noise > _SILENT, noise, np.float32(_SILENT))  # NaN is not.
    said = np.where(spoken, frame, 0)
    heard = said.sum(axis=1) / np.maximum(count, 1)
    voice = np.maximum(heard - floor, floor * 0.01)  # 20 dB under the noise is as good as nothing.
    lost = np.minimum(frames, missing + _holes(power, frame, voiced)) * (100 / frames)
    clipped, edge = np.zeros(rows), np.zeros(rows, np.int64)
    if (talking := np.flatnonzero(count)).size:
        pcm = sound(talking)
        clipped[talking] = _clipped_pct(pcm, spoken[talking])
        full = enough[talking]
        if full.any():
            edge[talking[full]] = _bandwidth_hz(pcm[full], said[talking[full]])
    level, below, snr = dbfs_of_power(heard), dbfs_of_power(floor), 10 * np.log10(voice / floor)
    columns = (
        enough,
        np.round(level.astype(np.float64), 1),
        np.round(below.astype(np.float64), 1),
        np.round(snr.astype(np.float64), 1),
        np.round(clipped, 2),
        np.round(lost, 1),
        edge,
    )
    return [LineSecond(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _follow_noise(frame: NDArray[np.float32], voiced: NDArray[np.bool_], noise: NDArray[np.float32]) -> None:
    """Half-way to what was heard between the words; where nobody ever paused, down to the quietest tenth."""
    quiet = ~voiced & (frame > _SILENT)
    count = quiet.sum(axis=1)
    ordered = np.sort(np.where(quiet, frame, np.inf), axis=1)
    between = ordered[np.arange(len(frame)), count // _NOISE_QUARTER]
    lowest = np.sort(np.where(frame > _SILENT, frame, np.inf), axis=1)[:, frame.shape[1] // 10]
    known = ~np.isnan(noise)
    moved = np.where(known, (noise + between) / 2, between)
    held = np.where(known, np.minimum(noise, lowest), lowest)
    found = np.where(count >= _NOISE_FRAMES_MIN, moved, held)
    noise[:] = np.where(np.isfinite(found), found, noise)


def _clipped_pct(pcm: NDArray[np.int16], spoken: NDArray[np.bool_]) -> NDArray[np.float64]:
    result = np.zeros(len(pcm))
    # Hardly ever anything to count: look for the peak first.
    for row in np.flatnonzero((pcm.max(axis=(1, 2)) >= _FULL) | (pcm.min(axis=(1, 2)) <= -_FULL)).tolist():
        said = pcm[row][spoken[row]]
        if said.size:
            result[row] = 100 * np.count_nonzero((said >= _FULL) | (said <= -_FULL)) / said.size
    return result


def _holes(
    power: NDArray[np.float32], frame: NDArray[np.float32], voiced: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Frames of digital silence that begin and end in the middle of the voice: lost on the way."""
    result = np.zeros(len(frame), np.int64)
    empty = (frame <= _SILENT) & voiced
    for row in np.flatnonzero(empty.any(axis=1)).tolist():
        loud = 10 ** (-_HOLE_DB / 10) * float(frame[row].max())
        sound = np.flatnonzero(frame[row] > _SILENT)
        for before, after in zip(sound[:-1].tolist(), sound[1:].tolist(), strict=True):
            cut = power[row, before, -1] > loud and power[row, after, 0] > loud
            if after - before > 1 and cut and voiced[row, before + 1]:
                result[row] += after - before - 1
    return result


@cache
def _window(samples: int) -> NDArray[np.float32]:
    return np.hanning(samples).astype(np.float32)


def _bandwidth_hz(pcm: NDArray[np.int16], frame: NDArray[np.float32]) -> NDArray[np.int64]:
    """The upper edge, by the loudest frames of the voice together."""
    rows, _, samples = pcm.shape
    loudest = np.argpartition(frame, -_LOUD_FRAMES, axis=1)[:, -_LOUD_FRAMES:]
    picked = pcm[np.arange(rows)[:, None], loudest] * (_window(samples) * np.float32(1 / 32768))
    bins = np.fft.rfft(picked, axis=2)
    spectrum = (bins.real**2 + bins.imag**2).mean(axis=1)
    limit = spectrum.max(axis=1, keepdims=True) * 10 ** (-_EDGE_DB / 10)
    above = spectrum > np.maximum(limit, _SILENT)
    top = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    return np.where(above.any(axis=1), top * _BIN_HZ, 0)
