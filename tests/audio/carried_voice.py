"""Real voices for a machine without the folder of recordings: a pinned package of the ordinary index carries
a few (moonshine-voice 0.1.5, MIT). Only its sound files are taken; nothing of it is installed or run."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import wave
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.providers.local.models.store import models_root

_PIN = "moonshine-voice==0.1.5"
_WHEEL = "moonshine_voice-0.1.5-py3-none-manylinux_2_34_x86_64.whl"
_SHA256 = "1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496"
_FETCH_S = 300

# Samuel Beckett, Worstward Ho (six short sentences, a male reader with long pauses).
BECKETT_TEXT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
# Charles Dickens, A Tale of Two Cities, the first 26.3 s (a slow reader).
TWO_CITIES_S = 26.3
TWO_CITIES_TEXT = (
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of "
    "foolishness it was the epoch of belief it was the epoch of incredulity it was the season of "
    "light it was the season of darkness it was the spring of hope it was the winter of despair we "
    "had everything before us we had nothing before us"
)


def carried_recording(name: str, until_s: float = 60.0) -> tuple[NDArray[np.int16], int]:
    """Mono samples and rate of a recording in the package; skips the test where it cannot be had."""
    with zipfile.ZipFile(_wheel()) as archive:
        data = archive.read(f"moonshine_voice/assets/{name}")
    with wave.open(io.BytesIO(data)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2")
        return samples[: round(until_s * recording.getframerate())], recording.getframerate()


@cache
def _wheel() -> Path:
    source = os.environ.get("ANTIPHON_MODELS_SOURCE", "")
    folders = [Path(source)] if source else []
    cached = models_root() / "test-recordings"
    for folder in (*folders, cached):
        if (folder / _WHEEL).is_file() and _sha256(folder / _WHEEL) == _SHA256:
            return folder / _WHEEL
    _fetch(cached)
    found = _sha256(cached / _WHEEL)
    assert found == _SHA256, f"{_WHEEL} changed: its SHA-256 is {found}"
    return cached / _WHEEL


def _fetch(into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--platform", "manylinux_2_34_x86_64", "--dest", str(into), _PIN]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_FETCH_S)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error)
        pytest.skip(f"no real voice to hear: pip could not download {_PIN}: {str(said).strip()[-200:]}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
