"""What a steady tone on a telephone line is: a fax, a carrier's signal, a machine's beep."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from antiphon.calls.amd.tones import Tone

# ITU-T T.30, 4.3.3.1 and 4.3.3.2: the called fax answers with 2100 Hz +- 15, the calling one sends 1100 Hz
# +- 38 for half a second every 3.5 s. Carriers shift and distort, so the bounds are a little wider.
_FAX_ANSWERS_HZ = (2070.0, 2130.0)
_FAX_CALLS_HZ = (1055.0, 1145.0)
_FAX_CALLS_MS = (380, 700)
# Special information tones, Telcordia GR-1162: each of the three may be a low or a high one.
_SIT_HZ = ((913.8, 985.2), (1370.6, 1428.5), (1776.7, 1776.7))
_SIT_OFF_HZ = 40.0
_SIT_MS = (200, 460)
_SIT_GAP_MS = 120
# Ringing and busy: 350 to 480 Hz, alone or in pairs too near each other to be told apart here.
_PROGRESS_HZ = (330.0, 500.0)
_PROGRESS_MIN_MS = 350
# ITU-T Q.23: somebody presses a key.
_KEYS_HZ = ((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0))
_KEYS_OFF = 0.02
_BEEP_MS = (96, 4000)
_BEEP_QUIET_MS = 112


def is_fax_answering(tone: Tone) -> bool:
    return not tone.second_hz and _within(tone.hz, _FAX_ANSWERS_HZ)


def is_fax_calling(tone: Tone) -> bool:
    return (
        tone.ended_ms is not None
        and not tone.second_hz
        and _within(tone.hz, _FAX_CALLS_HZ)
        and _within(tone.lasted_ms, _FAX_CALLS_MS)
    )


def is_information_signal(tones: Sequence[Tone]) -> bool:
    """Whether the last three tones are a carrier's "this call cannot be completed"."""
    last = tones[-len(_SIT_HZ) :]
    if len(last) < len(_SIT_HZ) or any(tone.ended_ms is None or tone.second_hz for tone in last):
        return False
    gaps = [after.started_ms - (before.ended_ms or 0) for before, after in itertools.pairwise(last)]
    return (
        all(
            any(abs(tone.hz - hz) <= _SIT_OFF_HZ for hz in allowed) and _within(tone.lasted_ms, _SIT_MS)
            for tone, allowed in zip(last, _SIT_HZ, strict=True)
        )
        and max(gaps) <= _SIT_GAP_MS
    )


def is_progress(tone: Tone) -> bool:
    """Ringing or busy, if nobody has spoken yet."""
    low = _within(tone.hz, _PROGRESS_HZ)
    return low and (not tone.second_hz or tone.second_hz <= 640) and tone.lasted_ms >= _PROGRESS_MIN_MS


def is_beep(tone: Tone) -> bool:
    """A tone and then nothing: what follows a beep is the tape."""
    if _is_key(tone) or not tone.alone:
        return False
    return tone.ended_ms is not None and _within(tone.lasted_ms, _BEEP_MS) and tone.quiet_ms >= _BEEP_QUIET_MS


def _is_key(tone: Tone) -> bool:
    pair = zip((tone.hz, tone.second_hz), _KEYS_HZ, strict=True)
    return all(any(abs(hz - key) <= _KEYS_OFF * key for key in keys) for hz, keys in pair)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
