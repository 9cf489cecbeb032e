"""Vonage: voice WebSockets both ways, the NCCO around them, and proof of who is asking."""

from antiphon.calls.vonage.dialect import VonageDialect
from antiphon.calls.vonage.webhooks import VonageWebhooks

__all__ = ["VonageDialect", "VonageWebhooks"]
