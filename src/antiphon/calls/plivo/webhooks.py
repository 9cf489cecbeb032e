"""Plivo's `Webhooks`: Plivo XML, and signature V3.

Sources: Plivo, "XML: Stream", "XML: Dial", "Signature validation"; its python library's `signature_v3`, read
2026-11. V3 is HMAC-SHA256 by the auth token over address, form and a nonce, base64; several, after a comma,
while a token is being changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from antiphon.calls.ports import ColdTransfer
from antiphon.calls.streams.webhooks import (
    XML,
    XML_HEAD,
    Connection,
    Form,
    IncomingCall,
    Replays,
    WebhookRequest,
    e164,
    first,
    form_of,
)
from antiphon.errors import Denied

_SIGNATURES_MAX = 8
_RING_S = 25


@dataclass(frozen=True, slots=True)
class PlivoWebhooks:
    """`content_type` as in `<Stream contentType>`."""

    key: str
    replays: Replays
    content_type: str = "audio/x-mulaw;rate=8000"
    media_type = XML
    key_variable = "PLIVO_AUTH_TOKEN"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        given = request.headers.get("x-plivo-signature-v3", "")
        nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
        if not self.key or not given or not nonce:
            raise Denied("the signature is missing")
        ours = sign(self.key, request.url, form_of(request.body), nonce)
        proofs = [
            hmac.compare_digest(ours, one.strip().encode("utf-8", "replace"))
            for one in given.split(",")[:_SIGNATURES_MAX]
        ]
        if not any(proofs):
            raise Denied("the signature is not right for this address and form")
        if not self.replays.claim(f"plivo {nonce}"):
            raise Denied("the request was made before")

    def call(self, body: bytes) -> IncomingCall:
        form = form_of(body)
        return IncomingCall(
            call_id=first(form, "CallUUID"),
            caller_number=e164(first(form, "From")),
            called_number=e164(first(form, "To")),
        )

    def connect(self, connection: Connection) -> str:
        """The ticket is in the path: `extraHeaders` takes letters and digits only. With `keepCallAlive` the
        redirect waits for the stream's end."""
        address = escape(f"{connection.stream_url}/{connection.token}")
        stream = (
            '<Stream bidirectional="true" keepCallAlive="true" audioTrack="inbound"'
            f' contentType="{self.content_type}">{address}</Stream>'
        )
        after = f'<Redirect method="POST">{escape(connection.after_url)}</Redirect>'
        return f"{XML_HEAD}<Response>{stream}{after}</Response>"

    def after(self, transfer: ColdTransfer | None, call: IncomingCall) -> str:
        dial = transfer.to if transfer else ""
        number = escape(dial.lstrip("+"))
        ring = f'<Dial timeout="{_RING_S}"><Number>{number}</Number></Dial>' if dial else ""
        return f"{XML_HEAD}<Response>{ring}<Hangup /></Response>"

    def reject(self) -> str:
        return f'{XML_HEAD}<Response><Hangup reason="busy" /></Response>'


def sign(auth_token: str, url: str, form: Form, nonce: str) -> bytes:
    """Signature V3 of a POST: the address with its query in order, a dot where both it and a form are there,
    the form's names and values in order, a dot, the nonce."""
    parts = urlsplit(url)
    text = urlunsplit(parts._replace(query="", fragment=""))
    query = parse_qs(parts.query, keep_blank_values=True)
    asked = "&".join(f"{name}={value}" for name in sorted(query) for value in sorted(query[name]))
    if asked or form:
        text += "?" + asked
    if asked and form:
        text += "."
    text += "".join(name + value for name in sorted(form) for value in sorted(form[name]))
    digest = hmac.new(auth_token.encode(), f"{text}.{nonce}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest)
