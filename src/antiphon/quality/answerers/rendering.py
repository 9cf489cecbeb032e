"""From an opening to what the line brings: voices, recordings and tones through a telephone line."""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import numpy as np

from antiphon.audio.wav import read_wav
from antiphon.quality.answerers import sounds
from antiphon.quality.answerers.openings import Opening
from antiphon.quality.answerers.sounds import RATE_HZ, Samples, silence, tone

SpeakLine = Callable[[str, str], Awaitable[Samples]]  # Voice and words to samples at 8 kHz.

SOUNDS: Mapping[str, Callable[[], Samples]] = {
    "fax_answer": sounds.fax_answer,
    "fax_answer_late": lambda: np.concatenate([silence(1200), sounds.fax_answer(2600)]),
    "fax_modem": lambda: sounds.fax_answer(3300, modem=True),
    "fax_call": sounds.fax_call,
    "fax_call_late": lambda: np.concatenate([silence(1800), sounds.fax_call(2)]),
    "digital": lambda: silence(8000),
    "line": lambda: silence(8000),
    "click": lambda: np.concatenate([silence(700), tone(12, 400.0, 900.0, 1700.0, 2600.0), silence(7000)]),
    "ringing_us": lambda: sounds.ringing(2, 440.0, 480.0, on_ms=2000, off_ms=4000),
    "ringing_eu": lambda: sounds.ringing(2, 425.0, on_ms=1000, off_ms=4000),
    "beep_only": lambda: np.concatenate([silence(900), tone(500, 1000.0), silence(3000)]),
    "signal": lambda: np.concatenate([sounds.information_signal(), silence(3000)]),
}
_PARTS = re.compile(r"(\[[^\]]+\])")
_PICKED_UP_MS = (250, 450, 800, 1200)  # From the line's being up to the first sound.
_AFTER_MS = 5000
_SNR_DB = (38.0, 30.0, 24.0, 18.0)
_LEVELS_DBFS = (-20.0, -25.0, -30.0)


async def render(opening: Opening, speak: SpeakLine, folder: Path | None) -> Samples:
    """Mono at 8 kHz, mu-law, with a line's noise; the same for the same opening in every run."""
    seed = zlib.crc32(opening.name.encode())
    if opening.sounds:
        dry = SOUNDS[opening.sounds]()
    elif opening.file:
        assert folder is not None, "recorded openings need their folder"
        dry = _recorded(opening, folder)
    else:
        dry = await _spoken(opening, speak)
    before = silence(_PICKED_UP_MS[seed % len(_PICKED_UP_MS)])
    whole = np.concatenate([before, dry, silence(_AFTER_MS)])
    if opening.sounds == "digital":
        return whole
    return sounds.on_the_line(
        whole,
        level_dbfs=_LEVELS_DBFS[seed // 4 % len(_LEVELS_DBFS)],
        snr_db=_SNR_DB[seed // 12 % len(_SNR_DB)],
        seed=seed,
    )


def _recorded(opening: Opening, folder: Path) -> Samples:
    samples, rate_hz = read_wav(folder / opening.file)
    until = opening.until_ms * rate_hz // 1000 or len(samples)
    return sounds.narrow(samples[opening.from_ms * rate_hz // 1000 : until], rate_hz)


async def _spoken(opening: Opening, speak: SpeakLine) -> Samples:
    parts = []
    for part in _PARTS.split(opening.text):
        if part.startswith("[beep"):
            hz, duration_ms = (int(number) for number in part[1:-1].split()[1:])
            parts.append(tone(duration_ms, float(hz)))
        elif part.startswith("["):
            parts.append(silence(int(part[1:-1])))
        elif part.strip():
            parts.append(_trimmed(await speak(opening.voice, part.strip())))
    return np.concatenate(parts)


def _trimmed(samples: Samples) -> Samples:
    """Without the silence voices begin and end with, so that a pause is as long as it says."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 200)
    margin = RATE_HZ // 50
    return samples[max(0, loud[0] - margin) : loud[-1] + margin] if loud.size else samples
