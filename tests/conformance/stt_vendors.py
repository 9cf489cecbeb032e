"""The vendors that hear: a row each, with its double and what to ask the double about what it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.doubles import (
    assemblyai_listen,
    azure_listen,
    deepgram_listen,
    google_cloud,
    openai_transcription,
    riva_listen,
)
from tests.doubles.coded_speech import blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

from antiphon.providers.assemblyai.stt import AssemblyAiConfig, AssemblyAiStt
from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.stt import AzureStt
from antiphon.providers.deepgram.client import DeepgramConfig
from antiphon.providers.deepgram.stt import DeepgramStt
from antiphon.providers.google.client import GoogleConfig
from antiphon.providers.google.stt import GoogleStt
from antiphon.providers.listening import ListeningLimits
from antiphon.providers.livekit.plugin import http_session, load
from antiphon.providers.livekit.stt import LivekitStt
from antiphon.providers.openai.audio_client import OpenAiAudioConfig
from antiphon.providers.openai.stt import OpenAiStt
from antiphon.providers.riva.stt import RivaConfig, RivaStt
from antiphon.speech.ports import SpeechToText, SttEvent, SttStream, Transcript, TurnEvent

WAIT_S = 20.0  # A busy machine; nothing waits this long when all is well.
# Long to settle: on a busy machine the double's messages come far apart.
PATIENT = ListeningLimits(connect_ms=15_000, final_ms=15_000, settle_ms=300, backoff_first_ms=5)
HASTY = ListeningLimits(
    connect_ms=600,
    final_ms=900,
    settle_ms=300,
    backoff_first_ms=5,
    backoff_max_ms=20,
    told_wait_max_ms=20,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SttVendor:
    """One row of the suite.

    Attributes:
        double: Makes the vendor's double; takes `habits` and `faulty`.
        make: The adapter under test, against the double.
        terms: Key terms the vendor was told, on this connection and by now.
        language: What it was told to listen for, as it says it.
        turns: It can decide by itself when a turn is over.
        word_times, confident: Whether transcripts say so.
        terms_ahead: It is told of other key terms at once, and not with the next audio.
        takes_terms: It is told of them at all.
        doubts_silence: It says nothing where there are no words: behind a sign of life, one end of speech
            without an answer is taken for that, and a hang is found out with the next.
        counts_when: It says when it may be asked again after too much.
        survives: Faults that are none for it: the words are heard all the same.
    """

    name: str
    double: Callable[..., Any]
    make: Callable[[Any, ListeningLimits], SpeechToText]
    terms: Callable[[Any], Iterable[str]]
    language: Callable[[Any], str]
    turns: bool = True
    word_times: bool = True
    confident: bool = True
    terms_ahead: bool = True
    takes_terms: bool = True
    doubts_silence: bool = False
    counts_when: bool = True
    survives: frozenset[Fault] = frozenset()

    @asynccontextmanager
    async def bench(
        self,
        faulty: Faulty | None = None,
        limits: ListeningLimits = PATIENT,
        habits: object | None = None,
    ) -> AsyncIterator[tuple[Any, SpeechToText]]:
        """The double and an adapter that talks to it; afterwards the double may not have had a complaint."""
        double = self.double(habits, faulty=faulty or Faulty())
        async with double:
            stt = self.make(double, limits)
            try:
                yield double, stt
            finally:
                if isinstance(stt, LivekitStt):
                    await stt.aclose()
                    await http_session().close()
        assert not double.complaints


def _deepgram(model: str) -> Callable[[SocketVendor, ListeningLimits], SpeechToText]:
    return lambda double, limits: DeepgramStt(model, DeepgramConfig(key=KEY, url=double.url), limits)


def _deepgram_terms(peer: Peer) -> Iterable[str]:
    configured = peer.of_type("Configure")
    return configured[-1]["keyterms"] if configured else peer.query.get("keyterm", [])


def _assemblyai(model: str) -> Callable[[SocketVendor, ListeningLimits], SpeechToText]:
    return lambda double, limits: AssemblyAiStt(model, AssemblyAiConfig(key=KEY, url=double.url), limits)


def _assemblyai_terms(peer: Peer) -> Iterable[str]:
    updated = peer.of_type("UpdateConfiguration")
    found: list[str] = json.loads(peer.query.get("keyterms_prompt", ["[]"])[0])
    return updated[-1]["keyterms_prompt"] if updated else found


def _openai(model: str) -> Callable[[SocketVendor, ListeningLimits], SpeechToText]:
    def make(double: SocketVendor, limits: ListeningLimits) -> SpeechToText:
        return OpenAiStt(model, OpenAiAudioConfig(key=KEY, url=f"{double.http_url}/v1"), limits)

    return make


def _openai_session(peer: Peer) -> dict[str, Any]:
    found: dict[str, Any] = peer.of_type("session.update")[-1]["session"]["audio"]["input"]["transcription"]
    return found


def _openai_terms(peer: Peer) -> Iterable[str]:
    session = _openai_session(peer)
    return session.get("keywords") or session.get("prompt", "").split(", ")


def _riva(double: Any, limits: ListeningLimits) -> SpeechToText:
    config = RivaConfig(url=double.url, key=KEY, endpointing={"stop_history": 300})
    return RivaStt("default", config, limits)


def _riva_config(peer: Any) -> Any:
    """Of the newest stream: Riva has one an utterance."""
    return [message for message in peer.received if hasattr(message, "config")][-1].config


def _riva_terms(peer: Any) -> Iterable[str]:
    return [phrase for context in _riva_config(peer).speech_contexts for phrase in context.phrases]


def _google(model: str) -> Callable[[Any, ListeningLimits], SpeechToText]:
    def make(double: Any, limits: ListeningLimits) -> SpeechToText:
        config = GoogleConfig(key=KEY, project=google_cloud.PROJECT, url=double.url)
        return GoogleStt(model, config, limits)

    return make


def _google_opening(peer: Any) -> Any:
    """What the newest stream of a connection was opened with."""
    return [message for message in peer.received if message.recognizer][-1]


def _livekit(double: SocketVendor, limits: ListeningLimits) -> SpeechToText:
    settings = {"api_key": KEY, "base_url": f"{double.http_url}/v1/listen"}
    return LivekitStt(load("deepgram.STT:nova-3", "STT", settings), limits)


VENDORS = (
    SttVendor(
        name="deepgram/nova-3",
        double=deepgram_listen.deepgram_listen,
        make=_deepgram("nova-3"),
        terms=_deepgram_terms,
        language=lambda peer: peer.query["language"][0],
    ),
    SttVendor(
        name="deepgram/flux-general-multi",
        double=deepgram_listen.deepgram_listen,
        make=_deepgram("flux-general-multi"),
        terms=_deepgram_terms,
        language=lambda peer: peer.query["language_hint"][0],
    ),
    SttVendor(
        name="assemblyai/u3-rt-pro",
        double=assemblyai_listen.assemblyai_listen,
        make=_assemblyai("u3-rt-pro"),
        terms=_assemblyai_terms,
        language=lambda peer: json.loads(peer.query["language_codes"][0])[0],
    ),
    SttVendor(
        name="openai/gpt-4o-transcribe",
        double=openai_transcription.openai_transcription,
        make=_openai("gpt-4o-transcribe"),
        terms=_openai_terms,
        language=lambda peer: _openai_session(peer)["language"],
        word_times=False,
    ),
    SttVendor(
        name="openai/gpt-live-transcribe",
        double=openai_transcription.openai_transcription,
        make=_openai("gpt-live-transcribe"),
        terms=_openai_terms,
        language=lambda peer: _openai_session(peer)["language"],
        word_times=False,
        confident=False,
    ),
    SttVendor(
        name="riva/default",
        double=riva_listen.riva_listen,
        make=_riva,
        terms=_riva_terms,
        language=lambda peer: _riva_config(peer).language_code,
    ),
    SttVendor(
        name="google/telephony",
        double=google_cloud.google_speech,
        make=_google("telephony"),
        terms=lambda peer: google_cloud.phrases_of(_google_opening(peer)),
        language=lambda peer: str(_google_opening(peer).streaming_config.config.language_codes[0]),
    ),
    SttVendor(
        name="google/chirp_3",
        double=google_cloud.google_speech,
        make=_google("chirp_3"),
        terms=lambda peer: google_cloud.phrases_of(_google_opening(peer)),
        language=lambda peer: str(_google_opening(peer).streaming_config.config.language_codes[0]),
        word_times=False,
        confident=False,
    ),
    SttVendor(
        name="azure/speech",
        double=azure_listen.azure_recognition,
        make=lambda double, limits: AzureStt(AzureConfig(key=KEY, url=double.url), limits),
        terms=azure_listen.phrases_of,
        language=lambda peer: str(azure_listen.contexts(peer)[-1]["phraseDetection"]["language"]),
        terms_ahead=False,
    ),
    SttVendor(
        name="livekit/deepgram.STT:nova-3",
        double=deepgram_listen.deepgram_listen,
        make=_livekit,
        terms=_deepgram_terms,
        language=lambda peer: peer.query["language"][0],
        turns=False,
        takes_terms=False,
        doubts_silence=True,
        counts_when=False,
        survives=frozenset({Fault.MALFORMED}),  # The plugin logs it and listens on.
    ),
)


@dataclass
class Ear:
    """Collects what a stream says, and waits for it."""

    events: list[SttEvent] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: SttEvent) -> None:
        self.events.append(event)
        self.changed.set()

    @property
    def finals(self) -> list[Transcript]:
        return [event for event in self.events if isinstance(event, Transcript) and event.final]

    @property
    def partials(self) -> list[Transcript]:
        return [event for event in self.events if isinstance(event, Transcript) and not event.final]

    @property
    def turns(self) -> list[TurnEvent]:
        return [event for event in self.events if isinstance(event, TurnEvent)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def final(self, number: int = 0) -> Transcript:
        await self.until(lambda: len(self.finals) > number)
        return self.finals[number]


async def push(stream: SttStream, text: str, rate_hz: int = 8_000, block: int = 320) -> None:
    for pcm in blocks(spoken(text, rate_hz), block):
        stream.push(pcm)
        await asyncio.sleep(0)


async def say(stream: SttStream, text: str, rate_hz: int = 8_000, block: int = 320) -> None:
    """One utterance, from its onset to its end."""
    stream.speech_started()
    await push(stream, text, rate_hz, block)
    stream.speech_stopped()


async def settle(condition: Callable[[], bool]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - there is no event for another's state
            await asyncio.sleep(0)
