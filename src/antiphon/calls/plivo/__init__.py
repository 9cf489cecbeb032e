"""Plivo: audio streams both ways, the XML around them, and proof of who is asking."""

from antiphon.calls.plivo.dialect import PlivoDialect
from antiphon.calls.plivo.webhooks import PlivoWebhooks

__all__ = ["PlivoDialect", "PlivoWebhooks"]
