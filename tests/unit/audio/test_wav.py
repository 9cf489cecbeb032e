"""Recordings: what is written is read back, and what is not a recording is said to be so."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from antiphon.audio.wav import read_wav, write_wav
from antiphon.errors import ConfigError

RAMP = np.arange(-2000, 2000, dtype=np.int16)


def write_raw(path: Path, data: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(width)
        recording.setframerate(rate_hz)
        recording.writeframes(data)
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_wav(tmp_path / "ramp.wav", RAMP, 16000)
    samples, rate_hz = read_wav(tmp_path / "ramp.wav")
    assert rate_hz == 16000
    assert samples.dtype == np.int16
    assert np.array_equal(samples, RAMP)


def test_two_channels_are_averaged(tmp_path: Path) -> None:
    both = np.stack((np.full(10, 100), np.full(10, 300)), axis=1).astype("<i2")
    samples, _ = read_wav(write_raw(tmp_path / "stereo.wav", both.tobytes(), channels=2))
    assert samples.tolist() == [200] * 10


def test_a_recording_cut_off_in_the_middle_gives_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    write_wav(path, RAMP, 8000)
    path.write_bytes(path.read_bytes()[:1001])
    samples, _ = read_wav(path)
    assert 400 < len(samples) < len(RAMP)
    assert np.array_equal(samples, RAMP[: len(samples)])


def test_flac_is_read_where_soundfile_is_installed(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(str(tmp_path / "ramp.flac"), RAMP, 16000)
    samples, rate_hz = read_wav(tmp_path / "ramp.flac")
    assert rate_hz == 16000
    assert np.array_equal(samples, RAMP)


@pytest.mark.parametrize(
    "content", [b"", b"RI", b"RIFF\x00\x00\x00\x00WAVE", b"hello world" * 100, b"fLaCnonsense"]
)
def test_a_file_that_is_no_recording_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "noise.wav"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"noise\.wav: not a .* file") as caught:
        read_wav(path)
    assert "fix:" in str(caught.value)


def test_eight_bit_samples_are_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="8-bit samples") as caught:
        read_wav(write_raw(tmp_path / "old.wav", b"\x80" * 100, width=1))
    assert "ffmpeg" in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(ConfigError, match="cannot read"):
        read_wav(tmp_path)
