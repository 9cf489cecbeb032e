"""The pure core of turn-taking: events in, commands out, virtual time. Imports nothing of ours."""

from __future__ import annotations

from antiphon.conversation.conversation import Conversation
from antiphon.conversation.policy import PRESETS, Policy, SilencePolicy, TurnPolicy, turn_policy

__all__ = ["PRESETS", "Conversation", "Policy", "SilencePolicy", "TurnPolicy", "turn_policy"]
