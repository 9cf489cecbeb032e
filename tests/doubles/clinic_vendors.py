"""The vendors a call to the clinic can be made over, a row each: its double, and what the environment says of
it. A vendor is in one call in one role, for it has one address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles import riva_listen
from tests.doubles.anthropic_messages import AnthropicMessages
from tests.doubles.assemblyai_listen import assemblyai_listen
from tests.doubles.azure_listen import azure_recognition
from tests.doubles.azure_speech import AzureVoices
from tests.doubles.cartesia_speech import cartesia_speech
from tests.doubles.contexts_double import ContextsDouble
from tests.doubles.deepgram_listen import deepgram_listen
from tests.doubles.elevenlabs_speech import ElevenLabsHttp, elevenlabs_speech
from tests.doubles.faults import Fault
from tests.doubles.front_desk_mind import front_desk
from tests.doubles.gemini_generate import GeminiGenerate
from tests.doubles.google_cloud import PROJECT, google_speech, google_voices
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY as MODEL_KEY
from tests.doubles.language_model import Dialect, ScriptedModel
from tests.doubles.openai_chat import OpenAiChat
from tests.doubles.openai_transcription import openai_transcription
from tests.doubles.playht_speech import USER, PlayHtHttp
from tests.doubles.rime_speech import RimeHttp, RimeSocket
from tests.doubles.socket_vendor import KEY, SocketVendor
from tests.doubles.speech_http import DeepgramHttp, OpenAiAudioHttp

_REFUSED_BY_CEREBRAS = frozenset({"frequency_penalty", "parallel_tool_calls", "service_tier"})


@dataclass(frozen=True, kw_only=True)
class ClinicVendor:
    """Attributes:
    name: In the agent's file. make: The double. path: Of its address. keys: Environment variables besides.
    words_out: Pieces of an answer on the wire after which the first words are out: there a voice or a model
        breaks off in the middle.
    strange_threads: Its SDK works in threads that the event loop does not see.
    url: The variable for its address, if it is not named after the vendor.
    plugin: What a LiveKit plugin takes instead of an environment, from its double's address.
    bears: A fault that it works on with, besides being slow.
    """

    name: str
    make: Callable[[], Any]
    keys: Mapping[str, str]
    path: str = ""
    words_out: int = 3
    strange_threads: bool = False
    url: str = ""
    plugin: Callable[[str], Mapping[str, Any]] | None = None
    bears: Fault | None = None

    @property
    def vendor(self) -> str:
        return self.name.partition("/")[0]

    def environment(self, double: Any) -> dict[str, str]:
        if self.plugin is not None:
            return {}
        url = address(double)
        return {self.url or f"ANTIPHON_{self.vendor.upper()}_URL": url + self.path, **self.keys}


def address(double: Any) -> str:
    url: str = double.http_url if isinstance(double, SocketVendor) else double.url
    return url


def _mind(name: str, key: str, dialect: Dialect, path: str = "", words_out: int = 3) -> ClinicVendor:
    def make() -> HttpVendor:
        return HttpVendor(ScriptedModel(dialect, front_desk, numbers_bills=True))

    return ClinicVendor(name=name, make=make, keys={key: MODEL_KEY}, path=path, words_out=words_out)


def _chat(name: str, key: str, path: str, **dialect: Any) -> ClinicVendor:
    return _mind(name, key, OpenAiChat(path=f"{path}/chat/completions", **dialect), path)


_GOOGLE = {"GOOGLE_CLOUD_API_KEY": KEY, "GOOGLE_CLOUD_PROJECT": PROJECT}
EARS = (
    ClinicVendor(name="deepgram/nova-3", make=deepgram_listen, keys={"DEEPGRAM_API_KEY": KEY}),
    ClinicVendor(
        name="assemblyai/universal-streaming-english",
        make=assemblyai_listen,
        keys={"ASSEMBLYAI_API_KEY": KEY},
    ),
    ClinicVendor(
        name="openai/gpt-4o-transcribe", make=openai_transcription, keys={"OPENAI_API_KEY": KEY}, path="/v1"
    ),
    ClinicVendor(name="google/telephony", make=google_speech, keys=_GOOGLE, strange_threads=True),
    ClinicVendor(
        name="riva/default",
        make=lambda: riva_listen.riva_listen(authorised=lambda metadata: True),
        keys={},
        strange_threads=True,
    ),
    ClinicVendor(name="azure/speech", make=azure_recognition, keys={"AZURE_SPEECH_KEY": KEY}),
    ClinicVendor(
        name="livekit/deepgram.STT:nova-3",
        make=deepgram_listen,
        keys={},
        plugin=lambda url: {"api_key": KEY, "base_url": f"{url}/v1/listen"},
        bears=Fault.MALFORMED,  # The plugin logs it and listens on.
    ),
)
VOICES = (
    ClinicVendor(
        name="elevenlabs/JBFqnCBsd6RMkjVDRZzb", make=elevenlabs_speech, keys={"ELEVENLABS_API_KEY": KEY}
    ),
    ClinicVendor(
        name="elevenlabs/http/eleven_flash_v2_5/JBFqnCBsd6RMkjVDRZzb",
        make=lambda: HttpVendor(ElevenLabsHttp()),
        keys={"ELEVENLABS_API_KEY": KEY},
    ),
    ClinicVendor(
        name="cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
        make=cartesia_speech,
        keys={"CARTESIA_API_KEY": KEY},
    ),
    ClinicVendor(
        name="openai/alloy",
        make=lambda: HttpVendor(OpenAiAudioHttp()),
        keys={"OPENAI_API_KEY": KEY},
        path="/v1",
    ),
    ClinicVendor(
        name="deepgram/aura-2-thalia-en",
        make=lambda: HttpVendor(DeepgramHttp()),
        keys={"DEEPGRAM_API_KEY": KEY},
    ),
    ClinicVendor(name="rime/coda/astra", make=RimeSocket, keys={"RIME_API_KEY": KEY}),
    ClinicVendor(
        name="rime/http/coda/astra", make=lambda: HttpVendor(RimeHttp()), keys={"RIME_API_KEY": KEY}
    ),
    ClinicVendor(
        name="playht/Play3.0-mini/s3://voices/jennifer/manifest.json",
        make=lambda: HttpVendor(PlayHtHttp()),
        keys={"PLAY_HT_API_KEY": KEY, "PLAY_HT_USER_ID": USER},
    ),
    ClinicVendor(
        name="google/en-US-Chirp3-HD-Leda",
        make=google_voices,
        keys=_GOOGLE,
        strange_threads=True,
    ),
    ClinicVendor(
        name="google/en-US-Neural2-F",
        make=google_voices,
        keys=_GOOGLE,
        strange_threads=True,
    ),
    ClinicVendor(name="azure/en-US-AvaNeural", make=AzureVoices, keys={"AZURE_SPEECH_KEY": KEY}),
    ClinicVendor(
        name="livekit/deepgram.TTS:aura-2-thalia-en",
        make=lambda: HttpVendor(DeepgramHttp()),
        keys={},
        plugin=lambda url: {"api_key": KEY, "base_url": f"{url}/v1/speak"},
    ),
)
MINDS = (
    _mind("anthropic/claude-haiku-5-5", "ANTHROPIC_API_KEY", AnthropicMessages()),
    _chat("openai/gpt-6-luna", "OPENAI_API_KEY", "/v1"),
    _mind("gemini/gemini-3.8-flash", "GEMINI_API_KEY", GeminiGenerate(), words_out=1),
    _chat(
        "deepseek/deepseek-v4-flash",
        "DEEPSEEK_API_KEY",
        "",
        usage="deepseek",
        extra=frozenset({"thinking"}),
    ),
    _chat(
        "cerebras/gpt-oss-120b",
        "CEREBRAS_API_KEY",
        "/v1",
        thoughts="reasoning",
        extra=frozenset({"reasoning_format"}),
        refused=_REFUSED_BY_CEREBRAS,
    ),
    _chat(
        "groq/openai/gpt-oss-120b",
        "GROQ_API_KEY",
        "/openai/v1",
        thoughts="reasoning",
        usage="groq",
        extra=frozenset({"include_reasoning"}),
    ),
    ClinicVendor(
        name="openai-compatible",
        make=lambda: HttpVendor(
            ScriptedModel(OpenAiChat(path="/v1/chat/completions"), front_desk, numbers_bills=True)
        ),
        keys={"ANTIPHON_LLM_KEY": MODEL_KEY, "ANTIPHON_LLM_MODEL": "own"},
        url="ANTIPHON_LLM_URL",
        path="/v1",
    ),
    ClinicVendor(
        name="livekit/openai.LLM:gpt-6-luna",
        make=lambda: HttpVendor(ScriptedModel(OpenAiChat(), front_desk, numbers_bills=True)),
        keys={},
        plugin=lambda url: {"api_key": MODEL_KEY, "base_url": f"{url}/v1"},
    ),
)
ROWS = {"stt": EARS, "tts": VOICES, "llm": MINDS}


def row(role: str, name: str) -> ClinicVendor:
    (found,) = (each for each in ROWS[role] if each.name == name)
    return found


@dataclass(frozen=True)
class Loss:
    """A vendor that goes bad, on the connections that stand and on all new ones."""

    role: str
    name: str
    fault: Fault

    def befall(self, double: Any) -> None:
        faulty = double.faulty
        faulty.fault = self.fault
        if self.role != "stt":
            faulty.after = row(self.role, self.name).words_out
        socket = getattr(double, "socket", None) or getattr(double, "server", None) or double
        if isinstance(double, ContextsDouble) or getattr(double, "per_request", False):
            return  # Each sentence has the fault of its time.
        if self.fault is Fault.HANG:
            for peer in getattr(socket, "peers", ()):
                peer.fault = self.fault
        elif hasattr(socket, "cut"):
            socket.cut()
