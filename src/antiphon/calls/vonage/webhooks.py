"""Vonage's `Webhooks`: call control objects (NCCO), and signed webhooks (a JWT by HS256).

Source: Vonage, "NCCO reference", "Signed webhooks", read 2026-11. The token's `payload_hash` is the SHA-256
of the body. It says nothing of an address's query, so an answer webhook by GET, which carries the call there,
proves nothing about that call: only POST is taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import CallEnd, ColdTransfer
from antiphon.calls.streams.webhooks import (
    WINDOW_S,
    Connection,
    IncomingCall,
    Passed,
    Replays,
    WebhookRequest,
    e164,
)
from antiphon.calls.vonage.dialect import CALL_HEADER
from antiphon.calls.vonage.ncco import dial_ncco, talk
from antiphon.errors import Denied

# Vonage, "Voice API webhooks reference", read 2026-11. Who declines is busy, as far as the caller is told.
_ENDS: dict[str, CallEnd] = {
    "completed": "completed",
    "busy": "busy",
    "rejected": "busy",
    "unanswered": "no_answer",
    "timeout": "no_answer",
    "disconnected": "failed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_NOT_TAKEN = frozenset({*_ENDS, "machine"}) - {"completed"}
_TOKEN_MAX = 4000


class _Header(msgspec.Struct):
    alg: str


class _Claims(msgspec.Struct):
    iat: float
    jti: str
    payload_hash: str
    exp: float | None = None


class _Payload(msgspec.Struct):
    """What we gave the `notify` action, back again."""

    call: str = ""
    called_number: str = ""


class _Webhook(msgspec.Struct, rename={"caller": "from", "called": "to"}):
    uuid: str = ""
    caller: str = ""
    called: str = ""
    status: str = ""
    payload: _Payload | None = None


@dataclass(frozen=True, slots=True)
class VonageWebhooks:
    """`rate_hz` of the linear audio: 8000, 16000 or 24000."""

    key: str
    replays: Replays
    rate_hz: int = 16000
    media_type = "application/json"
    key_variable = "VONAGE_SIGNATURE_SECRET"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not self.key or scheme.lower() != "bearer" or not token:
            raise Denied("the signature is missing")
        claims = _claims(self.key, token.strip())
        now_s = self.replays.now_s()
        if abs(now_s - claims.iat) > WINDOW_S or (claims.exp is not None and now_s >= claims.exp):
            raise Denied("the request is too old, or this machine's clock is wrong")
        ours = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(ours.encode(), claims.payload_hash.lower().encode("utf-8", "replace")):
            raise Denied("the signature is not right for this body")
        if not claims.jti or not self.replays.claim(f"vonage {claims.jti}"):
            raise Denied("the request was made before")

    def call(self, body: bytes) -> IncomingCall:
        webhook = _webhook(body)
        payload = webhook.payload or _Payload()
        return IncomingCall(
            call_id=payload.call or webhook.uuid,
            caller_number=e164(webhook.caller),
            called_number=e164(payload.called_number or webhook.called),
        )

    def connect(self, connection: Connection) -> str:
        return _json(self._connected(connection))

    def _connected(self, connection: Connection) -> list[dict[str, object]]:
        """The stream, then a question to us: `notify` is answered by what the call does next. The stream is a
        leg with events of its own, which must not be taken for the call's."""
        call = connection.call
        endpoint = {
            "type": "websocket",
            "uri": connection.stream_url,
            "content-type": f"audio/l16;rate={self.rate_hz}",
            "headers": {"token": connection.token, CALL_HEADER: call.call_id},
        }
        payload = {"call": call.call_id, "called_number": call.called_number}
        place = connection.after_url.rpartition("/")[0]
        stream: dict[str, object] = {
            "action": "connect",
            "endpoint": [endpoint],
            "eventUrl": [f"{place}/event"],
            "eventMethod": "POST",
        }
        ask: dict[str, object] = {
            "action": "notify",
            "payload": payload,
            "eventUrl": [connection.after_url],
            "eventMethod": "POST",
        }
        return [stream, ask]

    def after(self, transfer: ColdTransfer | None, call: IncomingCall) -> str:
        if transfer is None:
            return _json([])  # Nothing more to do is the end of the call.
        return _json(dial_ncco(replace(transfer, caller_id=transfer.caller_id or call.called_number)))

    def back(self, words: str, connection: Connection) -> str:
        return _json([talk(words), *self._connected(connection)])

    def whisper(self, words: str) -> str:
        return _json([talk(words)])

    def reject(self) -> str:
        """There is no busy signal to be had: a call with nothing to do ends."""
        return _json([])

    def report(self, body: bytes) -> LegReport:
        """An event, or the request for instructions once somebody answered, which has no status."""
        webhook = _webhook(body)
        call_id, status = webhook.uuid, webhook.status
        if status in _ENDS:
            return LegReport(call_id=call_id, state="ended", how=_ENDS[status])
        if status == "ringing":
            return LegReport(call_id=call_id, state="ringing")
        if status in ("", "answered", "human", "machine"):
            return LegReport(call_id=call_id, state="answered", machine=status == "machine")
        return LegReport(call_id=call_id, state="placed")

    def passed(self, body: bytes) -> Passed:
        """Asked at every event: an answer to any other one would take the two apart."""
        return "not taken" if _webhook(body).status in _NOT_TAKEN else "under way"


def _webhook(body: bytes) -> _Webhook:
    try:
        return msgspec.json.decode(body, type=_Webhook)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("no webhook of a call") from None


def _json(actions: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(actions).decode()


def _claims(secret: str, token: str) -> _Claims:
    """What a token says, once its signature is right (RFC 7515, 5.2). Any algorithm but ours is refused.

    Raises:
        Denied
    """
    signed, _, seal = token.encode("utf-8", "replace").rpartition(b".")
    header, dot, body = signed.partition(b".")
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    ours = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if len(token) > _TOKEN_MAX or not dot or not hmac.compare_digest(ours, seal):
        raise Denied("the signature is not right")
    try:
        if msgspec.json.decode(_unpadded(header), type=_Header).alg != "HS256":
            raise Denied("the signature is of another kind")
        return msgspec.json.decode(_unpadded(body), type=_Claims)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise Denied("the signature says too little: is it of an answer webhook by POST?") from None


def _unpadded(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
