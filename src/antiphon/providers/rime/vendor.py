"""What Rime offers, and what it takes. Pages "Models" and "Voices", read 2026-11-25."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.rime.wire import RATES_HZ
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import TextToSpeech

ACCOUNT = Account(vendor="rime", keys=("RIME_API_KEY",))

HTTP = "http/"  # Before the model: one HTTP answer a sentence instead of the socket.
_SPEAKERS = (
    ("coda", "astra", ("en", "es", "fr", "pt", "de", "ja")),
    ("mistv3", "cove", ("en", "es", "fr", "de")),
    ("mistv2", "cove", ("en", "es", "fr", "de")),
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, tuple(_offers()), tts=_tts)


def _offers() -> Iterator[Offer]:
    for model, speaker, languages in _SPEAKERS:
        for way in ("", HTTP):
            yield Offer(
                role=Role.TTS,
                name=f"{way}{model}/{speaker}",
                capabilities=Capabilities(
                    languages=languages, sample_rates_hz=RATES_HZ, word_times=not way, cloning=True
                ),
                any_name=True,
                sdk="" if way else "websockets",
            )


def _tts(name: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.rime.tts import RimeConfig, RimeHttpTts, RimeTts

    config = RimeConfig(key=access.key, url=access.url)
    if name.startswith(HTTP):
        return RimeHttpTts(config), name.removeprefix(HTTP)
    return RimeTts(config), name
