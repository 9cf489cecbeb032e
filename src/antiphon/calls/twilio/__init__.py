"""Twilio: Media Streams both ways, the TwiML around them, and proof of who is asking."""

from antiphon.calls.twilio.control import after_stream_twiml, inbound_twiml, verify_signature
from antiphon.calls.twilio.server import TwilioServer
from antiphon.calls.twilio.tokens import StreamGrant, StreamTokens

__all__ = [
    "StreamGrant",
    "StreamTokens",
    "TwilioServer",
    "after_stream_twiml",
    "inbound_twiml",
    "verify_signature",
]
