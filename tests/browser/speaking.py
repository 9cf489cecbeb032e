"""A microphone's recording for the browser: lines spoken by a Kokoro voice at given moments, 48 kHz."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from antiphon.providers.local.catalogue import SPEECH_TO_TEXT, TEXT_TO_SPEECH, silero
from antiphon.quality.listening import listen
from antiphon.speech.ports import TtsAudio, TtsRequest

RATE_HZ = 48000
VOICE_RATE_HZ = 16000
ROOM_LEVEL = 6  # Of 32768: an open microphone is never perfectly silent.


async def record_lines(
    path: Path, lines: Sequence[tuple[float, str]], *, length_s: float, voice: str
) -> None:
    """Write the recording; each line begins at its moment, in seconds. The browser plays it in a loop."""
    engine = TEXT_TO_SPEECH["kokoro"].build(None)
    rng = np.random.default_rng(7)
    room = rng.normal(0, ROOM_LEVEL, int(length_s * RATE_HZ)).astype(np.float32)
    for begin_s, text in lines:
        parts: list[TtsAudio] = []
        request = TtsRequest(text=text, voice=voice, sample_rate_hz=VOICE_RATE_HZ)
        await engine.synthesize(request, parts.append)
        spoken = np.frombuffer(b"".join(part.pcm for part in parts), dtype=np.int16).astype(np.float32)
        wide = np.interp(np.arange(spoken.size * 3) / 3, np.arange(spoken.size), spoken)
        begin = int(begin_s * RATE_HZ)
        assert begin + wide.size <= room.size, f"{text!r} does not fit into {length_s} s"
        room[begin : begin + wide.size] += wide
    soundfile.write(path, np.clip(room, -32768, 32767).astype(np.int16), RATE_HZ, subtype="PCM_16")


async def transcribe(heard: NDArray[np.float32]) -> str:
    """The words in what the page heard (16 kHz, -1 to 1), by our own recogniser."""
    samples = np.clip(heard * 32768, -32768, 32767).astype(np.int16)
    result = await listen(SPEECH_TO_TEXT["whisper-tiny.en"].build(None), silero(VOICE_RATE_HZ), samples)
    return result.text.lower()
