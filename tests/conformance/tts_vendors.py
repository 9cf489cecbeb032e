"""The vendors that speak: a row each, with its double."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tests.doubles.azure_speech import AzureVoices
from tests.doubles.cartesia_speech import cartesia_speech
from tests.doubles.contexts_double import ContextsDouble
from tests.doubles.elevenlabs_speech import ElevenLabsHttp, elevenlabs_speech
from tests.doubles.faults import Fault, Faulty
from tests.doubles.google_cloud import google_voices
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.playht_speech import USER, PlayHtHttp
from tests.doubles.rime_speech import RimeHttp, RimeSocket
from tests.doubles.socket_vendor import KEY
from tests.doubles.speech_http import DeepgramHttp, OpenAiAudioHttp

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.tts import AzureTts
from antiphon.providers.cartesia.tts import CartesiaConfig, CartesiaTts
from antiphon.providers.deepgram.client import DeepgramConfig
from antiphon.providers.deepgram.tts import DeepgramTts
from antiphon.providers.elevenlabs.http import ElevenLabsHttpTts
from antiphon.providers.elevenlabs.tts import ElevenLabsConfig, ElevenLabsTts
from antiphon.providers.google.client import GoogleConfig
from antiphon.providers.google.tts import GoogleTts
from antiphon.providers.livekit.plugin import http_session, load
from antiphon.providers.livekit.tts import LivekitTts
from antiphon.providers.openai.audio_client import OpenAiAudioConfig
from antiphon.providers.openai.tts import OpenAiTts
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.providers.playht.tts import PlayHtConfig, PlayHtTts
from antiphon.providers.rime.tts import RimeConfig, RimeHttpTts, RimeTts
from antiphon.providers.streaming import Bounds
from antiphon.speech.ports import TextToSpeech

PATIENT = SpeakingLimits(connect_ms=15_000, first_ms=15_000, stall_ms=15_000)
HASTY = SpeakingLimits(connect_ms=500, first_ms=700, stall_ms=500)

# What a fault is for a caller of `synthesize`; None where the words are spoken all the same.
FAILURES: dict[Fault, type[ProviderError] | None] = {
    Fault.NONE: None,
    Fault.SLOW_FIRST_BYTE: None,
    Fault.REFUSE: ProviderUnavailable,
    Fault.HANG: ProviderUnavailable,
    Fault.DROP_MID_STREAM: ProviderUnavailable,
    Fault.MALFORMED: ProviderUnavailable,  # Raw PCM has no format to break: the audio is too short.
    Fault.RATE_LIMIT: ProviderUnavailable,
    Fault.AUTH: ProviderRejected,
    Fault.CLOSE_CODE: ProviderUnavailable,
    Fault.NO_RESULT: ProviderUnavailable,
}


class TtsDouble(Protocol):
    """What the suite asks of a double, socket or HTTP."""

    @property
    def requests(self) -> list[Any]: ...

    @property
    def connections(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsVendor:
    """One row of the suite.

    Attributes:
        bench: Opens the double with these faults and gives it with the adapter.
        voice: For `TtsRequest.voice`.
        heard_voice, heard_speed: What the double was told with a request.
        failures: Replaces `FAILURES` for faults that mean something else here.
        dates_words: It tells where words end.
        warms: It opens connections before they are needed.
        takes_speed: It speaks faster when asked to.
        rest_ms: Silence it ends with.
        counts_when: It says when it may be asked again after too much.
    """

    name: str
    bench: Callable[..., Any]
    voice: str
    heard_voice: Callable[[Any], str]
    heard_speed: Callable[[Any], float]
    failures: Mapping[Fault, type[ProviderError] | None]
    dates_words: bool = False
    warms: bool = True
    takes_speed: bool = True
    rest_ms: int = 0
    counts_when: bool = True


def _http(wire: Callable[[], Any], make: Callable[[HttpVendor, SpeakingLimits], TextToSpeech]) -> Any:
    @asynccontextmanager
    async def bench(
        faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
    ) -> AsyncIterator[tuple[HttpVendor, TextToSpeech]]:
        async with HttpVendor(wire=wire(), faulty=faulty or Faulty()) as double:
            yield double, make(double, limits)

    return bench


@asynccontextmanager
async def _rime_socket(
    faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
) -> AsyncIterator[tuple[RimeSocket, TextToSpeech]]:
    async with RimeSocket(faulty=faulty or Faulty()) as double:
        yield double, RimeTts(RimeConfig(key=KEY, url=double.url), limits)


def _rime_speed(parameters: Mapping[str, Any]) -> float:
    """Rime is told how much longer it shall take."""
    return round(1 / float(parameters.get("timeScaleFactor", 1)), 2)


def _socket(
    double_of: Callable[..., ContextsDouble],
    make: Callable[[ContextsDouble, SpeakingLimits], ElevenLabsTts | CartesiaTts],
) -> Any:
    @asynccontextmanager
    async def bench(
        faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
    ) -> AsyncIterator[tuple[ContextsDouble, TextToSpeech]]:
        async with double_of(faulty=faulty or Faulty()) as double:
            tts = make(double, limits)
            yield double, tts
            await tts.aclose()

    return bench


# A message of a socket that cannot be read is noticed as such.
SOCKET_FAILURES = FAILURES | {Fault.MALFORMED: ProviderProtocolError}


@asynccontextmanager
async def _google(
    faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
) -> AsyncIterator[tuple[Any, TextToSpeech]]:
    async with google_voices(faulty) as double:
        tts = GoogleTts(GoogleConfig(key=KEY, project="test-project", url=double.url), limits)
        yield double, tts
        assert not double.complaints


def _google_voice(name: str) -> TtsVendor:
    return TtsVendor(
        name=f"google/{name}",
        bench=_google,
        voice=name,
        heard_voice=lambda request: str(request.voice),
        heard_speed=lambda request: float(request.speed),
        failures={**FAILURES, Fault.MALFORMED: ProviderProtocolError},
    )


@asynccontextmanager
async def _azure(
    faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
) -> AsyncIterator[tuple[Any, TextToSpeech]]:
    async with AzureVoices(faulty=faulty or Faulty()) as double:
        tts = AzureTts(AzureConfig(key=KEY, url=double.url), limits)
        yield double, tts
        await tts.aclose()
        assert not double.complaints


@asynccontextmanager
async def _livekit(
    faulty: Faulty | None = None, limits: SpeakingLimits = PATIENT
) -> AsyncIterator[tuple[HttpVendor, TextToSpeech]]:
    async with HttpVendor(wire=DeepgramHttp(), faulty=faulty or Faulty()) as double:
        settings = {"api_key": KEY, "base_url": f"{double.url}/v1/speak"}
        plugin = load("deepgram.TTS:aura-2-thalia-en", "TTS", settings)
        bounds = Bounds(connect_ms=limits.connect_ms, stall_ms=limits.first_ms)
        try:
            yield double, LivekitTts(plugin, bounds)
        finally:
            await plugin.aclose()
            await http_session().close()


VENDORS = (
    TtsVendor(
        name="cartesia/sonic-3.5",
        bench=_socket(
            cartesia_speech,
            lambda double, limits: CartesiaTts(CartesiaConfig(key=KEY, url=double.url), limits),
        ),
        voice="sonic-3.5/voice-1",
        heard_voice=lambda sentence: str(sentence.voice),
        heard_speed=lambda sentence: float(sentence.speed),
        failures=SOCKET_FAILURES,
        dates_words=True,
    ),
    TtsVendor(
        name="elevenlabs/eleven_flash_v2_5",
        bench=_socket(
            elevenlabs_speech,
            lambda double, limits: ElevenLabsTts(ElevenLabsConfig(key=KEY, url=double.url), limits),
        ),
        voice="eleven_flash_v2_5/voice1",
        heard_voice=lambda sentence: str(sentence.voice),
        heard_speed=lambda sentence: float(sentence.speed),
        failures=SOCKET_FAILURES,
        dates_words=True,
    ),
    TtsVendor(
        name="elevenlabs/http/eleven_v3",
        bench=_http(
            ElevenLabsHttp,
            lambda double, limits: ElevenLabsHttpTts(ElevenLabsConfig(key=KEY, url=double.url), limits),
        ),
        voice="eleven_v3/voice1",
        heard_voice=lambda request: f"{request.json['model_id']}/{request.path.split('/')[3]}",
        heard_speed=lambda request: float(request.json.get("voice_settings", {}).get("speed", 1)),
        failures=FAILURES,
        dates_words=True,
    ),
    TtsVendor(
        name="deepgram/aura-2",
        bench=_http(
            DeepgramHttp,
            lambda double, limits: DeepgramTts(DeepgramConfig(key=KEY, url=double.url), limits),
        ),
        voice="aura-2-thalia-en",
        heard_voice=lambda request: str(request.query["model"]),
        heard_speed=lambda request: float(request.query.get("speed", "1")),
        failures=FAILURES,
    ),
    TtsVendor(
        name="openai/gpt-4o-mini-tts",
        bench=_http(
            OpenAiAudioHttp,
            lambda double, limits: OpenAiTts(OpenAiAudioConfig(key=KEY, url=f"{double.url}/v1"), limits),
        ),
        voice="gpt-4o-mini-tts/alloy",
        heard_voice=lambda request: f"{request.json['model']}/{request.json['voice']}",
        heard_speed=lambda request: float(request.json.get("speed", 1)),
        failures=FAILURES,
    ),
    TtsVendor(
        name="playht/Play3.0-mini",
        bench=_http(
            PlayHtHttp,
            lambda double, limits: PlayHtTts(PlayHtConfig(key=KEY, user=USER, url=double.url), limits),
        ),
        voice="Play3.0-mini/s3://voices/jennifer/manifest.json",
        heard_voice=lambda request: f"{request.json['voice_engine']}/{request.json['voice']}",
        heard_speed=lambda request: float(request.json.get("speed", 1)),
        failures=FAILURES,
    ),
    TtsVendor(
        name="rime/coda",
        bench=_rime_socket,
        voice="coda/astra",
        heard_voice=lambda request: f"{request.parameters['modelId']}/{request.parameters['speaker']}",
        heard_speed=lambda request: _rime_speed(request.parameters),
        failures={**FAILURES, Fault.MALFORMED: ProviderProtocolError},
        dates_words=True,
    ),
    TtsVendor(
        name="rime/http/coda",
        bench=_http(
            RimeHttp, lambda double, limits: RimeHttpTts(RimeConfig(key=KEY, url=double.url), limits)
        ),
        voice="coda/astra",
        heard_voice=lambda request: f"{request.json['modelId']}/{request.json['speaker']}",
        heard_speed=lambda request: _rime_speed(request.json),
        failures=FAILURES,
    ),
    _google_voice("en-US-Chirp3-HD-Leda"),
    _google_voice("en-US-Neural2-F"),
    TtsVendor(
        name="azure/en-US-AvaNeural",
        bench=_azure,
        voice="en-US-AvaNeural",
        heard_voice=lambda request: str(request.voice),
        heard_speed=lambda request: float(request.speed),
        failures=SOCKET_FAILURES,
        dates_words=True,
    ),
    TtsVendor(
        name="livekit/deepgram.TTS:aura-2-thalia-en",
        bench=_livekit,
        voice="aura-2-thalia-en",
        heard_voice=lambda request: str(request.query["model"]),
        heard_speed=lambda request: float(request.query.get("speed", "1")),
        failures=FAILURES,
        warms=False,
        takes_speed=False,
        rest_ms=10,
        counts_when=False,
    ),
)
