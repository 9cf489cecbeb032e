"""Transcription of recordings by AssemblyAI: upload, order, and ask until it is done. Speakers, sentiment,
topics (IAB categories) and a summary where asked for. Source: `types.py` of assemblyai 1.8.2."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.assemblyai.stt import AssemblyAiConfig
from antiphon.providers.assemblyai.wire import KEY_TERM_LETTERS_MAX, KEY_TERMS_MAX, NAME
from antiphon.providers.listening import key_terms
from antiphon.providers.recordings import DEADLINE_S, wav_bytes
from antiphon.providers.refusals import refused
from antiphon.speech.ports import BatchConfig, BatchTranscript, TimedWord

_POLL_S = 3.0  # The SDK's own pace.
_TOPICS_MAX = 10  # The most relevant of some 700 categories.


class AssemblyAiBatch:
    """A `BatchTranscription`. `model` is AssemblyAI's name ("universal-3-5-pro"), "best" for its default."""

    def __init__(
        self,
        model: str,
        config: AssemblyAiConfig,
        *,
        deadline_s: float = DEADLINE_S,
        poll_s: float = _POLL_S,
    ) -> None:
        try:
            import assemblyai
        except ImportError:
            raise ConfigError(
                "the AssemblyAI SDK is not installed", fix="pip install 'antiphon[assemblyai]'"
            ) from None
        self._sdk, self._model, self._deadline_s = assemblyai, model, deadline_s
        # A copy: `assemblyai.settings` is the process's own.
        settings = assemblyai.settings.copy()
        settings.api_key, settings.polling_interval = config.key, poll_s
        if config.url:
            settings.base_url = config.url.rstrip("/")
        self._client = assemblyai.AsyncClient(settings=settings)

    async def transcribe(self, pcm: bytes, sample_rate_hz: int, config: BatchConfig) -> BatchTranscript:
        transcriber = self._sdk.AsyncTranscriber(client=self._client)
        with self._errors():
            try:
                async with asyncio.timeout(self._deadline_s):
                    done = await transcriber.transcribe(wav_bytes(pcm, sample_rate_hz), self._wanted(config))
            except TimeoutError:
                raise ProviderUnavailable(NAME, "no transcript in time") from None
            if done.status == self._sdk.TranscriptStatus.error:
                raise ProviderUnavailable(NAME, "the transcription failed")
            return _transcript(done, config)

    def _wanted(self, config: BatchConfig) -> Any:
        sdk = self._sdk
        terms = key_terms((), config.vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)
        wanted: dict[str, Any] = {
            "language_code": config.language.partition("-")[0],
            "speaker_labels": config.diarize or None,
            "sentiment_analysis": config.sentiment or None,
            "iab_categories": config.topics or None,
            "keyterms_prompt": list(terms) or None,
        }
        if config.summary:
            wanted["summarization"] = True
            wanted["summary_model"] = sdk.SummarizationModel.informative
            wanted["summary_type"] = sdk.SummarizationType.paragraph
        if self._model != "best":
            wanted["speech_models"] = [self._model]
        return sdk.TranscriptionConfig(**{name: value for name, value in wanted.items() if value is not None})

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The SDK's exceptions as ours. Texts are left out: they may repeat what the caller said."""
        try:
            yield
        except self._sdk.types.AssemblyAIError as error:
            if error.status_code is None:
                raise ProviderUnavailable(NAME, "the transcription failed") from None
            last = self._client.last_response  # Another request's, if two run side by side.
            of_this = last if last is not None and last.status_code == error.status_code else None
            raise refused(NAME, error.status_code, of_this.headers if of_this else None) from None
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, f"cannot be reached ({type(error).__name__})") from None
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            kind = type(error).__name__
            raise ProviderProtocolError(NAME, f"an answer the SDK cannot read ({kind})") from None


def _transcript(done: Any, config: BatchConfig) -> BatchTranscript:
    categories = done.iab_categories.summary if done.iab_categories is not None else None
    ranked = sorted((categories or {}).items(), key=lambda topic: -topic[1])
    return BatchTranscript(
        text=done.text or "",
        language=str(done.json_response.get("language_code") or config.language),
        words=tuple(
            TimedWord(
                text=word.text,
                start_ms=word.start,
                end_ms=word.end,
                speaker=word.speaker or "",
                confidence=word.confidence,
            )
            for word in done.words or ()
        ),
        sentiment=tuple(
            (part.start, part.end, part.sentiment.value.lower()) for part in done.sentiment_analysis or ()
        ),
        topics=tuple(topic for topic, _ in ranked[:_TOPICS_MAX]),
        summary=done.summary or "",
    )
