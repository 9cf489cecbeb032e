"""What Azure AI Speech offers, and what it takes. Voices: "Language and voice support", read
2026-11-25; the commonest of several hundred."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.locales import LOCALES
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToText, TextToSpeech

_KEY, _REGION, _URL = "AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION", "ANTIPHON_AZURE_URL"
ACCOUNT = Account(vendor="azure", sdk="websockets", keys=(_KEY, f"{_REGION}|{_URL}"), url=_URL)

_RATES_HZ = (8_000, 16_000, 24_000, 48_000)
_VOICES = (
    "en-US-AvaNeural", "en-US-AndrewNeural", "en-US-EmmaNeural", "en-US-BrianNeural", "en-US-JennyNeural",
    "en-US-GuyNeural", "en-GB-SoniaNeural", "en-GB-RyanNeural", "en-AU-NatashaNeural", "es-ES-ElviraNeural",
    "es-MX-DaliaNeural", "es-US-PalomaNeural", "fr-FR-DeniseNeural", "fr-CA-SylvieNeural",
    "de-DE-KatjaNeural", "de-DE-ConradNeural", "it-IT-ElsaNeural", "pt-BR-FranciscaNeural",
    "nl-NL-ColetteNeural",
)  # fmt: skip


def vendor(environment: Mapping[str, str]) -> Vendor:
    engines: list[TextToSpeech] = []  # One for all voices, so that they share connections.

    def tts(voice: str, access: Access) -> tuple[TextToSpeech, str]:
        if not engines:
            engines.append(_tts(access))
        return engines[0], voice

    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, tts=tts)


def _voice(name: str) -> Offer:
    language, any_name = "-".join(name.split("-")[:2]), "*" in name
    return Offer(
        role=Role.TTS,
        name=name,
        capabilities=Capabilities(
            languages=() if any_name else (language,),
            sample_rates_hz=_RATES_HZ,
            word_times=True,
            ssml=True,
            cloning=any_name,
        ),
    )


OFFERS = (
    Offer(
        role=Role.STT,
        name="speech",  # The service chooses its model by the language.
        capabilities=Capabilities(
            languages=LOCALES,
            sample_rates_hz=_RATES_HZ,
            word_times=True,
            partials=True,
            vocabulary=True,
            turn_events=True,
        ),
    ),
    *(_voice(name) for name in _VOICES),
    _voice("*-*-*"),  # All other voices, cloned ones too: their names begin with a language.
)


def _stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.azure.stt import AzureStt

    return AzureStt(_config(access))


def _tts(access: Access) -> TextToSpeech:
    from antiphon.providers.azure.tts import AzureTts

    return AzureTts(_config(access))


def _config(access: Access) -> AzureConfig:
    return AzureConfig(key=access.get(_KEY), region=access.get(_REGION), url=access.url)
