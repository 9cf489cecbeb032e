"""Twilio: Media Streams both ways, the TwiML around them, and proof of who is asking."""

from antiphon.calls.twilio.control import after_stream_twiml, inbound_twiml, verify_signature
from antiphon.calls.twilio.dialect import TwilioDialect
from antiphon.calls.twilio.webhooks import TwilioWebhooks

__all__ = ["TwilioDialect", "TwilioWebhooks", "after_stream_twiml", "inbound_twiml", "verify_signature"]
