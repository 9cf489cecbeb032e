"""A plugin's voice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from antiphon.errors import ProviderUnavailable
from antiphon.providers.livekit.plugin import Plugin, once, plugin_errors
from antiphon.providers.pcm_speech import PcmPieces, has_words
from antiphon.providers.streaming import Bounds, take_all
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

SPEAKING = Bounds(stall_ms=4_000)


class LivekitTts:
    """A `TextToSpeech`. The voice is the plugin's, chosen when it was named; speed is left to it."""

    def __init__(self, plugin: Plugin, bounds: Bounds = SPEAKING) -> None:
        self._plugin = plugin
        self._bounds = bounds
        self._paces = VoicePaces()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """As `TextToSpeech`."""
        if not has_words(request.text):
            return  # Plugins take it for a failure.
        with plugin_errors(self._plugin.name):
            voice = self._plugin.instance()
            speaking = _Speaking(PcmPieces(voice.sample_rate, request, self._paces.of(request)), emit)
            stream = voice.synthesize(request.text, conn_options=once(self._bounds.stall_ms))
            async with stream:
                await take_all(aiter(stream), speaking.take, self._bounds.stall_ms)
        speaking.finish()
        if not speaking.spoke:
            raise ProviderUnavailable(self._plugin.name, "success without any audio")
        if missing := speaking.line.missing():
            raise ProviderUnavailable(self._plugin.name, missing)


class _Speaking:
    """Frames of a plugin as audio at the line's rate."""

    def __init__(self, line: PcmPieces, emit: Callable[[TtsAudio], None]) -> None:
        self.line, self._emit = line, emit
        self.spoke = False

    def take(self, audio: Any) -> None:
        frame = audio.frame
        self._give(self.line.push(_mono(bytes(frame.data), frame.num_channels)))

    def finish(self) -> None:
        self._give(self.line.flush())

    def _give(self, pcm: bytes) -> None:
        if pcm:
            self.spoke = True
            self._emit(TtsAudio(pcm=pcm))


def _mono(pcm: bytes, channels: int) -> bytes:
    """The channels' mean; plugins may speak in stereo."""
    if channels == 1:
        return pcm
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, channels)
    mean: bytes = np.round(samples.mean(axis=1)).astype("<i2").tobytes()
    return mean
