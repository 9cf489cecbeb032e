"""SignalWire: media streams both ways, the cXML around them, and proof of who is asking."""

from antiphon.calls.signalwire.dialect import SignalWireDialect
from antiphon.calls.signalwire.webhooks import SignalWireWebhooks

__all__ = ["SignalWireDialect", "SignalWireWebhooks"]
