"""Riva's `RivaSpeechRecognition` on the servicer that NVIDIA's own client generates. Hears coded speech.

Written from `riva_asr.proto` as generated in nvidia-riva-client 2.28.0 (a field it does not have cannot be
set) and docs.nvidia.com, "gRPC API Reference" of the Speech NIM (read 2026-11-25).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from riva.client.proto import riva_asr_pb2 as asr
from riva.client.proto import riva_asr_pb2_grpc as service
from tests.doubles.coded_speech import CodedEar, HeardWord
from tests.doubles.faults import Fault
from tests.doubles.grpc_vendor import GrpcPeer, GrpcVendor

STOP_HISTORY_MS = 800  # Silence after which it sees the end of an utterance by itself, unless told.
_LINEAR_PCM = 1


@dataclass(slots=True, kw_only=True)
class Habits:
    """How the server behaves, beyond faults.

    Attributes:
        says_config: It knows `GetRivaSpeechRecognitionConfig`; older servers do not.
        models: Names it knows; "" is any.
        ends_resting: Streams without audio are ended by the server as soon as they begin.
        leaves_last: At the end of a stream the last words stay interim.
    """

    says_config: bool = True
    models: tuple[str, ...] = ("",)
    ends_resting: bool = False
    leaves_last: bool = False


def riva_listen(habits: Habits | None = None, **settings: Any) -> GrpcVendor:
    habits = habits or Habits()

    def add(server: Any, vendor: GrpcVendor) -> None:
        service.add_RivaSpeechRecognitionServicer_to_server(_Riva(vendor, habits), server)

    return GrpcVendor(add=add, **settings)


class _Riva(service.RivaSpeechRecognitionServicer):  # type: ignore[misc]
    def __init__(self, vendor: GrpcVendor, habits: Habits) -> None:
        self._vendor, self._habits = vendor, habits

    async def GetRivaSpeechRecognitionConfig(self, request: Any, context: Any) -> Any:
        await self._vendor.admit(context)
        if not self._habits.says_config:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "")
        if request.model_name not in self._habits.models:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no model {request.model_name}")
        return asr.RivaSpeechRecognitionConfigResponse()

    async def StreamingRecognize(self, requests: AsyncIterator[Any], context: Any) -> None:
        peer = await self._vendor.begin_stream(context)
        try:
            await self._hear(peer, requests, context)
        except AssertionError as error:
            self._vendor.complaints.append(str(error))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not as documented")

    async def _hear(self, peer: GrpcPeer, requests: AsyncIterator[Any], context: Any) -> None:
        first = await anext(aiter(requests))
        assert first.WhichOneof("streaming_request") == "streaming_config", "a stream begins with its config"
        config = first.streaming_config.config
        _check(config)
        peer.take(first.streaming_config)
        if self._habits.ends_resting:
            return
        if peer.fault is Fault.MALFORMED:
            await peer.send(context, asr.StreamingRecognizeResponse())
        stream = _Utterances(peer, context, config)
        async for request in requests:
            assert request.WhichOneof("streaming_request") == "audio_content"
            peer.take(request)
            await stream.audio(request.audio_content)
        if peer.fault is Fault.HANG:
            await peer.gone.wait()
        if stream.unfrozen and not self._habits.leaves_last:
            await stream.say(final=True)


def _check(config: Any) -> None:
    assert config.encoding == _LINEAR_PCM
    assert config.audio_channel_count == 1
    assert 8_000 <= config.sample_rate_hertz <= 48_000
    assert "-" in config.language_code, "they want a region too"
    for context in config.speech_contexts:
        assert context.phrases
        assert 0 < context.boost <= 100
    assert all(
        0 <= threshold <= 1
        for threshold in (config.endpointing_config.start_threshold, config.endpointing_config.stop_threshold)
    )


class _Utterances:
    """One stream: interim results with every word, a final one after silence."""

    def __init__(self, peer: GrpcPeer, context: Any, config: Any) -> None:
        self._peer, self._context, self._config = peer, context, config
        self._ear = CodedEar(config.sample_rate_hertz)
        self._stop_ms = config.endpointing_config.stop_history or STOP_HISTORY_MS
        self._frozen = 0

    @property
    def unfrozen(self) -> Sequence[HeardWord]:
        return [] if self._peer.fault is Fault.NO_RESULT else self._ear.words[self._frozen :]

    async def audio(self, pcm: bytes) -> None:
        known = len(self._ear.words)
        self._ear.push(pcm)
        if not self.unfrozen:
            return
        if len(self._ear.words) > known:
            await self.say(final=False)
        elif self._ear.heard_ms - self.unfrozen[-1].end_ms >= self._stop_ms:
            await self.say(final=True)

    async def say(self, *, final: bool) -> None:
        words = self.unfrozen
        best = asr.SpeechRecognitionAlternative(
            transcript=" ".join(word.text for word in words) + " ",
            confidence=0.9 if final else 0.0,
            language_code=[self._config.language_code],
        )
        if final and self._config.enable_word_time_offsets:
            best.words.extend(
                asr.WordInfo(word=word.text, start_time=word.start_ms, end_time=word.end_ms, confidence=0.9)
                for word in words
            )
        result = asr.StreamingRecognitionResult(
            alternatives=[best],
            is_final=final,
            stability=1.0 if final else 0.1,
            audio_processed=self._ear.heard_ms / 1000,
        )
        if final:
            self._frozen = len(self._ear.words)
        await self._peer.send(self._context, asr.StreamingRecognizeResponse(results=[result]))
