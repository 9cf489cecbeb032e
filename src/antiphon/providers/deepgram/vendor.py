"""What Deepgram offers, and what it takes. Languages: "Models & Languages Overview", read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.deepgram.wire import SPEEDS
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import BatchTranscription, SpeechToText, TextToSpeech

ACCOUNT = Account(vendor="deepgram", sdk="deepgram", keys=("DEEPGRAM_API_KEY",))

RATES_HZ = (8_000, 16_000, 24_000, 32_000, 48_000)
_NOVA_LANGUAGES = (
    "en", "es", "fr", "de", "it", "pt", "nl", "ja", "hi", "ru", "bg", "ca", "cs", "da", "el", "et", "fi",
    "hu", "id", "ko", "lt", "lv", "ms", "no", "pl", "ro", "sk", "sv", "tr", "uk", "vi",
)  # fmt: skip
_FLUX_LANGUAGES = ("en", "es", "fr", "de", "hi", "ru", "pt", "ja", "it", "nl")
_VOICES = {
    "en": ("thalia", "andromeda", "helena", "apollo", "arcas", "aries", "asteria", "luna", "orion", "zeus"),
    "es": ("celeste", "estrella", "nestor", "javier"),
    "fr": ("agathe", "hector"),
    "de": ("viktoria", "julius"),
    "it": ("livia", "dionisio"),
    "nl": ("rhea", "sander"),
    "ja": ("izanami", "fujin"),
}


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, tts=_tts, batch_stt=_batch)


def _hears(languages: tuple[str, ...]) -> Capabilities:
    return Capabilities(
        languages=languages,
        sample_rates_hz=RATES_HZ,
        word_times=True,
        partials=True,
        vocabulary=True,
        turn_events=True,
    )


OFFERS = (
    Offer(role=Role.STT, name="nova-3", capabilities=_hears(_NOVA_LANGUAGES), any_name=True),
    Offer(role=Role.STT, name="nova-3-medical", capabilities=_hears(("en",))),
    Offer(role=Role.STT, name="flux-general-en", capabilities=_hears(("en",))),
    Offer(role=Role.STT, name="flux-general-multi", capabilities=_hears(_FLUX_LANGUAGES)),
    Offer(
        role=Role.BATCH_STT,
        name="nova-3",
        capabilities=Capabilities(
            languages=_NOVA_LANGUAGES,
            word_times=True,
            vocabulary=True,
            speakers=True,
            sentiment=True,
            topics=True,
            summary=True,
        ),
        any_name=True,
    ),
    *(
        Offer(
            role=Role.TTS,
            name=f"aura-2-{voice}-{language}",
            capabilities=Capabilities(languages=(language,), sample_rates_hz=RATES_HZ, speeds=SPEEDS),
            any_name=True,
        )
        for language, voices in _VOICES.items()
        for voice in voices
    ),
)


def _stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.deepgram.client import DeepgramConfig
    from antiphon.providers.deepgram.stt import DeepgramStt

    return DeepgramStt(model, DeepgramConfig(key=access.key, url=access.url))


def _tts(voice: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.deepgram.client import DeepgramConfig
    from antiphon.providers.deepgram.tts import DeepgramTts

    return DeepgramTts(DeepgramConfig(key=access.key, url=access.url)), voice


def _batch(model: str, access: Access) -> BatchTranscription:
    from antiphon.providers.deepgram.batch import DeepgramBatch
    from antiphon.providers.deepgram.client import DeepgramConfig

    return DeepgramBatch(model, DeepgramConfig(key=access.key, url=access.url))
