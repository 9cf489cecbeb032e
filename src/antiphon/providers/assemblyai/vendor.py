"""What AssemblyAI offers, and what it takes. `ANTIPHON_ASSEMBLYAI_URL` serves the streaming socket and
recordings alike; without it each has AssemblyAI's own address."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import BatchTranscription, SpeechToText

ACCOUNT = Account(vendor="assemblyai", sdk="assemblyai", keys=("ASSEMBLYAI_API_KEY",))

# "Supported languages" of Universal streaming multilingual, read 2026-11-25.
_MULTILINGUAL = ("en", "es", "fr", "de", "it", "pt")


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, batch_stt=_batch)


def _hears(languages: tuple[str, ...]) -> Capabilities:
    return Capabilities(
        languages=languages,
        sample_rates_hz=(8_000, 16_000, 24_000, 48_000),
        word_times=True,
        partials=True,
        vocabulary=True,
        turn_events=True,
    )


OFFERS = (
    Offer(role=Role.STT, name="universal-streaming-english", capabilities=_hears(("en",))),
    Offer(role=Role.STT, name="universal-streaming-multilingual", capabilities=_hears(_MULTILINGUAL)),
    Offer(role=Role.STT, name="u3-rt-pro", capabilities=_hears(_MULTILINGUAL)),
    Offer(role=Role.STT, name="universal-3-5-pro", capabilities=_hears(())),
    Offer(
        role=Role.BATCH_STT,
        name="best",
        capabilities=Capabilities(
            word_times=True, vocabulary=True, speakers=True, sentiment=True, topics=True, summary=True
        ),
        any_name=True,
    ),
)


def _stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.assemblyai.stt import AssemblyAiConfig, AssemblyAiStt

    return AssemblyAiStt(model, AssemblyAiConfig(key=access.key, url=access.url))


def _batch(model: str, access: Access) -> BatchTranscription:
    from antiphon.providers.assemblyai.batch import AssemblyAiBatch
    from antiphon.providers.assemblyai.stt import AssemblyAiConfig

    return AssemblyAiBatch(model, AssemblyAiConfig(key=access.key, url=access.url))
