"""Where somebody speaks in a whole recording, cut to what Whisper hears at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ
from antiphon.providers.local.whisper.segment import quietest
from antiphon.speech.ports import VoiceActivity

STRETCH_MAX_SAMPLES = 28 * SAMPLE_RATE_HZ  # Whisper hears 30 s at once.
_CUT_WITHIN_SAMPLES = 6 * SAMPLE_RATE_HZ
_SPEECH_PROBABILITY = 0.5
# A pause for breath belongs to a sentence, which is better understood whole.
_JOINED_MS = 700
_PAD_MS = 250
_SPEECH_MIN_MS = 90  # Three windows; less is a click.


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Samples [start, end) of the recording; `voiced`: how many of them the voice activity called speech."""

    start: int
    end: int
    voiced: int


def stretches(vad: VoiceActivity, samples: NDArray[np.float32]) -> tuple[Stretch, ...]:
    """`samples` are at the rate of `vad`, whose first row is used."""
    window, ms = vad.window_samples, vad.sample_rate_hz // 1000
    speaks = _probabilities(vad, samples) >= _SPEECH_PROBABILITY
    found: list[tuple[int, int]] = []
    for first, last in _runs(speaks):
        if found and (first - found[-1][1]) * window < _JOINED_MS * ms:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    pad, cut = _PAD_MS * ms, []
    for first, last in found:
        if int(speaks[first:last].sum()) * window < _SPEECH_MIN_MS * ms:
            continue
        start, end = max(0, first * window - pad), min(len(samples), last * window + pad)
        for begin, stop in _cut(samples, start, end):
            voiced = int(speaks[begin // window : -(-stop // window)].sum()) * window
            cut.append(Stretch(start=begin, end=stop, voiced=voiced))
    return tuple(cut)


def _runs(speaks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """[first, last) of every run of windows with speech."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaks, [False]]).astype(np.int8)))
    yield from ((int(first), int(last)) for first, last in edges.reshape(-1, 2))


def _cut(samples: NDArray[np.float32], start: int, end: int) -> Iterator[tuple[int, int]]:
    """At the quietest point before it gets too long."""
    while end - start > STRETCH_MAX_SAMPLES:
        latest = start + STRETCH_MAX_SAMPLES
        earliest = latest - _CUT_WITHIN_SAMPLES
        at = earliest + quietest(samples[earliest:latest])
        yield start, at
        start = at
    yield start, end


def _probabilities(vad: VoiceActivity, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each whole window; a rest of less than one is left to the padding."""
    row = np.zeros(1, np.intp)
    vad.reset(row)
    window = vad.window_samples
    context = window // 8
    padded = np.concatenate([np.zeros(context, np.float32), samples])
    starts = range(0, len(samples) - window + 1, window)
    found = [vad.probabilities(row, padded[None, at : at + context + window])[0] for at in starts]
    return np.array(found, dtype=np.float32)
