"""Webhooks of calls we placed ourselves and of calls that were passed on: first, proof of who asks."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from antiphon.calls.control.reports import LegReport
from antiphon.calls.streams import Instructions, PassedOn
from antiphon.calls.streams.sealed import Kind
from antiphon.calls.streams.webhooks import Connection, IncomingCall, Passed, Webhooks
from antiphon.errors import AntiphonError, Denied
from antiphon.server.carrier_calls import base_url, call_of, not_of_a_call, verified, webhooks_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/calls")

_NOBODY = "I'm sorry, nobody can take your call just now."


def report_of(webhooks: Webhooks, body: bytes, control: Control) -> LegReport:
    try:
        report = webhooks.report(body)
    except ValueError as error:
        raise not_of_a_call(str(error), control) from None
    if not report.call_id:
        raise not_of_a_call("no call is named", control)
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
    report = report_of(webhooks, body, control)
    call = call_of(webhooks, body, control)
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
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    await _told(control, leg, report_of(webhooks, body, control))
    return Response(status_code=204)


@router.post("/{carrier}/{agent}/legs/{leg}/after")
async def leg_after(carrier: str, agent: str, leg: str, request: Request, control: Current) -> Response:
    """Our stream with the person is over: nothing is left to do on his line."""
    webhooks = webhooks_of(carrier, control)
    call = call_of(webhooks, await verified(webhooks, request, control), control)
    return document(webhooks, webhooks.after(None, call))


@router.post("/{carrier}/{agent}/legs/{leg}/event")
async def leg_event(carrier: str, agent: str, leg: str, request: Request, control: Current) -> Response:
    """News of the stream with the person, where it is a leg of its own: not news of his call."""
    await verified(webhooks_of(carrier, control), request, control)
    return Response(status_code=204)


@router.post("/{carrier}/instructions/{ticket}")
async def instructions(carrier: str, ticket: str, request: Request, control: Current) -> Response:
    """What a call shall do, or somebody shall hear, decided when the address was given out."""
    await verified(webhooks_of(carrier, control), request, control)
    return _sealed_instructions(ticket, control)


@router.get("/vonage/instructions/{ticket}")
async def instructions_by_get(ticket: str, control: Current) -> Response:
    """For Vonage's `onAnswer`, which has no method to be set, and whose signature covers no GET: the sealed
    ticket is the proof, and reading it changes nothing (docs/telephony/security.md). Others ask by POST."""
    return _sealed_instructions(ticket, control)


def _sealed_instructions(ticket: str, control: Control) -> Response:
    told = _opened(ticket, Instructions, control)
    return Response(told.text, media_type=told.media_type)


def _opened(ticket: str, kind: type[Kind], control: Control) -> Kind:
    """Raises: Problem: 403; not one of ours."""
    assert control.sealed is not None, "addresses are sealed wherever webhooks are served"
    try:
        return control.sealed.open(ticket, kind)
    except Denied as error:
        control.refused["webhooks"] += 1
        raise Problem(403, str(error)) from None


@router.post("/{carrier}/{agent}/dialled/{ticket}")
async def dialled(carrier: str, agent: str, ticket: str, request: Request, control: Current) -> Response:
    """What became of a call that was passed on. Nobody took it: the caller is not left with a dead line."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    told = _opened(ticket, PassedOn, control)
    call = IncomingCall(
        call_id=told.call_id, caller_number=told.caller_number, called_number=told.called_number
    )
    passed = _passed(webhooks, body)
    if passed == "under way":
        return Response(status_code=204)
    if passed == "over" or control.draining:
        return document(webhooks, webhooks.after(None, call))
    return document(webhooks, webhooks.back(_NOBODY, reconnection(carrier, agent, call, request, control)))


def _passed(webhooks: Webhooks, body: bytes) -> Passed:
    try:
        return webhooks.passed(body)
    except ValueError as error:
        raise Problem(400, str(error)) from None


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
