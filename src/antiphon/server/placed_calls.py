"""Webhooks of calls an operator has an agent place (`POST /v1/calls`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from antiphon.calls.control.reports import LegReport
from antiphon.calls.streams.webhooks import Connection
from antiphon.errors import AntiphonError
from antiphon.server.carrier_calls import base_url, call_of, verified, webhooks_of
from antiphon.server.control import Control, Current
from antiphon.server.transfer_calls import document, report_of

router = APIRouter()


@router.post("/calls/{carrier}/{agent}/placed/{key}")
async def answered(carrier: str, agent: str, key: str, request: Request, control: Current) -> Response:
    """Somebody, or something, answered: connect it to the agent, who finds out which."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    call = call_of(webhooks, body, control)
    try:
        wanted = await control.media.placed_report(key, report_of(webhooks, body, control))
    except AntiphonError:
        wanted = False
    if not wanted:
        return document(webhooks, webhooks.after(None, call))
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    # The caller is whoever is on the line; the number that is ours is the one that was shown.
    token = control.tokens.mint(
        agent,
        call.call_id,
        call.called_number,
        carrier,
        outbound=True,
        called_number=call.caller_number,
    )
    connection = Connection(
        stream_url=f"{control.settings.media_base_url}/calls/{carrier}/{agent}/media",
        token=token,
        after_url=f"{base_url(request, control)}/calls/{carrier}/{agent}/after",
        call=call,
    )
    return document(webhooks, webhooks.connect(connection))


@router.post("/calls/{carrier}/{agent}/placed/{key}/status")
async def status(carrier: str, agent: str, key: str, request: Request, control: Current) -> Response:
    """How a call we placed gets on, by the carrier."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    await _told(control, key, report_of(webhooks, body, control))
    return Response(status_code=204)


async def _told(control: Control, key: str, report: LegReport) -> None:
    try:
        await control.media.placed_report(key, report)
    except AntiphonError:
        return  # The worker that placed it is gone, and the call with it.
