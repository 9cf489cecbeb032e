"""Webhooks of calls we placed ourselves and of calls that were passed on: first, proof of who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from antiphon.calls.control.reports import LegReport
from antiphon.calls.streams.webhooks import Connection, IncomingCall, Webhooks, first, form_of
from antiphon.calls.twilio.twiml import say_twiml, with_words
from antiphon.calls.twilio.webhooks import leg_report
from antiphon.errors import AntiphonError
from antiphon.server.carrier_calls import base_url, call_of, verified, webhooks_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/calls")

# Carriers whose webhooks of calls are Twilio's own or have the same fields.
_REPORTS: Mapping[str, Callable[[bytes], LegReport]] = {
    "twilio": leg_report,
    "signalwire": leg_report,
    "telnyx": leg_report,
}
_NOT_TAKEN = frozenset({"busy", "no-answer", "failed", "canceled"})


def report_of(carrier: str, body: bytes) -> LegReport:
    read = _REPORTS.get(carrier)
    if read is None:
        raise Problem(404, f"no calls are placed through {carrier!r}")
    try:
        report = read(body)
    except ValueError as error:
        raise Problem(400, str(error)) from None
    if not report.call_id:
        raise Problem(400, "no call is named")
    return report


async def _told(control: Control, leg: str, report: LegReport) -> bool:
    """The media worker's word on whether this call is of use to anybody."""
    try:
        return await control.media.leg_report(leg, report)
    except AntiphonError as error:
        log.error("leg_report_lost", state=report.state, reason=str(error))
        return False


@router.post("/{carrier}/{agent}/legs/{leg}")
async def leg_answered(carrier: str, agent: str, leg: str, request: Request, control: Current) -> Response:
    """Somebody answered a call of ours: connect him, if his caller still waits."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    report = report_of(carrier, body)
    call = call_of(webhooks, body)
    if not await _told(control, leg, report) or report.machine:
        return document(webhooks, webhooks.after(None, call))
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    connection = Connection(
        stream_url=f"{control.settings.media_base_url}/calls/{carrier}/{agent}/media",
        token=control.tokens.mint(agent, call.call_id, carrier=carrier, leg=leg),
        after_url=f"{base_url(request, control)}/calls/{carrier}/{agent}/legs/{leg}/after",
        call=call,
    )
    return document(webhooks, webhooks.connect(connection))


@router.post("/{carrier}/{agent}/legs/{leg}/status")
async def leg_status(carrier: str, agent: str, leg: str, request: Request, control: Current) -> Response:
    """How a call of ours gets on."""
    body = await verified(webhooks_of(carrier, control), request, control)
    await _told(control, leg, report_of(carrier, body))
    return Response(status_code=204)


@router.post("/{carrier}/{agent}/legs/{leg}/after")
async def leg_after(carrier: str, agent: str, leg: str, request: Request, control: Current) -> Response:
    """Our stream with the person is over: nothing is left to do on his line."""
    webhooks = webhooks_of(carrier, control)
    call = call_of(webhooks, await verified(webhooks, request, control))
    return document(webhooks, webhooks.after(None, call))


@router.post("/{carrier}/{agent}/whisper")
async def whisper(carrier: str, agent: str, request: Request, control: Current) -> Response:
    """A call that was passed on is answered: what the person hears before the caller is put through."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    try:
        outcome = await control.media.outcome(first(form_of(body), "ParentCallSid"))
    except AntiphonError:
        outcome = {}
    return document(webhooks, say_twiml(outcome.get("summary") or "A caller was passed on to you."))


@router.post("/{carrier}/{agent}/dialled")
async def dialled(carrier: str, agent: str, request: Request, control: Current) -> Response:
    """What became of a call that was passed on. Nobody took it: the caller is not left with a dead line."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    call = call_of(webhooks, body)
    if first(form_of(body), "DialCallStatus") not in _NOT_TAKEN or control.draining:
        return document(webhooks, webhooks.after(None, call))
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    back = webhooks.connect(reconnection(carrier, agent, call, request, control))
    return document(webhooks, with_words("I'm sorry, nobody can take your call just now.", back))


def reconnection(
    carrier: str, agent: str, call: IncomingCall, request: Request, control: Control
) -> Connection:
    """The caller to his agent again, in a conversation of its own."""
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    token = control.tokens.mint(
        agent, call.call_id, call.caller_number, carrier, called_number=call.called_number
    )
    return Connection(
        stream_url=f"{control.settings.media_base_url}/calls/{carrier}/{agent}/media",
        token=token,
        after_url=f"{base_url(request, control)}/calls/{carrier}/{agent}/after",
        call=call,
    )


def document(webhooks: Webhooks, text: str) -> Response:
    return Response(text, media_type=webhooks.media_type)
