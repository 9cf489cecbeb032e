"""Twilio's `Webhooks`: TwiML, and HMAC-SHA1 by the auth token.

Twilio's signature bears neither date nor nonce, so a repeated request cannot be told from a retry: both are
refused. Twilio retries by itself only what never reached us ("Webhooks: connection overrides", read 2026-11).
"""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import CallEnd, ColdTransfer
from antiphon.calls.streams.webhooks import (
    XML,
    Connection,
    IncomingCall,
    Passed,
    Replays,
    WebhookRequest,
    claim_undated,
    first,
    form_of,
)
from antiphon.calls.twilio.control import (
    Params,
    after_stream_twiml,
    inbound_twiml,
    reject_twiml,
    verify_signature,
)
from antiphon.calls.twilio.twiml import dial_twiml, say_twiml, with_words
from antiphon.errors import Denied


@dataclass(frozen=True, slots=True)
class TwilioWebhooks:
    key: str
    replays: Replays
    media_type = XML
    key_variable = "TWILIO_AUTH_TOKEN"

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def verify(self, request: WebhookRequest) -> None:
        params: Params = dict(form_of(request.body))
        given = request.headers.get("x-twilio-signature", "")
        if not verify_signature(self.key, request.url, params, given):
            raise Denied("the signature is not right for this address and form")
        claim_undated(self.replays, "twilio", request.url, given)

    def call(self, body: bytes) -> IncomingCall:
        return twiml_call(body)

    def connect(self, connection: Connection) -> str:
        return inbound_twiml(
            stream_url=connection.stream_url, token=connection.token, after_url=connection.after_url
        )

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


def twiml_call(body: bytes) -> IncomingCall:
    """The form that Twilio and all who follow it send."""
    form = form_of(body)
    return IncomingCall(
        call_id=first(form, "CallSid"), caller_number=first(form, "From"), called_number=first(form, "To")
    )


# Twilio, "Call resource: Call status values", and "Answering Machine Detection", read 2026-11.
_ENDS: dict[str, CallEnd] = {
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no_answer",
    "failed": "failed",
    "canceled": "cancelled",
}


_NOT_TAKEN = frozenset({"busy", "no-answer", "failed", "canceled"})


def was_passed(body: bytes) -> Passed:
    """Asked once, when the dialling has ended one way or the other."""
    return "not taken" if first(form_of(body), "DialCallStatus") in _NOT_TAKEN else "over"


def leg_report(body: bytes) -> LegReport:
    """A status callback, or the request for instructions once somebody answered.

    Raises:
        ValueError: No call is named.
    """
    form = form_of(body)
    call_id, status = first(form, "CallSid"), first(form, "CallStatus")
    machine = first(form, "AnsweredBy").startswith(("machine", "fax"))
    if status in _ENDS:
        return LegReport(call_id=call_id, state="ended", how=_ENDS[status])
    if status == "ringing":
        return LegReport(call_id=call_id, state="ringing")
    if status == "in-progress":
        return LegReport(call_id=call_id, state="answered", machine=machine)
    return LegReport(call_id=call_id, state="placed")
