"""SignalWire's `Webhooks`: Twilio's markup, signed with the space's signing key.

Source: SignalWire, "cXML Stream" and its SDKs' webhook validation, read 2026-11. Compatibility webhooks are
signed as Twilio signs; the newer ones by hex HMAC-SHA1 over address and raw body. Either proves the key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.streams.webhooks import (
    XML,
    XML_HEAD,
    Connection,
    IncomingCall,
    Passed,
    Replays,
    WebhookRequest,
    claim_undated,
    form_of,
)
from antiphon.calls.twilio.control import Params, after_stream_twiml, reject_twiml, verify_signature
from antiphon.calls.twilio.twiml import dial_twiml, say_twiml, with_words
from antiphon.calls.twilio.webhooks import leg_report, twiml_call, was_passed
from antiphon.errors import Denied

_HEADERS = ("x-signalwire-signature", "x-twilio-signature")


@dataclass(frozen=True, slots=True)
class SignalWireWebhooks:
    """`codec` as in the `<Stream>` attribute: PCMU@8000h, L16@16000h or L16@24000h."""

    key: str
    replays: Replays
    codec: str = "PCMU@8000h"
    media_type = XML
    key_variable = "SIGNALWIRE_SIGNING_KEY"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        given = next((request.headers[name] for name in _HEADERS if request.headers.get(name)), "")
        if not self.key or not given:
            raise Denied("the signature is missing")
        params: Params = dict(form_of(request.body))
        raw = hmac.new(self.key.encode(), request.url.encode() + request.body, hashlib.sha1).hexdigest()
        proofs = [
            verify_signature(self.key, request.url, params, given),
            hmac.compare_digest(raw.encode(), given.encode("utf-8", "replace")),
        ]
        if not any(proofs):
            raise Denied("the signature is not right for this address and form")
        claim_undated(self.replays, "signalwire", request.url, given)

    def call(self, body: bytes) -> IncomingCall:
        return twiml_call(body)

    def connect(self, connection: Connection) -> str:
        """`realtime`: what we send late is worth nothing to the caller and must not pile up."""
        token = f'<Parameter name="token" value={quoteattr(connection.token)} />'
        address = f"url={quoteattr(connection.stream_url)} codec={quoteattr(self.codec)}"
        stream = f'<Stream {address} realtime="true">{token}</Stream>'
        after = f"action={quoteattr(connection.after_url)}"
        return f'{XML_HEAD}<Response><Connect {after} method="POST">{stream}</Connect></Response>'

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
