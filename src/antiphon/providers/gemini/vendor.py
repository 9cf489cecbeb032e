"""What Google offers as Gemini, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToSpeech

ACCOUNT = Account(
    vendor="gemini", sdk="google.genai", extra="google", keys=("GEMINI_API_KEY|GOOGLE_API_KEY",)
)
MODELS = ("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon")
SPEAKERS = ("gemini-3.8-live", "gemini-3.8-live-extended-thinking")
# "Configure language and voice" of the Live API (docs.cloud.google.com, gemini-enterprise-agent-platform),
# read 2026-11-25.
_VOICES = (
    "Achernar", "Achird", "Algenib", "Algieba", "Alnilam", "Aoede", "Autonoe", "Callirrhoe", "Charon",
    "Despina", "Enceladus", "Erinome", "Fenrir", "Gacrux", "Iapetus", "Kore", "Laomedeia", "Leda", "Orus",
    "Puck", "Pulcherrima", "Rasalgethi", "Sadachbia", "Sadaltager", "Schedar", "Sulafat", "Umbriel",
    "Vindemiatrix", "Zephyr", "Zubenelgenubi",
)  # fmt: skip
# Sound is taken at 16 kHz and given at 24; the vendor's page says that nothing is cached.
_SPEAKING = Capabilities(
    sample_rates_hz=(16_000, 24_000), voices=_VOICES, turn_events=True, tools=True, images=True
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    capabilities = Capabilities(tools=True, prompt_cache=True)
    offers = [Offer(role=Role.LLM, name=name, capabilities=capabilities, any_name=True) for name in MODELS]
    offers += [
        Offer(role=Role.SPEECH_TO_SPEECH, name=name, capabilities=_SPEAKING, any_name=True)
        for name in SPEAKERS
    ]
    return cloud_vendor(ACCOUNT, environment, offers, llm=_language_model, speech_to_speech=_speaker)


def _language_model(model: str, access: Access) -> LanguageModel:
    from antiphon.providers.gemini.llm import GeminiConfig, GeminiModel

    return GeminiModel(GeminiConfig(model=model, key=access.key, url=access.url))


def _speaker(model: str, access: Access) -> SpeechToSpeech:
    from antiphon.providers.gemini.live import GeminiLive

    return GeminiLive(model, access.key, access.url)
