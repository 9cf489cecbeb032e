"""Voices a customer had made at OpenAI are named by their id, which a plain name is not."""

from __future__ import annotations

import pytest
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.socket_vendor import KEY
from tests.doubles.speech_http import OpenAiAudioHttp

from antiphon.providers.openai.audio_client import OpenAiAudioConfig
from antiphon.providers.openai.tts import OpenAiTts
from antiphon.speech.ports import TtsAudio, TtsRequest


@pytest.mark.parametrize(
    ("voice", "wire"),
    [("voice_1234", {"id": "voice_1234"}), ("tts-1-hd/voice_1234", {"id": "voice_1234"}), ("alloy", "alloy")],
)
async def test_a_voice_made_to_order_speaks(voice: str, wire: object) -> None:
    said: list[TtsAudio] = []
    async with HttpVendor(wire=OpenAiAudioHttp()) as double:
        tts = OpenAiTts(OpenAiAudioConfig(key=KEY, url=f"{double.url}/v1"))
        await tts.synthesize(TtsRequest(text="hello", voice=voice, sample_rate_hz=8_000), said.append)
        assert double.requests[-1].json["voice"] == wire
    assert said
