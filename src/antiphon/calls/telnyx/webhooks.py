"""Telnyx's `Webhooks`: TeXML, and Ed25519 over date and body.

Source: Telnyx, "TeXML", "TeXML Stream", "Dial" (Number and Sip take a `url`, asked by POST: what the called
party hears before he is connected), "Webhook signing", read 2026-11. The signed text is the date in Unix
seconds, a bar, and the body as it came.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.streams.webhooks import (
    WINDOW_S,
    XML,
    XML_HEAD,
    Connection,
    IncomingCall,
    Passed,
    Replays,
    WebhookRequest,
)
from antiphon.calls.twilio.control import after_stream_twiml, reject_twiml
from antiphon.calls.twilio.twiml import dial_twiml, say_twiml, with_words
from antiphon.calls.twilio.webhooks import leg_report, twiml_call, was_passed
from antiphon.errors import Denied


@dataclass(frozen=True, slots=True)
class TelnyxWebhooks:
    """`key` is the account's public key, base64."""

    key: str
    replays: Replays
    media_type = XML
    key_variable = "TELNYX_PUBLIC_KEY"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        signature, dated = (
            request.headers.get(name, "") for name in ("telnyx-signature-ed25519", "telnyx-timestamp")
        )
        if not self.key or not signature or not (dated.isascii() and dated.isdecimal()):
            raise Denied("the signature is missing")
        if len(dated) > 12 or abs(self.replays.now_s() - int(dated)) > WINDOW_S:
            raise Denied("the request is too old, or this machine's clock is wrong")
        try:
            key, proof = (base64.b64decode(text, validate=True) for text in (self.key, signature))
        except (binascii.Error, ValueError):
            raise Denied("the signature is not right for this body") from None
        if not _is_signed(key, dated.encode() + b"|" + request.body, proof):
            raise Denied("the signature is not right for this body")
        if not self.replays.claim(f"telnyx {request.url} {dated} {proof.hex()}"):
            raise Denied("the request was made before")

    def call(self, body: bytes) -> IncomingCall:
        return twiml_call(body)

    def connect(self, connection: Connection) -> str:
        """`rtp`, or Telnyx expects MP3 files. The redirect waits for the stream's end."""
        stream = (
            f'<Stream url={quoteattr(connection.stream_url)} track="inbound_track" codec="PCMU"'
            ' bidirectionalMode="rtp" bidirectionalCodec="PCMU" bidirectionalSamplingRate="8000">'
            f'<Parameter name="token" value={quoteattr(connection.token)} /></Stream>'
        )
        after = f'<Redirect method="POST">{escape(connection.after_url)}</Redirect>'
        return f"{XML_HEAD}<Response><Connect>{stream}</Connect>{after}</Response>"

    def after(self, transfer: ColdTransfer | None, call: IncomingCall) -> str:
        return dial_twiml(transfer) if transfer else after_stream_twiml()

    def back(self, words: str, connection: Connection) -> str:
        return with_words(words, self.connect(connection))

    def whisper(self, words: str) -> str:
        return say_twiml(words)

    def reject(self) -> str:
        return reject_twiml("busy")

    def report(self, body: bytes) -> LegReport:
        return leg_report(body)

    def passed(self, body: bytes) -> Passed:
        return was_passed(body)


def _is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519; False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
