"""What OpenAI offers, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from antiphon.providers.cloud import Account, cloud_vendor
from antiphon.providers.openai.audio_offers import (
    AUDIO_OFFERS,
    openai_batch,
    openai_realtime,
    openai_stt,
    openai_tts,
)
from antiphon.providers.openai.llm import HOST, MODELS
from antiphon.providers.openai.voices import voice_objection
from antiphon.providers.openai_compatible.vendor import hosted_model, model_offers
from antiphon.providers.roles import Vendor

ACCOUNT = Account(vendor=HOST.name, sdk="openai", keys=("OPENAI_API_KEY",))


def vendor(environment: Mapping[str, str]) -> Vendor:
    made = cloud_vendor(
        ACCOUNT,
        environment,
        [*model_offers(MODELS), *AUDIO_OFFERS],
        llm=lambda model, access: hosted_model(HOST, model, access),
        stt=openai_stt,
        tts=openai_tts,
        batch_stt=openai_batch,
        speech_to_speech=openai_realtime,
    )
    return replace(made, objection=voice_objection)
