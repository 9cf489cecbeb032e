"""Plugins by name: `livekit/PLUGIN.CLASS` or `livekit/PLUGIN.CLASS:MODEL`, as `livekit/deepgram.STT:nova-3`.

They have no list: every plugin that is installed can be named. Keys are in the variables the plugin reads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace

from antiphon.agents.ports import LanguageModel
from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor, is_importable
from antiphon.providers.roles import Capabilities, Objection, Role, Vendor
from antiphon.speech.ports import SpeechToText, TextToSpeech

ACCOUNT = Account(vendor="livekit", sdk="livekit.agents", extra="livekit")
# What a plugin can do, it says itself when it is made; before that nothing is ruled out.
OFFERS = (
    Offer(role=Role.STT, name="", capabilities=Capabilities(partials=True), any_name=True),
    # How fast it speaks is the plugin's own setting.
    Offer(role=Role.TTS, name="", capabilities=Capabilities(speeds=(1.0, 1.0)), any_name=True),
    Offer(role=Role.LLM, name="", capabilities=Capabilities(tools=True), any_name=True),
)


_CLASSES = {Role.STT: "STT", Role.TTS: "TTS", Role.LLM: "LLM"}


def vendor(environment: Mapping[str, str]) -> Vendor:
    made = cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt, tts=_tts, llm=_llm)
    return replace(made, objection=_objection)


def _objection(role: Role, name: str) -> Objection | None:
    """A plugin that is not there, is none of the role, or does not want to be made: its key is missing."""
    if not is_importable(ACCOUNT.sdk):
        return None  # The extra is missing, which is told without us.
    if threading.current_thread() is not threading.main_thread():
        return None  # Plugins can be imported on the main thread only; the command's check is there.
    from antiphon.providers.livekit.plugin import PluginMissing, load, try_making

    try:
        plugin = load(name, _CLASSES[role])
    except ConfigError as error:
        return Objection(message=error.message, fix=error.fix, here=isinstance(error, PluginMissing))
    try:
        asyncio.run(try_making(plugin))
    except ProviderUnavailable as error:
        fix = "set what it asks for; its package says which variables it reads"
        return Objection(message=str(error), fix=fix, here=True)
    return None


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
