"""Google Cloud's Speech (v2) and TextToSpeech (v1) services. They hear and speak coded speech.

Written from the message types of google-cloud-speech 2.41.0 and google-cloud-texttospeech 2.38.0, which every
message is made of, and from the comments of `StreamingRecognize` there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Any

import grpc
from google.cloud.speech_v2 import StreamingRecognizeRequest, StreamingRecognizeResponse
from google.cloud.texttospeech_v1 import (
    AudioEncoding,
    StreamingSynthesizeRequest,
    StreamingSynthesizeResponse,
    SynthesizeSpeechRequest,
    SynthesizeSpeechResponse,
)
from tests.doubles.coded_speech import CodedEar, HeardWord, blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.google_grpc import GrpcVendor, Method, Request
from tests.doubles.socket_vendor import KEY

PROJECT = "test-project"
PIECE_BYTES = 1_001  # Not a whole number of samples.
TURN_SILENCE_MS = 300
_AUDIO_BYTES_MAX = 15 * 1024
_RATES_HZ = {8_000, 16_000, 24_000, 44_100, 48_000}


@dataclass(slots=True, kw_only=True)
class Habits:
    """Attributes:
    freeze_every: Words after which a piece is frozen by itself; 0: at the end of a stream only.
    leaves_changing: The stream ends without freezing the last words.
    ends_by_itself_ms: Audio after which the stream is broken off, as after five minutes; 0: never.
    """

    freeze_every: int = 0
    leaves_changing: bool = False
    ends_by_itself_ms: int = 0


def google_speech(habits: Habits | None = None, faulty: Faulty | None = None) -> GrpcVendor:
    habits = habits or Habits()

    async def recognise(request: Request) -> None:
        await _Recognition(request, habits).run()

    return GrpcVendor(
        methods={
            "/google.cloud.speech.v2.Speech/StreamingRecognize": Method(
                read=StreamingRecognizeRequest.deserialize,
                write=StreamingRecognizeResponse.serialize,
                serve=recognise,
            )
        },
        key=KEY,
        faulty=faulty or Faulty(),
    )


class _Recognition:
    def __init__(self, request: Request, habits: Habits) -> None:
        self._request, self._habits = request, habits
        self._frozen = self._said = 0
        self._started = False
        self._config: Any = None
        self._ear = CodedEar(8_000)

    async def run(self) -> None:
        async for message in self._request.messages():
            if self._config is None:
                self._open(message)
            else:
                assert message.audio and not message.streaming_config, "only the first has a configuration"
                assert len(message.audio) <= _AUDIO_BYTES_MAX
                await self._audio(message.audio)
        if self._unfrozen and not self._habits.leaves_changing:
            await self._results(frozen=True)

    def _open(self, message: Any) -> None:
        assert not message.audio, "the first message has the configuration and no audio"
        project, place = message.recognizer.split("/")[1], message.recognizer.split("/")[3]
        assert message.recognizer == f"projects/{project}/locations/{place}/recognizers/_"
        assert project == PROJECT
        self._config = message.streaming_config
        config = self._config.config
        decoding = config.explicit_decoding_config
        assert decoding.encoding.name == "LINEAR16"
        assert decoding.sample_rate_hertz in _RATES_HZ
        assert decoding.audio_channel_count == 1
        assert len(config.language_codes) == 1
        chirp_3 = config.model == "chirp_3"
        assert place != "global" or "chirp" not in config.model, "Chirp is not everywhere"
        assert not (chirp_3 and config.features.enable_word_time_offsets), "it dates no words"
        phrases = phrases_of(message)
        assert len(phrases) <= 1_000 and all(0 < len(phrase) <= 100 for phrase in phrases)
        self._ear = CodedEar(decoding.sample_rate_hertz)

    async def _audio(self, pcm: bytes) -> None:
        self._ear.push(pcm)
        if self._habits.ends_by_itself_ms and self._ear.heard_ms >= self._habits.ends_by_itself_ms:
            await self._request.context.abort(grpc.StatusCode.ABORTED, "max duration of 5 minutes reached")
        words = self._ear.words
        events = self._config.streaming_features.enable_voice_activity_events
        if len(words) == self._said:
            quiet_ms = self._ear.heard_ms - words[-1].end_ms if words else 0
            if events and self._unfrozen and quiet_ms >= TURN_SILENCE_MS:
                await self._results(frozen=True)
                self._started = False
            return
        if events and not self._started:
            self._started = True
            begin = {"speech_event_type": "SPEECH_ACTIVITY_BEGIN"}
            await self._request.send(StreamingRecognizeResponse(begin))
        self._said = len(words)
        every = self._habits.freeze_every
        await self._results(frozen=bool(every and len(self._unfrozen) >= every))

    @property
    def _unfrozen(self) -> list[HeardWord]:
        return self._ear.words[self._frozen :]

    async def _results(self, *, frozen: bool) -> None:
        words = [] if self._request.peer.fault is Fault.NO_RESULT else self._unfrozen
        if frozen:
            self._frozen = len(self._ear.words)
        if not words:
            return
        config = self._config.config
        chirp_3 = config.model == "chirp_3"
        dated = [
            {"word": word.text, "start_offset": _seconds(word.start_ms), "end_offset": _seconds(word.end_ms)}
            for word in words
        ]
        result = {
            "alternatives": [
                {
                    "transcript": " ".join(word.text for word in words),
                    "confidence": 0.9 if frozen and not chirp_3 else 0.0,
                    "words": dated if config.features.enable_word_time_offsets else [],
                }
            ],
            "is_final": frozen,
            "stability": 0.0 if frozen else 0.8,
            "result_end_offset": _seconds(self._ear.heard_ms),
            "language_code": config.language_codes[0],
        }
        billed = {"total_billed_duration": _seconds(-(-self._ear.heard_ms // 1000) * 1000)} if frozen else {}
        await self._request.send(StreamingRecognizeResponse(results=[result], metadata=billed))


def phrases_of(message: Any) -> list[str]:
    """What a stream was told to expect."""
    return [
        phrase.value
        for adapted in message.streaming_config.config.adaptation.phrase_sets
        for phrase in adapted.inline_phrase_set.phrases
    ]


def _seconds(duration_ms: int) -> dict[str, int]:
    return {"seconds": duration_ms // 1000, "nanos": duration_ms % 1000 * 1_000_000}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A request for speech as it came. `markup`: The document, where it was SSML; `text` has its words.
    `silent`: No sound of it was given."""

    voice: str
    language: str
    speed: float
    rate_hz: int
    text: str
    markup: str = ""
    silent: bool = False


