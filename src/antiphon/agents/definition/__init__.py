"""What an agent is: its file, checked, as frozen values."""

from antiphon.agents.definition.load import agent_schema, find_agents, load_agent, resolve_agent
from antiphon.agents.definition.values import (
    AgentDefinition,
    AskToRecord,
    Disclosure,
    Emergency,
    EmergencyRule,
    Escalation,
    Persona,
    Reasoning,
    Recording,
    Speech,
)

__all__ = [
    "AgentDefinition",
    "AskToRecord",
    "Disclosure",
    "Emergency",
    "EmergencyRule",
    "Escalation",
    "Persona",
    "Reasoning",
    "Recording",
    "Speech",
    "agent_schema",
    "find_agents",
    "load_agent",
    "resolve_agent",
]
