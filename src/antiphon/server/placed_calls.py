"""Calls an operator has an agent place, and the webhooks of those calls."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from antiphon.calls.control.reports import LegReport
from antiphon.calls.streams.webhooks import Connection
from antiphon.errors import AntiphonError, CallFailed, ConfigError, DeadlineExceeded, Denied
from antiphon.server.carrier_calls import base_url, call_of, verified, webhooks_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem
from antiphon.server.records import local_only
from antiphon.server.transfer_calls import document, report_of

router = APIRouter()


class Place(BaseModel):
    """`through`: a carrier or "sip", "" where there is one way only; `caller_id`: a number of ours."""

    agent: str = Field(min_length=1, max_length=64)
    number: str = Field(min_length=1, max_length=200)
    through: str = Field(default="", max_length=20)
    caller_id: str = Field(default="", max_length=20)
    ring_s: int = Field(default=30, ge=5, le=120)


@router.post("/api/calls", status_code=202, dependencies=[Depends(local_only)])
async def place(wanted: Place, control: Current) -> dict[str, str]:
    """Have an agent call somebody, if the rules allow it."""
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    try:
        return await control.media.place(wanted.model_dump())
    except Denied as error:
        raise Problem(403, str(error)) from None
    except ConfigError as error:
        raise Problem(400, error.message, fix=error.fix) from None
    except DeadlineExceeded as error:
        raise Problem(504, str(error)) from None
    except CallFailed as error:
        raise Problem(409, str(error)) from None
    except AntiphonError as error:
        raise Problem(502, str(error)) from None


@router.get("/api/calls/placed/{key}", dependencies=[Depends(local_only)])
async def placed(key: str, control: Current) -> dict[str, str]:
    """How a call we placed gets on."""
    try:
        return await control.media.placed(key)
    except ConfigError as error:
        raise Problem(404, str(error)) from None


@router.post("/calls/{carrier}/{agent}/placed/{key}")
async def answered(carrier: str, agent: str, key: str, request: Request, control: Current) -> Response:
    """Somebody, or something, answered: connect it to the agent, who finds out which."""
    webhooks = webhooks_of(carrier, control)
    body = await verified(webhooks, request, control)
    call = call_of(webhooks, body)
    try:
        wanted = await control.media.placed_report(key, report_of(webhooks, body))
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
    await _told(control, key, report_of(webhooks, body))
    return Response(status_code=204)


async def _told(control: Control, key: str, report: LegReport) -> None:
    try:
        await control.media.placed_report(key, report)
    except AntiphonError:
        return  # The worker that placed it is gone, and the call with it.