def google_voices(faulty: Faulty | None = None) -> GrpcVendor:
    return GrpcVendor(
        methods={
            "/google.cloud.texttospeech.v1.TextToSpeech/StreamingSynthesize": Method(
                read=StreamingSynthesizeRequest.deserialize,
                write=StreamingSynthesizeResponse.serialize,
                serve=_stream,
            ),
            "/google.cloud.texttospeech.v1.TextToSpeech/SynthesizeSpeech": Method(
                read=SynthesizeSpeechRequest.deserialize,
                write=SynthesizeSpeechResponse.serialize,
                serve=_whole,
                streams=False,
            ),
        },
        key=KEY,
        faulty=faulty or Faulty(),
        per_request=True,
    )


async def _stream(request: Request) -> None:
    config: Any = None
    async for message in request.messages():
        if config is None:
            config = message.streaming_config
            assert "Chirp3-HD" in config.voice.name, "only these stream"
            continue
        assert message.input.text and not message.streaming_config
        asked = _asked(request, config.voice, config.streaming_audio_config, message.input.text)
        for piece in _said(request, asked):
            await request.send(StreamingSynthesizeResponse(audio_content=piece))


async def _whole(request: Request) -> None:
    async for message in request.messages():
        asked = _asked(request, message.voice, message.audio_config, message.input.text, message.input.ssml)
        if request.fault is Fault.DROP_MID_STREAM:
            request.vendor.requests[-1] = replace(asked, silent=True)
        pcm = b"".join(_said(request, asked))
        if request.fault is Fault.DROP_MID_STREAM:
            request.sent = request.peer.faulty.after
        await request.send(SynthesizeSpeechResponse(audio_content=pcm))


def _asked(request: Request, voice: Any, audio: Any, text: str, markup: str = "") -> Spoken:
    assert bool(text) != bool(markup), "one of the two"
    assert audio.audio_encoding is AudioEncoding.PCM
    assert audio.sample_rate_hertz in _RATES_HZ
    assert audio.speaking_rate == 0.0 or 0.25 <= audio.speaking_rate <= 2.0
    assert voice.name.startswith(voice.language_code)
    asked = Spoken(
        voice=voice.name,
        language=voice.language_code,
        speed=audio.speaking_rate or 1.0,
        rate_hz=audio.sample_rate_hertz,
        text=text or "".join(ET.fromstring(markup).itertext()),
        markup=markup,
        silent=request.fault is Fault.MALFORMED,
    )
    request.vendor.requests.append(asked)
    return asked


def _said(request: Request, asked: Spoken) -> list[bytes]:
    if request.fault is Fault.NO_RESULT:
        return []
    return list(blocks(spoken(asked.text, asked.rate_hz), PIECE_BYTES))
