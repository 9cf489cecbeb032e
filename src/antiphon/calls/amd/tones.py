"""Steady tones in telephone audio: one or two frequencies, a level that stays, edges.

A voice has neither: its pitch moves by more than a hundredth within 100 ms, its level by more than 3 dB, and
its energy lies on many harmonics. A note of music may have both; what follows it tells (`Tone.quiet_ms`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

_WINDOW_MS, _HOP_MS = 32, 16
_BIN_HZ = 15.625  # Windows are padded to twice their length, so that peaks can be interpolated.
_LOBE = 5  # Bins on either side that hold the main lobe of a Hann window.
_BAND_HZ = (280.0, 3300.0)
_HEARD_HZ = (180.0, 3500.0)  # What counts against a tone: all of the telephone's band but hum.
_PURE = 0.80  # Share of a single tone in it: noise of up to 6 dB below.
_PURE_PAIR = 0.88
_PAIR_SHARE = 0.1  # A second frequency weaker than this is distortion.
_LOUD_DBFS = -48.0
_STEADY_HZ, _STEADY_SHARE = 10.0, 0.012
_STEADY_DB = 2.5
_FRAMES_MIN = 4  # 64 ms and the window: a tone of 80 ms.
_QUIET_DB = 10.0
_OVER_FLOOR_DB, _SILENT_DBFS = 8.0, -48.0  # No louder than that, or than the quietest there was.
_FLOOR_RISE_DB = 0.05  # A frame: 3 dB a second.
_BEFORE_FRAMES = 4  # 64 ms, and two frames that hold some of the tone itself.
_QUIET_MAX_MS = 400  # Nothing is learnt from longer.
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A stretch of one steady tone; times in ms since the first sample.

    Attributes:
        hz: The frequency, the lower of two.
        second_hz: The higher of two, else 0.
        ended_ms: None while it lasts; `lasted_ms` is what there is of it.
        alone: Quiet right before it: no voice ends in it.
        quiet_ms: Quiet right after it, up to 400.
    """

    hz: float
    second_hz: float
    started_ms: int
    lasted_ms: int
    ended_ms: int | None = None
    alone: bool = True
    quiet_ms: int = 0
    level_dbfs: float = 0.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """One window. `hz` is 0 where there is no tone."""

    level_dbfs: float
    hz: float = 0.0
    second_hz: float = 0.0

    def goes_with(self, other: _Frame) -> bool:
        return _near(self.hz, other.hz) and _near(self.second_hz, other.second_hz)


