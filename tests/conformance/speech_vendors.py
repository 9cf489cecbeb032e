"""The speech-to-speech adapters the contract suite runs over, each with its protocol double, and a session
with one of them that keeps what it said."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import pytest
from google.genai import types
from tests.doubles.faults import Faulty
from tests.doubles.gemini_live import gemini_live
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.openai_realtime import Script, openai_realtime
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor
from tests.doubles.tls import tls_for_localhost

from antiphon.providers.gemini.live import GeminiLive
from antiphon.providers.openai.realtime import OpenAiRealtime
from antiphon.providers.registry import Registry
from antiphon.providers.sessions import SessionLimits
from antiphon.speech.ports import (
    SessionEvent,
    SpeechSession,
    SpeechSessionConfig,
    SpeechToSpeech,
    SpokenAudio,
    SpokenStarted,
    SpokenTool,
)

BOUND_S = 10.0
SOON = SessionLimits(connect_ms=2_000, retry_after_ms=(1, 1), closing_ms=200)
SLOT = SpokenTool(name="find_slot", description="Free times", parameters={"type": "object", "properties": {}})
E = TypeVar("E")
Said = list[tuple[str, str]]
_COUNTED = {
    "input_tokens": 120,
    "cached_tokens": 64,
    "output_tokens": 70,
    "input_audio_tokens": 80,
    "output_audio_tokens": 60,
}


class SpeechVendor(Protocol):
    """How one vendor's side of things is set up and read."""

    name: str
    unified: str  # A model of its, as the price book knows it.
    voice: str
    usage: Mapping[str, int]  # Of one reply of its double.

    def double(self, script: Script, faulty: Faulty) -> SocketVendor: ...

    def model(self, key: str, vendor: SocketVendor, limits: SessionLimits = SOON) -> SpeechToSpeech: ...

    def registry(self, vendor: SocketVendor) -> Registry:
        """What a process that is to call the double has in its environment."""

    def carried_ms(self, audio_ms: int, rate_hz: int) -> int:
        """How long so much of the double's audio is on a line of this rate."""

    def told(self, peer: Peer) -> Said:
        """Text put into its memory on this connection, by us: (caller, agent or note; text)."""

    def results(self, peer: Peer) -> list[Any]:
        """Tool results it was given on this connection."""

    def images(self, peer: Peer) -> list[str]:
        """Pictures it was shown, base64."""

    def is_corrected(self, peer: Peer) -> bool:
        """It was told that a reply was heard in part only, or not at all."""

    def wishes(self, peer: Peer) -> list[str]:
        """What it was asked to say on this connection, other than to answer the caller."""

    def set_up(self, peer: Peer) -> tuple[str, str]:
        """Its voice and its instructions on this connection."""


class OpenAi:
    name, unified, voice = "openai", "openai/gpt-realtime-1.5", "marin"
    usage: Mapping[str, int] = MappingProxyType(_COUNTED)

    def double(self, script: Script, faulty: Faulty) -> SocketVendor:
        return openai_realtime(script, faulty=faulty)

    def model(self, key: str, vendor: SocketVendor, limits: SessionLimits = SOON) -> SpeechToSpeech:
        return OpenAiRealtime("gpt-realtime-1.5", key, f"{vendor.http_url}/v1", limits)

    def registry(self, vendor: SocketVendor) -> Registry:
        return Registry(environment={"OPENAI_API_KEY": KEY, "ANTIPHON_OPENAI_URL": f"{vendor.http_url}/v1"})

    def carried_ms(self, audio_ms: int, rate_hz: int) -> int:
        # The double sends the same bytes on either line: 24 kHz in two bytes, or 8 kHz mu-law in one.
        return audio_ms * 6 if rate_hz == 8_000 else audio_ms

    def told(self, peer: Peer) -> Said:
        roles = {"assistant": "agent", "user": "caller"}
        items = [message["item"] for message in peer.of_type("conversation.item.create")]
        texts = [item for item in items if item["type"] == "message" and "text" in item["content"][0]]
        return [(roles[item["role"]], item["content"][0]["text"]) for item in texts]

    def results(self, peer: Peer) -> list[Any]:
        items = [message["item"] for message in peer.of_type("conversation.item.create")]
        return [json.loads(item["output"]) for item in items if item["type"] == "function_call_output"]

    def images(self, peer: Peer) -> list[str]:
        parts = [
            message["item"]["content"][0]
            for message in peer.of_type("conversation.item.create")
            if "content" in message["item"]
        ]
        return [part["image_url"].partition("base64,")[2] for part in parts if part["type"] == "input_image"]

    def is_corrected(self, peer: Peer) -> bool:
        return bool(peer.of_type("conversation.item.truncate") or peer.of_type("conversation.item.delete"))

    def wishes(self, peer: Peer) -> list[str]:
        asked = [message.get("response", {}) for message in peer.of_type("response.create")]
        return [response["instructions"] for response in asked if "instructions" in response]

    def set_up(self, peer: Peer) -> tuple[str, str]:
        session = peer.of_type("session.update")[0]["session"]
        return session["audio"]["output"]["voice"], session["instructions"]


