"""What Cartesia offers, and what it takes. Languages: `supported_language` of cartesia 4.2.0, and "Older
models" for those before Sonic 3 (read 2026-11-25). Any voice by its id."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cartesia.wire import SPEEDS
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import TextToSpeech

ACCOUNT = Account(vendor="cartesia", sdk="cartesia", keys=("CARTESIA_API_KEY",))

_RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
_SONIC_3 = (
    "en", "fr", "de", "es", "pt", "zh", "ja", "hi", "it", "ko", "nl", "pl", "ru", "sv", "tr", "tl", "bg",
    "ro", "ar", "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "hu", "no", "vi", "bn", "th", "he",
    "ka", "id", "te", "gu", "kn", "ml", "mr", "pa", "or", "ur",
)  # fmt: skip
_OLDER = ("en", "fr", "de", "es", "pt", "zh", "ja", "ko")


def vendor(environment: Mapping[str, str]) -> Vendor:
    engines: list[TextToSpeech] = []  # One for all voices, so that they share connections.

    def tts(name: str, access: Access) -> tuple[TextToSpeech, str]:
        if not engines:
            engines.append(_tts(access))
        return engines[0], name

    return cloud_vendor(ACCOUNT, environment, OFFERS, tts=tts)


def _speaks(name: str, languages: tuple[str, ...]) -> Offer:
    can = Capabilities(
        languages=languages, sample_rates_hz=_RATES_HZ, speeds=SPEEDS, word_times=True, cloning=True
    )
    return Offer(role=Role.TTS, name=name, capabilities=can)


OFFERS = (
    _speaks("*", _SONIC_3),
    _speaks("sonic-3*/*", _SONIC_3),
    _speaks("sonic-latest/*", _SONIC_3),
    _speaks("sonic-2*/*", _OLDER),
    _speaks("sonic-turbo*/*", _OLDER),
)


def _tts(access: Access) -> TextToSpeech:
    from antiphon.providers.cartesia.tts import CartesiaConfig, CartesiaTts

    return CartesiaTts(CartesiaConfig(key=access.key, url=access.url))
