"""Is what comes in our own voice, given back by a loudspeaker? Told by how the bands of both rise and fall.

Only asked when words were recognised over our speech, a few times a minute: nothing is done per frame. The
rule and what it was measured on: docs/decisions/0010-echo-and-protected-spans.md.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from antiphon.runtime.media.reply import Reply

# From our pacing clock to the caller's loudspeaker, through the room and back.
LAG_MS = 700
HOP_MS = 20
# Before the voice began we were heard too: what was silent then is no echo of it.
BEFORE_MS = 400
# Of a long voice the last of it tells; enough for ten syllables.
LATEST_MS = 1200
# A shorter stretch rises and falls too little to be told from another. Recognisers are quick, and an echo
# falls silent soon after we do: what is shorter than a sure voice must be more alike. Of callers on a line
# without an echo 1 % are taken for one either way.
VOICE_MIN_MS = 240
SURE_MS = 400
LIKENESS_MIN = 0.66
SHORT_LIKENESS_MIN = 0.75
# What is said after a shorter pause belongs to the same voice.
APART_MS = 400
# Below the loudest of a stretch by so much (log10 of power) is silence on either side.
_RANGE = 4.0
_RATE_HZ = 8000
_EDGES = np.array((200, 400, 600, 850, 1150, 1500, 2000, 2600, 3400)) * 2 * HOP_MS // 1000
_WINDOW = np.hanning(_RATE_HZ * 2 * HOP_MS // 1000)
_KEPT_NS = 4_000_000_000

Samples = NDArray[np.int16]


class Played:
    """What the far end was given to play and when, as stretches of replies; the last few seconds of it."""

    __slots__ = ("_rate_hz", "_runs")

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._runs: deque[tuple[int, Reply, int, int]] = deque()  # From when, whose, from where, samples.

    def sent(self, reply: Reply, at_ns: int, samples: int) -> None:
        """So many samples, the last that were taken from the reply, are played from then on."""
        first = reply.sent - samples
        if self._runs:
            begins_ns, last, start, length = self._runs[-1]
            if last is reply and start + length == first and self._end_ns(begins_ns, length) >= at_ns - 1000:
                self._runs[-1] = begins_ns, reply, start, length + samples
                return
        self._runs.append((at_ns, reply, first, samples))
        while self._end_ns(self._runs[0][0], self._runs[0][3]) < at_ns - _KEPT_NS:
            self._runs.popleft()

    def cleared(self, now_ns: int) -> None:
        """The far end fell silent: what it had not played it never will."""
        while self._runs:
            begins_ns, reply, start, length = self._runs.pop()
            played = min(length, max(0, now_ns - begins_ns) * self._rate_hz // 1_000_000_000)
            if played:
                self._runs.append((begins_ns, reply, start, played))
                return

    def between(self, from_ns: int, samples: int) -> Samples | None:
        """What sounded from a moment on, silence where nothing did; None: nothing sounded at all."""
        heard: Samples | None = None
        for begins_ns, reply, start, length in self._runs:
            place = (begins_ns - from_ns) * self._rate_hz // 1_000_000_000
            first, last = max(0, place), min(samples, place + length)
            if first < last:
                heard = np.zeros(samples, np.int16) if heard is None else heard
                heard[first:last] = reply.read(start + first - place, last - first)
        return heard

    def _end_ns(self, begins_ns: int, samples: int) -> int:
        return begins_ns + samples * 1_000_000_000 // self._rate_hz


def gives_back(incoming: Samples, played: Samples, voice: int, rate_hz: int) -> bool:
    """Whether what came in is an echo of ours; arguments as of `likeness`."""
    if voice < VOICE_MIN_MS * rate_hz // 1000:
        return False
    least = LIKENESS_MIN if voice >= SURE_MS * rate_hz // 1000 else SHORT_LIKENESS_MIN
    return likeness(incoming, played, voice, rate_hz) >= least


def likeness(incoming: Samples, played: Samples, voice: int, rate_hz: int) -> float:
    """How much what came in rises and falls as ours did, at the delay where it does so most: 1 is the same.

    Both end at the same moment; `played` begins `LAG_MS` earlier. The last `voice` samples of what came in
    are the voice's, and must be alike by themselves too.
    """
    came, ours = _bands(incoming, rate_hz), _bands(played, rate_hz)
    whole = _alike(came, ours)
    if whole.max() < LIKENESS_MIN:
        return float(whole.max())
    before = max(0, len(came) - max(2, voice * 1000 // (rate_hz * HOP_MS)))  # 0 as the call begins.
    return float(np.minimum(whole, _alike(came[before:], ours[before:])).max())


def _bands(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    """[hops, bands]: log10 of the power in each, silence levelled."""
    if rate_hz > _RATE_HZ:  # All bands are below: half the arithmetic.
        samples = samples[: len(samples) & ~1].reshape(-1, rate_hz // _RATE_HZ).mean(axis=1)
    hop = _RATE_HZ * HOP_MS // 1000
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2 * hop)[::hop]
    spectrum = np.fft.rfft(frames * _WINDOW, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    levels = np.log10(np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1) + 1.0)
    levelled: NDArray[np.float64] = np.maximum(levels, levels.max() - _RANGE)
    return levelled


def _alike(came: NDArray[np.float64], ours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation at every delay, the longest first; what a band's level is on either side does not count."""
    hops, bands = came.shape
    came = came - came.mean(axis=0)
    ours = ours - ours.mean(axis=0)
    together = sum(np.correlate(ours[:, band], came[:, band]) for band in range(bands))
    sums = np.vstack([np.zeros((1, 2 * bands)), np.hstack([ours, ours**2]).cumsum(axis=0)])
    sums = sums[hops:] - sums[:-hops]
    spread = (sums[:, bands:] - sums[:, :bands] ** 2 / hops).sum(axis=1)
    alike: NDArray[np.float64] = together / np.sqrt(np.maximum((came**2).sum() * spread, 1e-9))
    return alike
