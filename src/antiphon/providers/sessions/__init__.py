"""Sessions with speech-to-speech models: what every vendor's has in common."""

from antiphon.providers.sessions.actions import (
    Action,
    CommitTurn,
    Cut,
    PushAudio,
    ShowImage,
    Speak,
    ToolAnswer,
)
from antiphon.providers.sessions.session import LiveSession, SessionLimits, SessionLink, SessionModel

__all__ = [
    "Action",
    "CommitTurn",
    "Cut",
    "LiveSession",
    "PushAudio",
    "SessionLimits",
    "SessionLink",
    "SessionModel",
    "ShowImage",
    "Speak",
    "ToolAnswer",
]
