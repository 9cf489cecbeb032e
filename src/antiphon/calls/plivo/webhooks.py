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

from antiphon.calls.control.reports import LegReport
from antiphon.calls.plivo.xml import HANG_UP, dial_xml, document, redirect, speak
from antiphon.calls.ports import CallEnd, ColdTransfer
from antiphon.calls.streams.webhooks import (
    XML,
    Connection,
    Form,
    IncomingCall,
    Passed,
    Replays,
    WebhookRequest,
    e164,
    first,
    form_of,
)
from antiphon.errors import Denied

_SIGNATURES_MAX = 8
# Plivo, "Call status", read 2026-11.
_ENDS: dict[str, CallEnd] = {
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no_answer",
    "timeout": "no_answer",
    "failed": "failed",
    "rejected": "busy",
    "cancel": "cancelled",
    "canceled": "cancelled",
}


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
        return self._connected(connection)

    def _connected(self, connection: Connection, *before: str) -> str:
        """The ticket is in the path: `extraHeaders` takes letters and digits only. With `keepCallAlive` the
        redirect waits for the stream's end."""
        address = escape(f"{connection.stream_url}/{connection.token}")
        stream = (
            '<Stream bidirectional="true" keepCallAlive="true" audioTrack="inbound"'
            f' contentType="{self.content_type}">{address}</Stream>'
        )
        return document(*before, stream, redirect(connection.after_url))

    def after(self, transfer: ColdTransfer | None, call: IncomingCall) -> str:
        return dial_xml(transfer) if transfer else document(HANG_UP)

    def back(self, words: str, connection: Connection) -> str:
        return self._connected(connection, speak(words))

    def whisper(self, words: str) -> str:
        return document(speak(words))

    def reject(self) -> str:
        return document('<Hangup reason="busy" />')

    def report(self, body: bytes) -> LegReport:
        """Of ringing, of an answer, of a machine (`Machine`, in the background) and of the end."""
        form = form_of(body)
        call_id, status = first(form, "CallUUID"), first(form, "CallStatus")
        if status in _ENDS:
            return LegReport(call_id=call_id, state="ended", how=_ENDS[status])
        if status == "ringing":
            return LegReport(call_id=call_id, state="ringing")
        if status == "in-progress":
            machine = first(form, "Machine").lower() == "true"
            return LegReport(call_id=call_id, state="answered", machine=machine)
        return LegReport(call_id=call_id, state="placed")

    def passed(self, body: bytes) -> Passed:
        how = _ENDS.get(first(form_of(body), "DialStatus"), "completed")
        return "over" if how == "completed" else "not taken"


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
