"""Sounds we make ourselves. Soft, short and without a click, so that nobody takes one for a fault."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# Two notes a fifth apart, both well inside the telephone band (300 to 3400 Hz).
_THINKING_HZ = (440.0, 659.3)
_NOTE_MS = 320
_GAP_MS = 60
# About 12 dB below a voice at its usual -20 dBFS: heard, never startling, far from clipping.
_PEAK_DBFS = -29.0


@lru_cache(maxsize=8)
def thinking(sample_rate_hz: int) -> bytes:
    """The sound that covers a wait: 0.7 s of mono s16le. The same bytes for every call of that rate."""
    return _notes(_THINKING_HZ, sample_rate_hz)


@lru_cache(maxsize=8)
def still_thinking(sample_rate_hz: int) -> bytes:
    """What follows it where no words may come between: the notes fall instead of rising."""
    return _notes(_THINKING_HZ[::-1], sample_rate_hz)


def _notes(pitches_hz: tuple[float, ...], sample_rate_hz: int) -> bytes:
    peak = 32767.0 * 10.0 ** (_PEAK_DBFS / 20.0)
    note = np.arange(sample_rate_hz * _NOTE_MS // 1000)
    # A raised cosine rises from nothing and falls to nothing: no edge, no click.
    swell = 0.5 - 0.5 * np.cos(2.0 * np.pi * note / len(note))
    gap = np.zeros(sample_rate_hz * _GAP_MS // 1000)
    parts = []
    for pitch_hz in pitches_hz:
        parts += [peak * swell * np.sin(2.0 * np.pi * pitch_hz * note / sample_rate_hz), gap]
    return np.concatenate(parts[:-1]).round().astype("<i2").tobytes()


# G major in the middle of the telephone band; a slow turn through its notes is heard as music.
_HOLD_HZ = (392.0, 493.9, 587.3, 784.0, 587.3, 493.9, 440.0, 587.3)
_HOLD_NOTE_MS = 1000
_HOLD_PEAK_DBFS = -26.0


@lru_cache(maxsize=8)
def hold(sample_rate_hz: int) -> bytes:
    """Music for who waits: 9 s of mono s16le that may follow itself. Each note swells into the next."""
    peak = 32767.0 * 10.0 ** (_HOLD_PEAK_DBFS / 20.0)
    note = sample_rate_hz * _HOLD_NOTE_MS // 1000
    music = np.zeros(note * (len(_HOLD_HZ) + 1))
    place = np.arange(2 * note)
    swell = 0.5 - 0.5 * np.cos(2.0 * np.pi * place / len(place))
    for number, pitch_hz in enumerate(_HOLD_HZ):
        music[number * note : (number + 2) * note] += swell * np.sin(
            2.0 * np.pi * pitch_hz * place / sample_rate_hz
        )
    made: bytes = (peak * music).round().astype("<i2").tobytes()
    return made


_DTMF_ROWS_HZ, _DTMF_COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
_DTMF_KEYS = "123A456B789C*0#D"
# ITU-T Q.24 asks for 40 ms and as much pause; menus that listen over a codec want more.
_DTMF_TONE_MS, _DTMF_PAUSE_MS, _DTMF_WAIT_MS = 120, 80, 500
_DTMF_PEAK_DBFS = -9.0  # Each of the two, so that the sum stays off the end of the scale.


def dtmf(digits: str, sample_rate_hz: int) -> bytes:
    """Keys as tones (ITU-T Q.23) in mono s16le, for menus that listen to the line; "w" waits half a second.

    Raises:
        ValueError: Something that is no key.
    """
    peak = 32767.0 * 10.0 ** (_DTMF_PEAK_DBFS / 20.0)
    place = np.arange(sample_rate_hz * _DTMF_TONE_MS // 1000) / sample_rate_hz
    parts = []
    for digit in digits.upper():
        if digit == "W":
            parts.append(np.zeros(sample_rate_hz * _DTMF_WAIT_MS // 1000))
            continue
        row, column = divmod(_DTMF_KEYS.index(digit), 4)
        pair = (_DTMF_ROWS_HZ[row], _DTMF_COLUMNS_HZ[column])
        parts.append(peak * sum(np.sin(2.0 * np.pi * pitch_hz * place) for pitch_hz in pair))
        parts.append(np.zeros(sample_rate_hz * _DTMF_PAUSE_MS // 1000))
    return np.concatenate(parts).round().astype("<i2").tobytes() if parts else b""
