"""LiveKit plugins that a call to the clinic is made over: by their names in the agent's file, through the
registry, but at the addresses of doubles, which plugins take as settings and not from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, cloud_vendor
from antiphon.providers.livekit.vendor import ACCOUNT, OFFERS
from antiphon.providers.registry import CLOUD, Registry
from antiphon.providers.roles import Vendor
from antiphon.speech.ports import SpeechToText, TextToSpeech

if TYPE_CHECKING:
    from antiphon.providers.livekit.plugin import Plugin


@dataclass
class Plugins:
    """Attributes: settings: What each plugin of a call is made with, by its full name."""

    settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _made: list[Plugin] = field(default_factory=list)

    def registry(self, environment: Mapping[str, str]) -> Registry:
        return Registry(environment=environment, vendors={**CLOUD, "livekit": self._vendor})

    def _vendor(self, environment: Mapping[str, str]) -> Vendor:
        # As the vendor's own: calls without plugins do not load them, which takes a second.
        def stt(name: str, access: Access) -> SpeechToText:
            from antiphon.providers.livekit.stt import LivekitStt

            return LivekitStt(self._load(name, "STT"))

        def tts(name: str, access: Access) -> tuple[TextToSpeech, str]:
            from antiphon.providers.livekit.tts import LivekitTts

            return LivekitTts(self._load(name, "TTS")), name.partition(":")[2]

        def llm(name: str, access: Access) -> LanguageModel:
            from antiphon.providers.livekit.llm import LivekitModel

            return LivekitModel(self._load(name, "LLM"))

        return cloud_vendor(ACCOUNT, environment, OFFERS, stt=stt, tts=tts, llm=llm)

    def _load(self, name: str, role: str) -> Plugin:
        from antiphon.providers.livekit.plugin import load

        plugin = load(name, role, self.settings[f"livekit/{name}"])
        self._made.append(plugin)
        return plugin

    async def aclose(self) -> None:
        for plugin in self._made:
            await plugin.aclose()
        if self._made:
            from antiphon.providers.livekit.plugin import http_session

            await http_session().close()
