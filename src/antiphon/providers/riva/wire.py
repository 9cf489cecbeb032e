"""Riva's messages, to and from our values. Pure; the SDK's generated types are handed in.

Sources: `riva_asr.proto` as generated in nvidia-riva-client 2.28.0; docs.nvidia.com, pages "gRPC API
Reference" and "Customizing ASR Models" of the Speech NIM, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.providers.listening import Asked, Heard, key_terms, last_words
from antiphon.speech.ports import TurnEvent, TurnMoment

NAME = "riva"
DEFAULT_MODEL = "default"  # In an agent file; the server chooses by language and rate.
# NVIDIA recommends 20 to 100; decoders that bear less clamp it.
BOOST = 20.0
ENDPOINTING_FIELDS: Mapping[str, type[int] | type[float]] = {
    "start_history": int, "start_threshold": float, "stop_history": int, "stop_threshold": float,
    "stop_history_eou": int, "stop_threshold_eou": float,
}  # fmt: skip
# Riva wants a region with every language.
_REGIONS: Mapping[str, str] = {
    "ar": "ar-AR", "de": "de-DE", "en": "en-US", "es": "es-US", "fr": "fr-FR", "hi": "hi-IN", "it": "it-IT",
    "ja": "ja-JP", "ko": "ko-KR", "pt": "pt-BR", "ru": "ru-RU", "vi": "vi-VN", "zh": "zh-CN",
}  # fmt: skip
LANGUAGES = tuple(_REGIONS)
_TERMS_MAX, _TERM_LETTERS_MAX = 500, 100  # Ours: Riva names no bounds.


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=_TERMS_MAX, letters_max=_TERM_LETTERS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is told with every stream. Attributes: model: "" is the server's own choice."""

    model: str
    boost: float
    endpointing: Mapping[str, float]


def streaming_config(sdk: Any, asked: Asked, said: Settings) -> Any:
    """The first message of a stream. `sdk` is the module `riva_asr_pb2`."""
    config = sdk.RecognitionConfig(
        encoding=1,  # LINEAR_PCM of `riva_audio.proto`.
        sample_rate_hertz=asked.sample_rate_hz,
        language_code=_REGIONS.get(asked.language.lower(), asked.language),
        max_alternatives=1,
        audio_channel_count=1,
        enable_word_time_offsets=True,
        enable_automatic_punctuation=True,
        model=said.model,
    )
    if asked.terms:
        config.speech_contexts.append(sdk.SpeechContext(phrases=list(asked.terms), boost=said.boost))
    for name, value in said.endpointing.items():
        setattr(config.endpointing_config, name, ENDPOINTING_FIELDS[name](value))
    return sdk.StreamingRecognitionConfig(config=config, interim_results=True)


class Utterances:
    """What one stream hears, placed on the connection it runs on.

    Args:
        from_ms: Audio sent on the connection before this stream began.
        vendor_ends: Riva's own ends of utterances are answers, and ends of turns.
    """

    def __init__(self, from_ms: int, *, vendor_ends: bool) -> None:
        self._from_ms, self._vendor_ends = from_ms, vendor_ends
        self._changing: Heard | None = None
        self._turn = False

    def heard(self, response: Any) -> list[Heard | TurnEvent]:
        """A `StreamingRecognizeResponse`; one without words says nothing."""
        found: list[Heard | TurnEvent] = []
        changing = [result for result in response.results if not result.is_final and result.alternatives]
        for result in response.results:
            if result.is_final and result.alternatives:
                found += self._final(result)
        if changing:  # Several are one text, the stable part first.
            found += self._partial(changing)
        return found

    def ended(self, sent_ms: int, *, answers: bool) -> Heard:
        return last_words(self._changing, self._from_ms + sent_ms, answers=answers)

    def _partial(self, results: Sequence[Any]) -> list[Heard | TurnEvent]:
        heard = self._changing = self._read(results, frozen=False)
        if not heard.text or self._turn:
            return [heard]
        self._turn = True
        return [TurnEvent(moment=TurnMoment.STARTED), heard]

    def _final(self, result: Any) -> list[Heard | TurnEvent]:
        began, self._turn, self._changing = self._turn, False, None
        heard = self._read([result], frozen=True)
        if not began and not heard.text:
            return [heard]
        ended = TurnEvent(moment=TurnMoment.ENDED, text=heard.text)
        return [heard, ended] if began else [TurnEvent(moment=TurnMoment.STARTED), heard, ended]

    def _read(self, results: Sequence[Any], *, frozen: bool) -> Heard:
        best = [result.alternatives[0] for result in results]
        ends_ms = tuple(self._from_ms + word.end_time for part in best for word in part.words)
        processed_s = max(result.audio_processed for result in results)
        heard_to_ms = self._from_ms + round(processed_s * 1000) if processed_s > 0 else None
        confidence = min(part.confidence for part in best)
        return Heard(
            text=" ".join(part.transcript.strip() for part in best).strip(),
            frozen=frozen,
            answers=frozen and self._vendor_ends,
            # Interim results have none, and some models give a logarithm.
            confidence=confidence if 0 < confidence <= 1 else 1.0,
            language=best[0].language_code[0] if best[0].language_code else "",
            word_ends_ms=ends_ms,
            heard_to_ms=heard_to_ms,
            # Audio after the last word may hold the beginning of the next.
            frozen_to_ms=ends_ms[-1] if frozen and ends_ms else None,
        )