@dataclass(slots=True)
class _Run:
    """Frames of one tone in a row; one that is missing in between is forgiven."""

    first: int
    frames: list[_Frame] = field(default_factory=list)
    before_dbfs: float = -100.0  # The loudest shortly before.
    floor_dbfs: float = -100.0  # The quietest there was until then.
    missed: int = 0

    @property
    def steady(self) -> bool:
        inner = [frame.level_dbfs for frame in self.frames[1:-1]]
        return len(self.frames) >= _FRAMES_MIN and float(np.std(inner)) <= _STEADY_DB

    def tone(self, ended: bool) -> Tone:
        middle = self.frames[len(self.frames) // 2]
        started_ms = self.first * _HOP_MS + _HOP_MS // 2
        lasted_ms = len(self.frames) * _HOP_MS
        return Tone(
            hz=float(np.median([frame.hz for frame in self.frames])),
            second_hz=float(np.median([frame.second_hz for frame in self.frames])),
            started_ms=started_ms,
            lasted_ms=lasted_ms,
            ended_ms=started_ms + lasted_ms if ended else None,
            alone=self.before_dbfs <= _quiet_dbfs(middle.level_dbfs, self.floor_dbfs),
            level_dbfs=middle.level_dbfs,
        )


class ToneMeter:
    """One line's. It tells of a tone while it lasts, when it ends, and of the quiet after."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._size = sample_rate_hz * _WINDOW_MS // 1000
        self._hop = self._size // 2
        self._window = np.hanning(self._size).astype(np.float32)
        self._scale = float(np.mean(self._window**2))
        self._rest = np.zeros(0, np.float32)
        self._number = 0  # Of the next frame.
        self._floor_dbfs = 0.0
        self._levels: deque[float] = deque(maxlen=_BEFORE_FRAMES + 2)  # Of the frames before this one.
        self._run: _Run | None = None
        self._after: Tone | None = None  # Ended, and its quiet is being counted.
        self._told: deque[Tone] = deque()

    def push(self, pcm: bytes) -> list[Tone]:
        """What is new after these samples (mono s16le): each tone as it stands, newest last."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        self._rest = np.concatenate([self._rest, samples])
        count = max(0, (len(self._rest) - self._size) // self._hop + 1)
        if not count:
            return []
        frames = np.lib.stride_tricks.sliding_window_view(self._rest, self._size)[:: self._hop][:count]
        for frame in _frames(frames * self._window, self._scale):
            self._take(frame)
            self._levels.append(frame.level_dbfs)
            self._number += 1
        self._rest = self._rest[count * self._hop :]
        if self._run is not None and self._run.steady:
            self._told.append(self._run.tone(ended=False))
        told, self._told = list(self._told), deque()
        return told

    def _take(self, frame: _Frame) -> None:
        self._floor_dbfs = min(frame.level_dbfs, self._floor_dbfs + _FLOOR_RISE_DB)
        self._count_quiet(frame)
        run = self._run
        if run is not None and frame.hz and frame.goes_with(run.frames[-1]):
            run.frames += [run.frames[-1]] * run.missed + [frame]
            run.missed = 0
            return
        if run is not None and not run.missed and not frame.hz and _still_loud(frame, run.frames[-1]):
            run.missed = 1
            return
        if run is not None and run.steady:
            self._after = run.tone(ended=True)
            self._told.append(self._after)
        self._run = None
        if frame.hz:
            before_dbfs = max(list(self._levels)[:_BEFORE_FRAMES], default=-100.0)
            self._run = _Run(self._number, [frame], before_dbfs, self._floor_dbfs)

    def _count_quiet(self, frame: _Frame) -> None:
        tone = self._after
        if tone is None:
            return
        if frame.level_dbfs > _quiet_dbfs(tone.level_dbfs, self._floor_dbfs):
            # The window in which it ends still holds some of it.
            if tone.quiet_ms or self._number * _HOP_MS > (tone.ended_ms or 0) + _WINDOW_MS:
                self._after = None
            return
        self._after = replace(tone, quiet_ms=tone.quiet_ms + _HOP_MS)
        self._told.append(self._after)
        if self._after.quiet_ms >= _QUIET_MAX_MS:
            self._after = None


def _quiet_dbfs(tone_dbfs: float, floor_dbfs: float) -> float:
    """What is no louder than this is quiet beside the tone."""
    return min(tone_dbfs - _QUIET_DB, max(floor_dbfs + _OVER_FLOOR_DB, _SILENT_DBFS))


def _still_loud(frame: _Frame, before: _Frame) -> bool:
    return frame.level_dbfs > before.level_dbfs - _QUIET_DB


def _near(one_hz: float, other_hz: float) -> bool:
    return abs(one_hz - other_hz) <= max(_STEADY_HZ, _STEADY_SHARE * one_hz)


def _frames(windows: NDArray[np.float32], scale: float) -> list[_Frame]:
    """Windows [frames, samples], already weighted."""
    level = 10 * np.log10(np.maximum(np.mean(windows**2, axis=1) / scale, _TINY))
    power = np.abs(np.fft.rfft(windows, 2 * windows.shape[1], axis=1)) ** 2
    heard = power[:, int(_HEARD_HZ[0] / _BIN_HZ) : int(_HEARD_HZ[1] / _BIN_HZ) + 1].sum(axis=1) + _TINY
    return [_frame(power[row], float(heard[row]), float(level[row])) for row in range(len(windows))]


def _frame(power: NDArray[np.float64], heard: float, level_dbfs: float) -> _Frame:
    if level_dbfs < _LOUD_DBFS:
        return _Frame(level_dbfs)
    place, share = _strongest(power, heard)
    if share >= _PURE:
        return _Frame(level_dbfs, _peak_hz(power, place))
    rest = power.copy()
    rest[max(0, place - _LOBE) : place + _LOBE + 1] = 0
    other, other_share = _strongest(rest, heard)
    if other_share < _PAIR_SHARE or share + other_share < _PURE_PAIR:
        return _Frame(level_dbfs)
    low, high = sorted((_peak_hz(power, place), _peak_hz(power, other)))
    return _Frame(level_dbfs, low, high)


def _strongest(power: NDArray[np.float64], heard: float) -> tuple[int, float]:
    """The bin of the strongest peak and its share of all that is heard."""
    first, last = int(_BAND_HZ[0] / _BIN_HZ), int(_BAND_HZ[1] / _BIN_HZ)
    place = first + int(power[first : last + 1].argmax())
    return place, float(power[max(0, place - _LOBE) : place + _LOBE + 1].sum()) / heard


def _peak_hz(power: NDArray[np.float64], place: int) -> float:
    """Between the bins, by a parabola through the logarithms."""
    left, middle, right = np.log(power[place - 1 : place + 2] + _TINY)
    bend = left - 2 * middle + right
    return (place + (0.5 * (left - right) / bend if bend else 0.0)) * _BIN_HZ
