"""Two lines whose far ends hear each other, whatever each carries. Nobody mixes: while we speak on a line,
that line hears us and not the other party."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.audio import g711
from antiphon.audio.ports import Encoding, LineFormat
from antiphon.audio.resample import StreamResampler
from antiphon.runtime.media.ports import Line


class Bridge:
    """Opened when made; closing it twice, or when a line is gone, does nothing."""

    def __init__(self, one: Line, other: Line) -> None:
        self._lines: tuple[Line, ...] = (one, other)
        one.relay_to(other)
        other.relay_to(one)

    def close(self) -> None:
        for line in self._lines:
            line.relay_to(None)
        self._lines = ()


def conversion(heard: LineFormat, said: LineFormat) -> Callable[[bytes], bytes]:
    """From 20 ms of one line's encoding and rate to 20 ms of another's; the first ones are partly silence."""
    resampler = None
    if heard.sample_rate_hz != said.sample_rate_hz:
        resampler = StreamResampler(heard.sample_rate_hz, said.sample_rate_hz)
    frame_samples = said.sample_rate_hz // 50
    waiting = np.zeros(0, np.int16)
    primed = resampler is None

    def convert(frame: bytes) -> bytes:
        nonlocal waiting, primed
        if heard.encoding is Encoding.MULAW:
            pcm = g711.decode(np.frombuffer(frame, np.uint8))
        else:
            pcm = np.frombuffer(frame, "<i2").astype(np.int16, copy=False)
        waiting = np.concatenate((waiting, resampler.push(pcm) if resampler is not None else pcm))
        if not primed:
            # The resampler looks ahead: what it holds back is paid for once, in front.
            waiting = np.concatenate((np.zeros(max(0, frame_samples - len(waiting)), np.int16), waiting))
            primed = True
        out, waiting = waiting[:frame_samples], waiting[frame_samples:]
        return g711.encode(out).tobytes() if said.encoding is Encoding.MULAW else out.astype("<i2").tobytes()

    return convert