class Gemini:
    name, unified, voice = "gemini", "gemini/gemini-3.8-live", "Kore"
    usage: Mapping[str, int] = MappingProxyType(_COUNTED)

    def double(self, script: Script, faulty: Faulty) -> SocketVendor:
        live = script if isinstance(script, LiveScript) else LiveScript(**vars(script))
        return gemini_live(live, faulty=faulty, tls=_authority()[0])

    def model(self, key: str, vendor: SocketVendor, limits: SessionLimits = SOON) -> SpeechToSpeech:
        with _trusted():
            return GeminiLive("gemini-3.8-live", key, vendor.http_url, limits)

    def registry(self, vendor: SocketVendor) -> Registry:
        return _Trusting(environment={"GEMINI_API_KEY": KEY, "ANTIPHON_GEMINI_URL": vendor.http_url})

    def carried_ms(self, audio_ms: int, rate_hz: int) -> int:
        return audio_ms

    def told(self, peer: Peer) -> Said:
        roles = {"model": "agent", "user": "caller"}
        turns = [turn for told in contents(peer) for turn in told["turns"]]
        said = [(roles[turn["role"]], turn["parts"][0]["text"]) for turn in turns]
        return [("note" if text.startswith("[") else role, text) for role, text in said]

    def results(self, peer: Peer) -> list[Any]:
        told = [message["tool_response"] for message in _messages(peer) if "tool_response" in message]
        return [answer["response"] for one in told for answer in one["functionResponses"]]

    def images(self, peer: Peer) -> list[str]:
        return [told["video"]["data"] for told in inputs(peer) if "video" in told]

    def is_corrected(self, peer: Peer) -> bool:
        return any("interrupted" in text for role, text in self.told(peer) if role == "note")

    def wishes(self, peer: Peer) -> list[str]:
        asked = [told for told in contents(peer) if told["turnComplete"]]
        texts = [told["turns"][-1]["parts"][0]["text"] for told in asked]
        return [text for text in texts if text.startswith("[")]

    def set_up(self, peer: Peer) -> tuple[str, str]:
        setup = peer.received[0]["setup"]
        # The SDK takes keys below the first level in either case, and leaves them so.
        spoken = types.SpeechConfig.model_validate(setup["generationConfig"]["speechConfig"])
        voice = spoken.voice_config and spoken.voice_config.prebuilt_voice_config
        assert voice is not None
        return voice.voice_name or "", setup["systemInstruction"]["parts"][0]["text"]


def _messages(peer: Peer) -> list[dict[str, Any]]:
    return [message for message in peer.received if isinstance(message, dict)]


def contents(peer: Peer) -> list[dict[str, Any]]:
    return [message["client_content"] for message in _messages(peer) if "client_content" in message]


def inputs(peer: Peer) -> list[dict[str, Any]]:
    return [message["realtime_input"] for message in _messages(peer) if "realtime_input" in message]


class _Trusting(Registry):
    """The SDK reads which authorities it trusts when its client is made."""

    def speech_to_speech(self, name: str) -> SpeechToSpeech:
        with _trusted():
            return super().speech_to_speech(name)


@contextlib.contextmanager
def _trusted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(_authority()[1]))
        yield


@cache
def _authority() -> tuple[Any, Path]:
    return tls_for_localhost(Path(mkdtemp(prefix="antiphon-tls-")))


@dataclass
class Talk:
    """A session and what it said so far."""

    session: SpeechSession
    vendor: SocketVendor
    events: list[SessionEvent]
    came: asyncio.Event

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(BOUND_S):
            while not condition():
                self.came.clear()
                await self.came.wait()

    async def asked(self, number: int, condition: Callable[[Peer], object]) -> Peer:
        """The vendor's side of one connection, once `condition` holds of it."""
        async with asyncio.timeout(BOUND_S):
            peer = await self.vendor.peer(number)
            await peer.until(lambda seen: bool(condition(seen)))
        return peer

    def spoken(self, number: int = 0) -> str:
        return self.all(SpokenStarted)[number].spoken

    def text(self, spoken: str) -> str:
        return "".join(event.text for event in self.all(SpokenAudio) if event.spoken == spoken)

    def audio_ms(self, spoken: str, rate_hz: int) -> float:
        samples = sum(len(event.pcm) // 2 for event in self.all(SpokenAudio) if event.spoken == spoken)
        return samples * 1000 / rate_hz


@dataclass
class Call:
    """What the session is opened with; `history` may grow while it lasts."""

    script: Script = field(default_factory=Script)
    instructions: str = "You are the front desk."
    tools: tuple[SpokenTool, ...] = (SLOT,)
    rate_hz: int = 8_000
    provider_turns: bool = True
    history: tuple[tuple[str, str], ...] = ()
    faulty: Faulty = field(default_factory=Faulty)
    key: str = KEY
    limits: SessionLimits = field(default_factory=lambda: SOON)


@contextlib.asynccontextmanager
async def talking(vendor: SpeechVendor, call: Call) -> AsyncIterator[Talk]:
    events: list[SessionEvent] = []
    came = asyncio.Event()

    def emit(event: SessionEvent) -> None:
        events.append(event)
        came.set()

    async with vendor.double(call.script, call.faulty) as double:
        config = SpeechSessionConfig(
            sample_rate_hz=call.rate_hz,
            instructions=call.instructions,
            voice=vendor.voice,
            tools=call.tools,
            provider_turns=call.provider_turns,
            history=lambda: call.history,
        )
        session = vendor.model(call.key, double, call.limits).open(config, emit)
        try:
            yield Talk(session, double, events, came)
        finally:
            await session.aclose()
            assert not double.complaints, double.complaints
