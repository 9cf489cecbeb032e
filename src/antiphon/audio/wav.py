"""Reading and writing recordings: 16-bit PCM WAV, and FLAC where `soundfile` is installed."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ConfigError

_FIX = "give a 16-bit PCM WAV file (for example: ffmpeg -i INPUT -c:a pcm_s16le OUTPUT.wav)"


def read_wav(path: str | Path) -> tuple[NDArray[np.int16], int]:
    """Mono samples and their rate in Hz; several channels are averaged.

    Raises:
        ConfigError: No such file, not a recording, or an encoding we do not read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(f"cannot read the recording: {error.strerror}", where=str(path)) from error
    if magic == b"fLaC":
        return _read_flac(path)
    try:
        with wave.open(str(path), "rb") as recording:
            width, channels = recording.getsampwidth(), recording.getnchannels()
            rate_hz = recording.getframerate()
            data = recording.readframes(recording.getnframes())
    except (wave.Error, EOFError) as error:
        raise ConfigError(f"not a WAV file we can read ({error})", where=str(path), fix=_FIX) from error
    if width != 2:
        raise ConfigError(f"{8 * width}-bit samples are not supported", where=str(path), fix=_FIX)
    if rate_hz <= 0 or channels <= 0:
        raise ConfigError("the header names no sample rate or no channel", where=str(path), fix=_FIX)
    # A recording cut off in the middle of a frame (a crash, a full disk) still has its beginning.
    whole = len(data) // (2 * channels) * 2 * channels
    return _mono(np.frombuffer(data[:whole], dtype="<i2").reshape(-1, channels)), rate_hz


def _read_flac(path: Path) -> tuple[NDArray[np.int16], int]:
    try:
        import soundfile
    except ImportError as error:
        raise ConfigError(
            "FLAC needs the package `soundfile`", where=str(path), fix="pip install soundfile, or " + _FIX
        ) from error
    try:
        samples, rate_hz = soundfile.read(str(path), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ConfigError(f"not a FLAC file we can read ({error})", where=str(path), fix=_FIX) from error
    return _mono(samples), int(rate_hz)


def _mono(frames: NDArray[np.int16]) -> NDArray[np.int16]:
    if frames.shape[1] == 1:
        return frames[:, 0].astype(np.int16)
    mixed: NDArray[np.int16] = np.rint(frames.mean(axis=1)).astype(np.int16)
    return mixed


def write_wav(path: str | Path, samples: NDArray[np.int16], rate_hz: int) -> None:
    """16-bit PCM; `samples` is [n], or [n, channels]."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        recording.setsampwidth(2)
        recording.setframerate(rate_hz)
        recording.writeframes(samples.astype("<i2").tobytes())
