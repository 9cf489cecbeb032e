"""What Google Cloud offers, and what it takes. Languages: "Chirp 2", "Chirp 3 Transcription", "Chirp 3: HD
voices", read 2026-11-25; only what is generally available there."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.google.client import GoogleConfig
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToText, TextToSpeech

_KEY, _CREDENTIALS = "GOOGLE_CLOUD_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS"
_PROJECT, _LOCATION = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"
ACCOUNT = Account(vendor="google", keys=(f"{_KEY}|{_CREDENTIALS}", _PROJECT))
_SPEECH, _VOICES_SDK = "google.cloud.speech_v2", "google.cloud.texttospeech_v1"

_RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)
_CHIRP_3 = (
    "ca-ES", "cmn-Hans-CN", "hr-HR", "da-DK", "nl-NL", "en-AU", "en-GB", "en-IN", "en-US", "fi-FI", "fr-CA",
    "fr-FR", "de-DE", "el-GR", "hi-IN", "it-IT", "ja-JP", "ko-KR", "pl-PL", "pt-BR", "pt-PT", "ro-RO",
    "ru-RU", "es-ES", "es-US", "sv-SE", "tr-TR", "uk-UA", "vi-VN",
)  # fmt: skip
_CHIRP_2 = (
    "cmn-Hans-CN", "cmn-Hant-TW", "yue-Hant-HK", "en-AU", "en-IN", "en-GB", "en-US", "fr-CA", "fr-FR",
    "de-DE", "it-IT", "ja-JP", "ko-KR", "pt-BR", "es-ES", "es-US",
)  # fmt: skip
_HD_VOICES = ("Achernar", "Aoede", "Charon", "Fenrir", "Kore", "Leda", "Orus", "Puck", "Zephyr")
_HD_LANGUAGES = (
    "en-US",
    "en-GB",
    "en-AU",
    "en-IN",
    "es-US",
    "es-ES",
    "fr-FR",
    "fr-CA",
    "de-DE",
    "it-IT",
    "pt-BR",
)
_OLDER_VOICES = ("en-US-Neural2-F", "en-US-Neural2-J", "en-GB-Neural2-A")


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, tts=_tts)


def _hears(name: str, languages: tuple[str, ...], *, any_name: bool = False) -> Offer:
    capabilities = Capabilities(
        languages=languages,
        sample_rates_hz=_RATES_HZ,
        word_times=name != "chirp_3",
        partials=True,
        vocabulary=True,
        turn_events=True,
    )
    return Offer(role=Role.STT, name=name, capabilities=capabilities, any_name=any_name, sdk=_SPEECH)


def _speaks(name: str, *, ssml: bool) -> Offer:
    language = "-".join(name.split("-")[:2])
    capabilities = Capabilities(languages=(language,), sample_rates_hz=_RATES_HZ, ssml=ssml)
    return Offer(role=Role.TTS, name=name, capabilities=capabilities, sdk=_VOICES_SDK)


OFFERS = (
    _hears("chirp_3", _CHIRP_3),
    _hears("chirp_2", _CHIRP_2),
    # Some sixty languages, not all of them in every region: what a region lacks is refused when it connects.
    _hears("telephony", (), any_name=True),
    _hears("latest_long", ()),
    *(
        _speaks(f"{language}-Chirp3-HD-{voice}", ssml=False)
        for language in _HD_LANGUAGES
        for voice in _HD_VOICES
    ),
    *(_speaks(name, ssml=True) for name in _OLDER_VOICES),
    # All other voices: their names begin with a language, and Chirp's take no SSML.
    Offer(
        role=Role.TTS,
        name="*-*-Chirp*",
        capabilities=Capabilities(sample_rates_hz=_RATES_HZ),
        sdk=_VOICES_SDK,
    ),
    Offer(
        role=Role.TTS,
        name="*-*-*",
        capabilities=Capabilities(sample_rates_hz=_RATES_HZ, ssml=True),
        sdk=_VOICES_SDK,
    ),
)


def _stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.google.stt import GoogleStt

    return GoogleStt(model, _config(access))


def _tts(voice: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.google.tts import GoogleTts

    return GoogleTts(_config(access)), voice


def _config(access: Access) -> GoogleConfig:
    return GoogleConfig(
        key=access.get(_KEY),
        credentials=access.get(_CREDENTIALS),
        project=access.get(_PROJECT),
        location=access.get(_LOCATION),
        url=access.url,
    )
