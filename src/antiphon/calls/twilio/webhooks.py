"""Twilio's `Webhooks`: TwiML, and HMAC-SHA1 by the auth token.

Twilio's signature bears neither date nor nonce, so a repeated request cannot be told from a retry: it gets a
ticket of its own, for the same call only.
"""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.calls.streams.webhooks import XML, Connection, IncomingCall, WebhookRequest, first, form_of
from antiphon.calls.twilio.control import (
    Params,
    after_stream_twiml,
    inbound_twiml,
    reject_twiml,
    verify_signature,
)
from antiphon.errors import Denied


@dataclass(frozen=True, slots=True)
class TwilioWebhooks:
    key: str
    media_type = XML
    key_variable = "TWILIO_AUTH_TOKEN"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        params: Params = dict(form_of(request.body))
        if not verify_signature(self.key, request.url, params, request.headers.get("x-twilio-signature", "")):
            raise Denied("the signature is not right for this address and form")

    def call(self, body: bytes) -> IncomingCall:
        return twiml_call(body)

    def connect(self, connection: Connection) -> str:
        return inbound_twiml(
            stream_url=connection.stream_url, token=connection.token, after_url=connection.after_url
        )

    def after(self, dial: str, call: IncomingCall) -> str:
        return after_stream_twiml(dial=dial)

    def reject(self) -> str:
        return reject_twiml("busy")


def twiml_call(body: bytes) -> IncomingCall:
    """The form that Twilio and all who follow it send."""
    form = form_of(body)
    return IncomingCall(
        call_id=first(form, "CallSid"), caller_number=first(form, "From"), called_number=first(form, "To")
    )
