"""`/v1/live`: calls that are up, and what an operator does to them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from antiphon.errors import ConfigError, Denied
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.call_shelf import no_such_call
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

router = APIRouter(route_class=GatedRoute, tags=["live calls"])


@router.get("/live", openapi_extra=needs(Permission.CALLS_READ))
async def list_live_calls(who: Who, parts: Parts, control: Current) -> shapes.LiveCalls:
    """Your organisation's calls that are up now."""
    return shapes.LiveCalls(calls=[shapes.LiveCall(**call) for call in await _live(who, parts, control)])


@router.post("/live/{call_id}/end", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def end_live_call(call_id: str, who: Who, parts: Parts, control: Current) -> None:
    """The agent says goodbye and hangs up."""
    await _must_be_up(call_id, who, parts, control)
    try:
        await control.media.end_call(call_id)
    except ConfigError:
        raise no_such_call() from None  # It ended meanwhile.


@router.post("/live/{call_id}/transfer", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def transfer_live_call(
    call_id: str, wanted: shapes.Transfer, who: Who, parts: Parts, control: Current
) -> shapes.Transferred:
    """The caller is put through to a person: one of the agent's own list, nobody else."""
    await _must_be_up(call_id, who, parts, control)
    try:
        return shapes.Transferred(target=await control.media.pass_on(call_id, wanted.target))
    except Denied as error:
        raise Problem(403, str(error), fix="add it under `escalation: targets:` of the agent") from None
    except ConfigError as error:
        raise Problem(409, str(error).partition("\n")[0]) from None


@router.post("/live/{call_id}/whisper", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def whisper_to_agent(
    call_id: str, wanted: shapes.Whisper, who: Who, parts: Parts, control: Current
) -> None:
    """Tell the agent something the caller does not hear. It minds it from its next reply on."""
    await _must_be_up(call_id, who, parts, control)
    try:
        await control.media.whisper(call_id, wanted.words)
    except ConfigError:
        raise no_such_call() from None


async def _live(who: Principal, parts: ApiParts, control: Control) -> list[dict[str, Any]]:
    may_see = await sight_of(who, parts)
    return [call for call in await control.media.active() if may_see(str(call.get("agent", "")))]


async def _must_be_up(call_id: str, who: Principal, parts: ApiParts, control: Control) -> None:
    """Raises Problem: 404; it is not up, or another organisation's."""
    if call_id not in {call["call_id"] for call in await _live(who, parts, control)}:
        raise no_such_call()
