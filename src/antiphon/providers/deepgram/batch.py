"""Transcription of recordings by Deepgram: speakers, sentiment, topics and a summary where asked for."""

from __future__ import annotations

import asyncio

from antiphon.errors import ProviderUnavailable
from antiphon.providers.deepgram import batch_wire
from antiphon.providers.deepgram.client import DeepgramConfig, deepgram_client, deepgram_errors
from antiphon.providers.deepgram.wire import NAME
from antiphon.providers.recordings import DEADLINE_S, wav_bytes
from antiphon.speech.ports import BatchConfig, BatchTranscript


class DeepgramBatch:
    """A `BatchTranscription`. `model` is Deepgram's name ("nova-3")."""

    def __init__(self, model: str, config: DeepgramConfig, deadline_s: float = DEADLINE_S) -> None:
        self._model, self._deadline_s = model, deadline_s
        self._client = deepgram_client(config)

    async def transcribe(self, pcm: bytes, sample_rate_hz: int, config: BatchConfig) -> BatchTranscript:
        wanted = batch_wire.parameters(self._model, config)
        with deepgram_errors():
            try:
                async with asyncio.timeout(self._deadline_s):
                    found = await self._client.listen.v1.media.transcribe_file(
                        request=wav_bytes(pcm, sample_rate_hz),
                        request_options={"timeout_in_seconds": round(self._deadline_s)},
                        **wanted,
                    )
            except TimeoutError:
                raise ProviderUnavailable(NAME, "no transcript in time") from None
            message = found.dict()
        return batch_wire.transcript(message, config)
