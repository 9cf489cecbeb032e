"""A plugin's voice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.resample import StreamResampler
from antiphon.errors import ProviderUnavailable
from antiphon.providers.livekit.plugin import Plugin, once, plugin_errors
from antiphon.providers.streaming import Bounds, take_all
from antiphon.speech.ports import TtsAudio, TtsRequest

SPEAKING = Bounds(stall_ms=4_000)


class LivekitTts:
    """A `TextToSpeech`. The voice is the plugin's, chosen when it was named; speed is left to it."""

    def __init__(self, plugin: Plugin, bounds: Bounds = SPEAKING) -> None:
        self._plugin = plugin
        self._bounds = bounds

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """As `TextToSpeech`."""
        if not any(letter.isalnum() for letter in request.text):
            return  # Nothing to say, which plugins take for a failure.
        with plugin_errors(self._plugin.name):
            voice = self._plugin.instance()
            speaking = _Speaking(voice.sample_rate, request.sample_rate_hz, emit)
            stream = voice.synthesize(request.text, conn_options=once(self._bounds.stall_ms))
            async with stream:
                await take_all(aiter(stream), speaking.take, self._bounds.stall_ms)
        speaking.finish()
        if not speaking.spoke:
            raise ProviderUnavailable(self._plugin.name, "success without any audio")


class _Speaking:
    """Frames of a plugin as audio at the line's rate."""

    def __init__(self, from_hz: int, to_hz: int, emit: Callable[[TtsAudio], None]) -> None:
        self._resampler = StreamResampler(from_hz, to_hz)
        self._emit = emit
        self.spoke = False

    def take(self, audio: Any) -> None:
        frame = audio.frame
        self._give(self._resampler.push(_mono(bytes(frame.data), frame.num_channels)))

    def finish(self) -> None:
        self._give(self._resampler.flush())

    def _give(self, samples: NDArray[np.int16]) -> None:
        if samples.size:
            self.spoke = True
            self._emit(TtsAudio(pcm=samples.astype("<i2").tobytes()))


def _mono(pcm: bytes, channels: int) -> NDArray[np.int16]:
    """The channels' mean; plugins may speak in stereo."""
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, channels)
    return samples[:, 0] if channels == 1 else np.round(samples.mean(axis=1)).astype(np.int16)
