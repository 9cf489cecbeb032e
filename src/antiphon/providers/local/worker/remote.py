"""The ports, each a thin shape over the link to the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ProviderRejected, ProviderUnavailable
from antiphon.providers.local.worker import wire
from antiphon.providers.local.worker.link import Link
from antiphon.providers.local.worker.stream import RemoteStream
from antiphon.speech.ports import SttConfig, SttStream, Transcript, TtsAudio, TtsRequest


class RemoteSpeechToText:
    def __init__(self, link: Link, name: str) -> None:
        self._link, self._name = link, name

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> SttStream:
        if not self._link.connected:
            raise ProviderUnavailable(self._name, "the inference worker is not there")
        if self._name not in self._link.offer.speech_to_text:
            raise ProviderRejected(self._name, "this inference worker does not serve it")
        return RemoteStream(self._link, self._name, config, emit)


class RemoteTextToSpeech:
    def __init__(self, link: Link, name: str) -> None:
        self._link, self._name = link, name

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        number = self._link.number()
        message = wire.Synthesize(
            id=number,
            name=self._name,
            text=request.text,
            voice=request.voice,
            sample_rate_hz=request.sample_rate_hz,
            language=request.language,
            speed=request.speed,
            ssml=request.ssml,
        )

        def on_audio(audio: wire.Audio) -> None:
            emit(TtsAudio(pcm=audio.pcm, word_ends_ms=audio.word_ends_ms))

        await self._link.ask(self._name, message, number, self._link.deadlines.voice, on_audio)


class RemoteEndOfTurn:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        number, deadline_ms = self._link.number(), self._link.deadlines.score
        # The model looks at 8 s; the rest need not travel.
        recent = pcm[-8 * 2 * sample_rate_hz :]
        message = wire.Score(id=number, pcm=recent, sample_rate_hz=sample_rate_hz, deadline_ms=deadline_ms)
        answer = await self._link.ask("end of turn", message, number, deadline_ms)
        assert isinstance(answer, wire.Scored)
        return answer.probability


class RemoteEncoder:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def encode(self, sentences: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        number, deadline_ms = self._link.number(), self._link.deadlines.encode
        message = wire.Encode(id=number, sentences=tuple(sentences), query=query, deadline_ms=deadline_ms)
        answer = await self._link.ask("encoder", message, number, deadline_ms)
        assert isinstance(answer, wire.Encoded)
        vectors = np.frombuffer(answer.vectors, dtype="<f4").reshape(len(sentences), answer.dimension)
        return vectors.astype(np.float32)
