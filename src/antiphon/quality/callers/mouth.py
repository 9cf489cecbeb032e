"""A caller's voice: every line rendered before the call, so that speaking costs the agent nothing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.speech.ports import Samples, TextToSpeech, TtsAudio, TtsRequest

_PAUSE = re.compile(r"\[(\d+)\]")
_BLOCK_MS = 8
# As the voice makes it: what is kept of it then serves lines of every rate.
RENDERED_HZ = 24_000
# Nobody is on the line yet: one voice a core.
_RENDERED_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLine:
    """Samples at the line's rate. `voice_ends_ms` is the true end of speech, from the samples themselves."""

    text: str
    samples: Samples
    sample_rate_hz: int
    voice_ends_ms: int

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // self.sample_rate_hz


class Mouth:
    """Renders lines with one voice. "[600]" in a line is a pause of 600 ms.

    Args:
        recordings: WAV files to play instead of a voice, by line.
    """

    def __init__(
        self,
        tts: TextToSpeech,
        voice: str,
        *,
        sample_rate_hz: int,
        speed: float = 1.0,
        level_dbfs: float = -20.0,
        recordings: dict[str, Path] | None = None,
    ) -> None:
        self._tts = tts
        self._voice = voice
        self._rate_hz = sample_rate_hz
        self._speed = speed
        self._level_dbfs = level_dbfs
        self._recordings = recordings or {}
        self._lines: dict[str, SpokenLine] = {}

    async def prepare(self, lines: list[str]) -> None:
        """Render everything that may be said.

        Raises:
            ProviderError: The voice does not work.
            ConfigError: A recording that is none.
        """
        free = asyncio.Semaphore(_RENDERED_AT_ONCE)

        async def render(line: str) -> None:
            async with free:
                self._lines[line] = await self._render(line)

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(render(line), name="a caller's line") for line in lines]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def line(self, text: str) -> SpokenLine:
        return self._lines[text]

    async def _render(self, line: str) -> SpokenLine:
        if line in self._recordings:
            samples, rate_hz = read_wav(self._recordings[line])
            samples = resample(samples, rate_hz, self._rate_hz)
        else:
            samples = await self._speak(line)
        return SpokenLine(
            text=_PAUSE.sub(" ", line).strip(),
            samples=samples,
            sample_rate_hz=self._rate_hz,
            voice_ends_ms=voice_end_ms(samples, self._rate_hz),
        )

    async def _speak(self, line: str) -> Samples:
        parts: list[Samples] = []
        for index, piece in enumerate(_PAUSE.split(line)):
            if index % 2:
                parts.append(np.zeros(int(piece) * self._rate_hz // 1000, np.int16))
            elif piece.strip():
                parts.append(self._at_level(await self._synthesize(piece.strip())))
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    async def _synthesize(self, text: str) -> Samples:
        blocks: list[bytes] = []

        def take(audio: TtsAudio) -> None:
            blocks.append(audio.pcm)

        request = TtsRequest(text=text, voice=self._voice, sample_rate_hz=RENDERED_HZ, speed=self._speed)
        await self._tts.synthesize(request, take)
        return resample(np.frombuffer(b"".join(blocks), np.int16), RENDERED_HZ, self._rate_hz)

    def _at_level(self, samples: Samples) -> Samples:
        """Mean level of the voiced part at the script's level: a mumbler is quiet before he is unclear."""
        power = samples.astype(np.float64) ** 2
        voiced = power[power > power.max(initial=1.0) * 1e-4]
        if not len(voiced):
            return samples
        rms = float(np.sqrt(voiced.mean()))
        gain = 10 ** (self._level_dbfs / 20) * 32768 / rms
        return np.asarray(np.clip(samples * gain, -32768, 32767), np.int16)


def voice_end_ms(samples: Samples, sample_rate_hz: int) -> int:
    """When the voice ends: the last 8 ms block within 40 dB of the loudest one."""
    size = sample_rate_hz * _BLOCK_MS // 1000
    count = len(samples) // size
    if not count:
        return 0
    blocks = samples[: count * size].astype(np.float64).reshape(count, size)
    power = (blocks**2).mean(axis=1)
    loud = np.nonzero(power > max(power.max() * 1e-4, 1.0))[0]
    return (int(loud[-1]) + 1) * _BLOCK_MS if len(loud) else 0
