"""Media streams of phone carriers: what all have in common. Each carrier's own framing is in its folder."""

from antiphon.calls.streams.dialect import CloseCode
from antiphon.calls.streams.sealed import Instructions, PassedOn, Sealed
from antiphon.calls.streams.server import StreamServer
from antiphon.calls.streams.session import Admission, StreamSession
from antiphon.calls.streams.tokens import StreamGrant, StreamTokens

__all__ = [
    "Admission",
    "CloseCode",
    "Instructions",
    "PassedOn",
    "Sealed",
    "StreamGrant",
    "StreamServer",
    "StreamSession",
    "StreamTokens",
]
