"""Recognition messages of Speech-to-Text v2, to and from our values. Pure.

Sources: `google.cloud.speech_v2.types.cloud_speech` of google-cloud-speech 2.41.0; the pages "Chirp 2",
"Chirp 3 Transcription", "Improve transcription results with model adaptation" and "Quotas and limits"
(docs.cloud.google.com/speech-to-text/docs/quotas: a stream lasts five minutes and takes 25 KB of audio a
message, at about the rate of speech), read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from antiphon.providers.google.client import GoogleConfig
from antiphon.providers.listening import Asked, Heard, key_terms, last_words
from antiphon.speech.ports import TurnEvent, TurnMoment

# "Quotas and limits": 1,200 phrases in a set, of which a request of ours has one (5,000 a request), and 100
# letters each.
KEY_TERMS_MAX = 1_200
KEY_TERM_LETTERS_MAX = 100
# Up to 20; 10 and more begins to put words into the caller's mouth ("Model adaptation").
_BOOST = 10.0
# Chirp's models live in regions only; what is not here is served everywhere.
_LOCATIONS = {"chirp_3": "us", "chirp_2": "us-central1"}


def location(model: str, config: GoogleConfig) -> str:
    return config.location or _LOCATIONS.get(model, "global")


def host(place: str) -> str:
    return "speech.googleapis.com" if place == "global" else f"{place}-speech.googleapis.com"


def dates_words(model: str) -> bool:
    """Chirp 3 has no times of words in a stream."""
    return model != "chirp_3"


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)


def first_request(model: str, config: GoogleConfig, asked: Asked) -> dict[str, Any]:
    """A `StreamingRecognizeRequest` that opens a stream."""
    recognition: dict[str, Any] = {
        "explicit_decoding_config": {
            "encoding": "LINEAR16",
            "sample_rate_hertz": asked.sample_rate_hz,
            "audio_channel_count": 1,
        },
        "model": model,
        "language_codes": [asked.language],
        "features": {"enable_automatic_punctuation": True, "enable_word_time_offsets": dates_words(model)},
    }
    if asked.terms:
        phrases = [{"value": term, "boost": _BOOST} for term in asked.terms]
        recognition["adaptation"] = {"phrase_sets": [{"inline_phrase_set": {"phrases": phrases}}]}
    return {
        "recognizer": f"projects/{config.project}/locations/{location(model, config)}/recognizers/_",
        "streaming_config": {
            "config": recognition,
            "streaming_features": {
                "interim_results": True,
                "enable_voice_activity_events": asked.provider_turns,
            },
        },
    }


class Results:
    """Responses of one stream, whose audio began `base_ms` into the link's."""

    def __init__(self, base_ms: int, *, ends_turns: bool) -> None:
        self._base_ms, self._ends_turns = base_ms, ends_turns
        self._changing: Heard | None = None
        self._billed_ms = 0

    def heard(self, response: Any) -> list[Heard | TurnEvent]:
        """A `StreamingRecognizeResponse`."""
        found: list[Heard | TurnEvent] = []
        if self._ends_turns and response.speech_event_type.name == "SPEECH_ACTIVITY_BEGIN":
            found.append(TurnEvent(moment=TurnMoment.STARTED))
        results = list(response.results)
        frozen = next((result for result in results if result.is_final), None)
        if frozen is not None:
            found += self._frozen(frozen)
        changing = [result for result in results if not result.is_final and result.alternatives]
        if changing:
            self._changing = self._said(changing, frozen=False)
            found.append(self._changing)
        billed_ms = _ms(response.metadata.total_billed_duration)
        if billed_ms > self._billed_ms:
            found.append(Heard(usage={"billed_audio_ms": billed_ms - self._billed_ms}))
            self._billed_ms = billed_ms
        return found

    def ended(self, sent_ms: int, *, answers: bool) -> Heard:
        return last_words(self._changing, self._base_ms + sent_ms, answers=answers)

    def _frozen(self, result: Any) -> list[Heard | TurnEvent]:
        self._changing = None
        heard = self._said([result], frozen=True)
        if not (self._ends_turns and heard.text):
            return [heard]
        return [heard, TurnEvent(moment=TurnMoment.ENDED)]

    def _said(self, results: Sequence[Any], *, frozen: bool) -> Heard:
        best = [result.alternatives[0] for result in results if result.alternatives]
        to_ms = self._base_ms + max(_ms(result.result_end_offset) for result in results)
        ends_ms = [self._base_ms + _ms(word.end_offset) for each in best for word in each.words]
        # 0.0 is "not set", which all but the final results of some models say.
        confidence = next((each.confidence for each in best if each.confidence), 1.0)
        return Heard(
            text=" ".join(each.transcript.strip() for each in best),
            frozen=frozen,
            answers=frozen and self._ends_turns,
            confidence=round(float(confidence), 4),
            language=results[0].language_code,
            word_ends_ms=tuple(ends_ms),
            heard_to_ms=to_ms,
            frozen_to_ms=to_ms if frozen else None,
        )


def _ms(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
