"""`POST /v1/calls`: calls that are placed, by permit and once for each key."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse

from antiphon.calls.control.accounts import controls_from
from antiphon.calls.ports import Capability, CarrierControl, Dial
from antiphon.errors import AntiphonError, CallFailed, DeadlineExceeded, Denied
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Current
from antiphon.server.problems import Problem
from antiphon.trust.dialling import ALLOWED, dial_rules, permit_call

router = APIRouter(route_class=GatedRoute, tags=["live calls"])

IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{8,200}$")]


@router.post("/calls", status_code=201, openapi_extra=needs(Permission.CALLS_PLACE))
async def place_call(
    wanted: shapes.PlaceCall, idempotency_key: IdempotencyKey, who: Who, parts: Parts, control: Current
) -> JSONResponse:
    """Ring a number and connect whoever answers to an agent.

    Whoever asks again with the same `Idempotency-Key` is told what became of the first time (200); nobody is
    rung twice. Only numbers in `ANTIPHON_DIAL_ALLOWED` are rung.
    """
    try:
        permit = permit_call(wanted.to, dial_rules(parts.environ))
    except Denied as error:
        raise Problem(403, str(error), fix=f"the operator allows it by {ALLOWED}") from None
    if not (await sight_of(who, parts))(wanted.agent) or control.draining:
        raise Problem(404, "no such agent") if not control.draining else Problem(503, "shutting down")
    if wanted.agent not in {entry["name"] for entry in await control.media.agents()}:
        raise Problem(404, "no such agent")
    carrier = carrier_named(parts, wanted.carrier, Capability.DIAL)
    public = control.settings.public_url
    if not public:
        raise Problem(409, "carriers cannot reach this server", fix="set ANTIPHON_PUBLIC_URL")
    request = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    known = await parts.placements.begin(who.organisation_id, idempotency_key, request)
    if known is not None:
        if known["request_sha256"] != request:
            raise Problem(409, "this Idempotency-Key was used for another call", fix="use a new one")
        told = shapes.Placed(state=known["state"], carrier_call_id=known["carrier_call_id"])  # type: ignore[arg-type]
        return JSONResponse(told.model_dump())
    answer_url = f"{public}/calls/{wanted.carrier}/{wanted.agent}"
    key = hashlib.sha256(f"{who.organisation_id}\0{idempotency_key}".encode()).hexdigest()
    dial = Dial(
        key=key, permit=permit, caller_id=wanted.caller_id, answer_url=answer_url,
        status_url=f"{answer_url}/event",
    )  # fmt: skip
    # Who stops waiting must not leave the intent without its end.
    return await asyncio.shield(_dialled(parts, carrier, who.organisation_id, idempotency_key, dial))


async def _dialled(
    parts: ApiParts, carrier: CarrierControl, organisation_id: str, key: str, dial: Dial
) -> JSONResponse:
    try:
        carrier_call_id = await carrier.dial(dial)
    except DeadlineExceeded:
        # Nobody knows whether it rings: the intent stays as it is, and is not tried again.
        return JSONResponse(shapes.Placed(state="asked", carrier_call_id="").model_dump(), status_code=202)
    except (AntiphonError, CallFailed):
        await parts.placements.settle(organisation_id, key, "failed")
        raise
    await parts.placements.settle(organisation_id, key, "placed", carrier_call_id)
    placed = shapes.Placed(state="placed", carrier_call_id=carrier_call_id)
    return JSONResponse(placed.model_dump(), status_code=201)


def carrier_named(parts: ApiParts, name: str, capability: Capability) -> CarrierControl:
    """Raises Problem: 409; no account there, or it cannot do this."""
    if parts.controls is None:
        parts.controls = controls_from(parts.environ)
    carrier = parts.controls.get(name)
    if carrier is None:
        raise Problem(409, "there is no account at this carrier", fix="set its keys in the environment")
    if capability not in carrier.capabilities:
        raise Problem(409, f"this carrier offers no {capability.value}")
    return carrier
