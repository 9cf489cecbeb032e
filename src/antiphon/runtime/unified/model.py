"""A speech-to-speech model with what an agent tells it, made once at start-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.flows.emergency import EmergencyRules
from antiphon.agents.ports import Tool
from antiphon.speech.ports import SpeechToSpeech


@dataclass(frozen=True, slots=True, kw_only=True)
class UnifiedModel:
    """Attributes: name: the provider's in the trace and the bill. tools: those the agent may use.
    emergency: what no model is trusted with. sees: it can be shown pictures.
    silent_ms: a session that owes words and tells nothing for so long is lost."""

    name: str
    port: SpeechToSpeech
    definition: AgentDefinition
    tools: Sequence[Tool]
    emergency: EmergencyRules
    sees: bool = False
    silent_ms: int = 4000
