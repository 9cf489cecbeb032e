"""What ElevenLabs offers, and what it takes. Languages: "Models", read 2026-11-25. Any voice by its id."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.elevenlabs.wire import SPEEDS
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import TextToSpeech

ACCOUNT = Account(vendor="elevenlabs", sdk="elevenlabs", keys=("ELEVENLABS_API_KEY",))

HTTP = "http/"
_RATES_HZ = (8_000, 16_000, 22_050, 24_000)
_MULTILINGUAL = (
    "en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr", "fil", "pl", "sv", "bg",
    "ro", "ar", "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "ru",
)  # fmt: skip
_FLASH = (*_MULTILINGUAL, "hu", "no", "vi")
_V3 = (
    *_FLASH, "af", "hy", "as", "az", "be", "bn", "bs", "ca", "ceb", "ny", "et", "gl", "ka", "gu", "ha",
    "he", "is", "ga", "jv", "kn", "kk", "ky", "lv", "ln", "lt", "lb", "mk", "ml", "mr", "ne", "ps", "fa",
    "pa", "sr", "sd", "sl", "so", "sw", "te", "th",
)  # fmt: skip
_MODELS = {
    "eleven_flash_v2_5": _FLASH,
    "eleven_flash_v2": ("en",),
    "eleven_turbo_v2_5": _FLASH,
    "eleven_multilingual_v2": _MULTILINGUAL,
}
_HTTP_MODELS = {**_MODELS, "eleven_v3": _V3}  # The socket does not serve v3.


def vendor(environment: Mapping[str, str]) -> Vendor:
    ways: dict[str, TextToSpeech] = {}  # One engine a way for all voices, so that they share connections.

    def tts(name: str, access: Access) -> tuple[TextToSpeech, str]:
        way = HTTP if name.startswith(HTTP) else ""
        if way not in ways:
            ways[way] = _tts(way, access)
        return ways[way], name.removeprefix(HTTP)

    return cloud_vendor(ACCOUNT, environment, OFFERS, tts=tts)


def _speaks(name: str, languages: tuple[str, ...]) -> Offer:
    can = Capabilities(
        languages=languages, sample_rates_hz=_RATES_HZ, speeds=SPEEDS, word_times=True, cloning=True
    )
    return Offer(role=Role.TTS, name=name, capabilities=can)


OFFERS = (
    _speaks("*", _FLASH),
    *(_speaks(f"{model}/*", languages) for model, languages in _MODELS.items()),
    _speaks(f"{HTTP}*", _FLASH),
    *(_speaks(f"{HTTP}{model}/*", languages) for model, languages in _HTTP_MODELS.items()),
)


def _tts(way: str, access: Access) -> TextToSpeech:
    from antiphon.providers.elevenlabs.http import ElevenLabsHttpTts
    from antiphon.providers.elevenlabs.tts import ElevenLabsConfig, ElevenLabsTts

    config = ElevenLabsConfig(key=access.key, url=access.url)
    return ElevenLabsHttpTts(config) if way == HTTP else ElevenLabsTts(config)
