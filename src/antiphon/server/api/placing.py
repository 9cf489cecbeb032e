"""`POST /v1/calls`: calls that are placed, once for each key; and how they get on. The media worker permits
and dials them (`calls/placing.py`); here it is kept that it was asked to."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Path
from fastapi.responses import JSONResponse

from antiphon.errors import AntiphonError, CallFailed, ConfigError, Denied
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem
from antiphon.trust.dialling import ALLOWED

log = structlog.get_logger(__name__)
router = APIRouter(route_class=GatedRoute, tags=["live calls"])

_KEY = r"^[A-Za-z0-9._:-]{8,200}$"
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", pattern=_KEY)]


@router.post("/calls", status_code=201, openapi_extra=needs(Permission.CALLS_PLACE))
async def place_call(
    wanted: shapes.PlaceCall, idempotency_key: IdempotencyKey, who: Who, parts: Parts, control: Current
) -> JSONResponse:
    """Have an agent call somebody, if the rules allow it.

    Whoever asks again with the same `Idempotency-Key` is told what became of the first time (200); nobody is
    rung twice. 202: no answer came, so nobody knows whether it rings. Only numbers in `ANTIPHON_DIAL_ALLOWED`
    are rung. Who or what answers is judged first where the agent's file says so.
    """
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    served = {entry["name"] for entry in await control.media.agents()}
    if wanted.agent not in served or not (await sight_of(who, parts))(wanted.agent):
        raise Problem(404, "no such agent")
    request = parts.records.keys.request_hash(who.organisation_id, wanted.model_dump_json())
    intent = (who.organisation_id, idempotency_key)
    known = await parts.placements.begin(*intent, request)
    if known is not None:
        if known["request_sha256"] != request:
            raise Problem(409, "this Idempotency-Key was used for another call", fix="use a new one")
        return _answer(await _told(intent, known, control), 200)
    # Who stops waiting must not leave the intent without its end.
    return await asyncio.shield(_placed(intent, wanted, parts, control))


@router.post("/rooms", status_code=202, openapi_extra=needs(Permission.CALLS_PLACE))
async def join_room(wanted: shapes.JoinRoom, who: Who, parts: Parts, control: Current) -> None:
    """Send an agent into a LiveKit room, where the first participant with a microphone is its caller. One to
    whom nobody comes leaves again."""
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    served = {entry["name"] for entry in await control.media.agents()}
    if wanted.agent not in served or not (await sight_of(who, parts))(wanted.agent):
        raise Problem(404, "no such agent")
    try:
        await control.media.join_room(wanted.agent, wanted.room)
    except ConfigError as error:
        raise Problem(409, error.message, fix=error.fix) from None
    except CallFailed as error:
        raise Problem(503, str(error)) from None


@router.get("/placed/{key}", openapi_extra=needs(Permission.CALLS_READ))
async def get_placed_call(
    key: Annotated[str, Path(pattern=_KEY)], who: Who, parts: Parts, control: Current
) -> shapes.Placed:
    """How a call that was placed with this `Idempotency-Key` gets on. While the server that placed it runs,
    ringing, answer and end are known; afterwards whether it was placed."""
    intent = (who.organisation_id, key)
    known = await parts.placements.find(*intent)
    if known is None:
        raise Problem(404, "no call was placed with this key")
    return await _told(intent, known, control)


async def _placed(
    intent: tuple[str, str], wanted: shapes.PlaceCall, parts: ApiParts, control: Control
) -> JSONResponse:
    asked = {
        "key": _key(intent),
        "agent": wanted.agent,
        "number": wanted.to,
        "carrier": wanted.carrier,
        "caller_id": wanted.caller_id,
        "ring_s": wanted.ring_s,
    }
    try:
        told = shapes.Placed(**(await control.media.place(asked) | {"key": intent[1]}))  # type: ignore[arg-type]
    except (Denied, ConfigError, CallFailed) as error:
        await parts.placements.withdraw(*intent)
        if isinstance(error, Denied):
            control.refused["placings"] += 1
            words = str(error)
            fix = f"the operator allows numbers by {ALLOWED}" if ALLOWED in words else ""
            raise Problem(403, words, fix=fix) from None
        if isinstance(error, ConfigError):
            what = f"{error.where}: {error.message}" if error.where else error.message
            raise Problem(409, what, fix=error.fix) from None
        raise Problem(503, str(error)) from None
    except AntiphonError as error:
        # It may have dialled: the intent stays as it is, and is not tried again.
        log.error("placed_call_lost", reason=str(error))
        return _answer(shapes.Placed(key=intent[1], state="asked"), 202)
    if told.state == "asked":
        return _answer(told, 202)
    if told.state == "failed":
        await parts.placements.settle(*intent, "failed")
        raise Problem(
            502 if told.how == "rejected" else 503,
            f"{told.carrier} did not place the call; nobody was rung",
            fix="the server's log has the reason; try again with a new key",
        )
    await parts.placements.settle(*intent, "placed", told.carrier_call_id)
    return _answer(told, 201)


async def _told(intent: tuple[str, str], known: dict[str, str], control: Control) -> shapes.Placed:
    """As the media worker knows it; what was kept, where it has forgotten."""
    try:
        live: dict[str, Any] = await control.media.placed(_key(intent))
    except AntiphonError:
        live = {"state": known["state"], "carrier_call_id": known["carrier_call_id"]}
    return shapes.Placed(**(live | {"key": intent[1]}))


def _key(intent: tuple[str, str]) -> str:
    """Ours: it goes into addresses, and two organisations may have thought of the same one."""
    return hashlib.sha256("\0".join(intent).encode()).hexdigest()[:32]


def _answer(told: shapes.Placed, status: int) -> JSONResponse:
    return JSONResponse(told.model_dump(), status_code=status)
