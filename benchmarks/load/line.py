"""What a line carries: the phrase, and the line's own noise under it, as frames ready to send.

The phrase is a file of mu-law at 8 kHz, or is spoken once by the embedded voice. It ends with its last loud
4 ms, on the edge of a frame, so that the end of speech is known to the sample.
"""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64encode
from pathlib import Path

import numpy as np
from benchmarks.load.script import FRAME_BYTES, RATE_HZ, TRANSCRIPT
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.level import block_levels_dbfs
from antiphon.audio.resample import resample
from antiphon.speech.ports import TtsRequest

_QUIET_FRAMES = 250  # 5 s in a loop.
_EDGE_DBFS = -45.0
_BLOCK = 32  # 4 ms


def read_phrase(path: Path) -> NDArray[np.int16]:
    """A file of bare mu-law at 8 kHz."""
    return g711.decode(np.frombuffer(path.read_bytes(), np.uint8))


def speak_phrase() -> NDArray[np.int16]:
    """The phrase by the embedded voice, cut to its loud part.

    Raises:
        ConfigError: The voice is not installed; says how to fetch it.
    """
    from antiphon.providers.registry import Registry

    engine, voice = Registry().tts("local/piper-joe")
    pieces: list[bytes] = []
    request = TtsRequest(text=TRANSCRIPT, voice=voice, sample_rate_hz=RATE_HZ)
    asyncio.run(engine.synthesize(request, lambda audio: pieces.append(audio.pcm)))
    return trimmed(np.frombuffer(b"".join(pieces), np.int16))


def trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """From the first loud block to the last; what does not fill a frame is cut off in front."""
    levels = block_levels_dbfs(pcm[: len(pcm) // _BLOCK * _BLOCK], _BLOCK)
    loud = np.flatnonzero(levels >= _EDGE_DBFS)
    pcm = pcm[int(loud[0]) * _BLOCK : (int(loud[-1]) + 1) * _BLOCK]
    return pcm[len(pcm) % FRAME_BYTES :]


def line_noise(seed: int) -> NDArray[np.int16]:
    """A quiet line: a few steps of the codec, about -75 dBFS."""
    chosen = random.Random(seed).choices((0xFF, 0x7F, 0xFE, 0x7E), k=_QUIET_FRAMES * FRAME_BYTES)
    return g711.decode(np.array(chosen, np.uint8))


def room_noise(folder: Path, level_dbfs: float, seed: int) -> NDArray[np.int16]:
    """A recording of a room (kind `noise` of the folder of recordings), as loud as asked for."""
    import soundfile

    lines = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    files = sorted(entry["file"] for entry in lines if entry["kind"] == "noise")
    pcm, rate_hz = soundfile.read(folder / files[seed % len(files)], dtype="int16", always_2d=True)
    mono = resample(np.ascontiguousarray(pcm[: 8 * rate_hz, 0]), rate_hz, RATE_HZ)
    whole = mono[: len(mono) // FRAME_BYTES * FRAME_BYTES].astype(np.float64)
    rms = np.sqrt(np.mean(whole**2)) or 1.0
    return np.clip(whole * (32768 * 10 ** (level_dbfs / 20) / rms), -32768, 32767).astype(np.int16)


def frames(pcm: NDArray[np.int16]) -> list[str]:
    encoded = g711.encode(np.ascontiguousarray(pcm)).tobytes()
    return [
        b64encode(encoded[start : start + FRAME_BYTES]).decode()
        for start in range(0, len(encoded) - FRAME_BYTES + 1, FRAME_BYTES)
    ]


def over_noise(phrase: NDArray[np.int16], noise: NDArray[np.int16]) -> NDArray[np.int16]:
    under = np.resize(noise, len(phrase)).astype(np.int32)
    return np.clip(phrase.astype(np.int32) + under, -32768, 32767).astype(np.int16)
