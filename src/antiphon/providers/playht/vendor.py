"""What PlayHT offered. Its service ended on 2025-12-31 (docs/providers/playht.md), so it is ready only where
`ANTIPHON_PLAYHT_URL` names a server that answers as it did."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.playht.wire import DEFAULT_ENGINE, LANGUAGES, RATES_HZ
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import TextToSpeech

_USER = "PLAY_HT_USER_ID"
ACCOUNT = Account(vendor="playht", keys=("PLAY_HT_API_KEY", _USER), needs_url=True)

# The voice of their own examples; every other is named the same way.
_VOICE = "s3://voice-cloning-zero-shot/d9ff78ba-d016-47f6-b0ef-dd630f59414e/female-cs/manifest.json"
OFFERS = (
    Offer(
        role=Role.TTS,
        name=f"{DEFAULT_ENGINE}/{_VOICE}",
        capabilities=Capabilities(languages=tuple(LANGUAGES), sample_rates_hz=RATES_HZ, cloning=True),
        any_name=True,
    ),
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, tts=_tts)


def _tts(voice: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.playht.tts import PlayHtConfig, PlayHtTts

    return PlayHtTts(PlayHtConfig(key=access.key, user=access.get(_USER), url=access.url)), voice
