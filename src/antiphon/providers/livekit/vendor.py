"""Plugins by name: `livekit/PLUGIN.CLASS` or `livekit/PLUGIN.CLASS:MODEL`, as `livekit/deepgram.STT:nova-3`.

They have no list: every plugin that is installed can be named. Keys are in the variables the plugin reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToText, TextToSpeech

ACCOUNT = Account(vendor="livekit", sdk="livekit.agents", extra="livekit")
# What a plugin can do, it says itself when it is made; before that nothing is ruled out.
OFFERS = (
    Offer(role=Role.STT, name="", capabilities=Capabilities(partials=True), any_name=True),
    # How fast it speaks is the plugin's own setting.
    Offer(role=Role.TTS, name="", capabilities=Capabilities(speeds=(1.0, 1.0)), any_name=True),
    Offer(role=Role.LLM, name="", capabilities=Capabilities(tools=True), any_name=True),
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, tts=_tts, llm=_llm)


def _stt(name: str, access: Access) -> SpeechToText:
    from antiphon.providers.livekit.plugin import load
    from antiphon.providers.livekit.stt import LivekitStt

    return LivekitStt(load(name, "STT"))


def _tts(name: str, access: Access) -> tuple[TextToSpeech, str]:
    from antiphon.providers.livekit.plugin import load
    from antiphon.providers.livekit.tts import LivekitTts

    return LivekitTts(load(name, "TTS")), name.partition(":")[2]


def _llm(name: str, access: Access) -> LanguageModel:
    from antiphon.providers.livekit.llm import LivekitModel
    from antiphon.providers.livekit.plugin import load

    return LivekitModel(load(name, "LLM"))
