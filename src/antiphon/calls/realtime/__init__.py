"""A line like any other for clients that speak OpenAI Realtime: any agent, pipelined or unified."""

from antiphon.calls.realtime.config import Offer
from antiphon.calls.realtime.keys import ClientSecrets, KeyGate, environment_keys
from antiphon.calls.realtime.server import RealtimeServer
from antiphon.calls.realtime.session import Admission, RealtimeSession

__all__ = [
    "Admission",
    "ClientSecrets",
    "KeyGate",
    "Offer",
    "RealtimeServer",
    "RealtimeSession",
    "environment_keys",
]
