"""What a telephone carries when somebody or something answers: tones, silence, and the line itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.level import active_level_dbfs
from antiphon.audio.resample import resample

RATE_HZ = 8000
Samples = NDArray[np.int16]

_BAND_HZ = (300.0, 3400.0)
_FADE_MS = 4
_TONE_PEAK = 9000.0


def silence(duration_ms: int) -> Samples:
    return np.zeros(duration_ms * RATE_HZ // 1000, np.int16)


def tone(duration_ms: int, *hz: float, peak: float = _TONE_PEAK) -> Samples:
    """One frequency or several together."""
    place = np.arange(duration_ms * RATE_HZ // 1000) / RATE_HZ
    wave = np.sum([np.sin(2 * np.pi * each * place) for each in hz], axis=0) / len(hz)
    fade = min(len(place) // 2, _FADE_MS * RATE_HZ // 1000)
    edge = np.ones(len(place))
    edge[:fade] = np.linspace(0, 1, fade)
    edge[len(edge) - fade :] = np.linspace(1, 0, fade)
    sound: Samples = (peak * edge * wave).astype(np.int16)
    return sound


def fax_answer(duration_ms: int = 3000, *, modem: bool = False) -> Samples:
    """2100 Hz; a `modem` turns its phase every 450 ms and trembles at 15 Hz (ITU-T V.8, ANSam)."""
    place = np.arange(duration_ms * RATE_HZ // 1000) / RATE_HZ
    wave = np.sin(2 * np.pi * 2100 * place)
    if modem:
        turned = np.where((place // 0.45).astype(int) % 2, -1.0, 1.0)
        wave = wave * turned * (1 + 0.2 * np.sin(2 * np.pi * 15 * place))
    return (_TONE_PEAK * wave / 1.2).astype(np.int16)


def fax_call(times: int = 3) -> Samples:
    """1100 Hz for half a second, every 3.5 s (ITU-T T.30, 4.3.3.2)."""
    return np.concatenate([part for _ in range(times) for part in (tone(500, 1100), silence(3000))])


def information_signal(*, long: bool = False) -> Samples:
    """Three rising tones before a carrier's announcement (Telcordia GR-1162)."""
    low = 380 if long else 276
    return np.concatenate([tone(low, 913.8), tone(274, 1370.6), tone(380, 1776.7)])


def ringing(times: int, *hz: float, on_ms: int, off_ms: int) -> Samples:
    return np.concatenate([part for _ in range(times) for part in (tone(on_ms, *hz), silence(off_ms))])


def on_the_line(samples: Samples, *, level_dbfs: float, snr_db: float, seed: int) -> Samples:
    """Samples at 8 kHz as a telephone line brings them: band-limited, at this level, with noise, mu-law.

    The noise is that of a line, a little louder towards the low end. What has no sound keeps its level.
    """
    limited = _band_limited(samples.astype(np.float64))
    level = active_level_dbfs(np.clip(limited, -32768, 32767).astype(np.int16), RATE_HZ)
    gain = 10 ** ((level_dbfs - level) / 20) if level > -80 else 1.0
    noise = _line_noise(len(samples), level_dbfs - snr_db, seed)
    mixed = np.clip(limited * gain + noise, -32768, 32767).astype(np.int16)
    return g711.decode(g711.encode(mixed))


def narrow(samples: Samples, rate_hz: int) -> Samples:
    return resample(samples, rate_hz, RATE_HZ)


def _band_limited(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    # Slopes of 100 Hz, not walls: a wall rings.
    keep = np.clip((hz - _BAND_HZ[0] + 100) / 100, 0, 1) * np.clip((_BAND_HZ[1] + 100 - hz) / 100, 0, 1)
    return np.fft.irfft(spectrum * keep, len(samples))


def _line_noise(count: int, level_dbfs: float, seed: int) -> NDArray[np.float64]:
    white = np.random.default_rng(seed).standard_normal(count + 1)
    coloured = white[1:] + 0.6 * white[:-1]
    wanted = 32768 * 10 ** (level_dbfs / 20)
    noise: NDArray[np.float64] = coloured / np.sqrt(np.mean(coloured**2)) * wanted
    return noise
