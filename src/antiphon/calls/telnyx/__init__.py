"""Telnyx: media streaming both ways, the TeXML around it, and proof of who is asking."""

from antiphon.calls.telnyx.dialect import TelnyxDialect
from antiphon.calls.telnyx.webhooks import TelnyxWebhooks

__all__ = ["TelnyxDialect", "TelnyxWebhooks"]
