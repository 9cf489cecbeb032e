"""`/v1/live`: calls that are up, and what an operator does to them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Literal

from fastapi import APIRouter

from antiphon.errors import CallFailed, ConfigError, Denied
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.live_view import live_calls
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

router = APIRouter(prefix="/live", route_class=GatedRoute, tags=["live calls"])


@router.get("", openapi_extra=needs(Permission.CALLS_READ))
async def list_live_calls(who: Who, parts: Parts, control: Current) -> shapes.LiveCalls:
    """Your organisation's calls that are up now; those that need a person most come first."""
    may_see = await sight_of(who, parts)
    calls = [call for call in await live_calls(control.media) if may_see(str(call.get("agent", "")))]
    return shapes.LiveCalls(calls=[shapes.LiveCall(**call) for call in calls])


@router.post("/{call_id}/end", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def end_live_call(call_id: str, who: Who, parts: Parts, control: Current) -> None:
    """The agent says goodbye and hangs up."""
    await must_be_up(call_id, who, parts, control)
    await _done(control.media.end_call(call_id))


@router.post("/{call_id}/transfer", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def transfer_live_call(
    call_id: str, wanted: shapes.Transfer, who: Who, parts: Parts, control: Current
) -> shapes.Transferred:
    """The caller is put through to a person: one of the agent's own list, nobody else."""
    await must_be_up(call_id, who, parts, control)
    try:
        return shapes.Transferred(target=await control.media.pass_on(call_id, wanted.target))
    except Denied as error:
        control.refused["transfers"] += 1
        raise Problem(403, str(error), fix="add it under `escalation: targets:` of the agent") from None
    except (ConfigError, CallFailed) as error:
        control.refused["transfers"] += 1
        fix = error.fix if isinstance(error, ConfigError) else ""
        raise Problem(409, str(error).partition("\n")[0], fix=fix) from None


@router.post("/{call_id}/whisper", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def whisper_to_agent(
    call_id: str, wanted: shapes.Whisper, who: Who, parts: Parts, control: Current
) -> None:
    """Tell the agent something the caller does not hear. It minds it from its next reply on."""
    await must_be_up(call_id, who, parts, control)
    await _done(control.media.whisper(call_id, wanted.words))


@router.post("/{call_id}/take-over", openapi_extra=needs(Permission.CALLS_CONTROL))
async def take_over_live_call(
    call_id: str, wanted: shapes.TakeOver, who: Who, parts: Parts, control: Current
) -> shapes.TakenOver:
    """Speak with the caller yourself, from a browser, in the agent's place. It answers the offer of a WebRTC
    connection; when that connection ends, the caller is the agent's again."""
    await must_be_up(call_id, who, parts, control)
    try:
        return shapes.TakenOver(**await control.media.take_over(call_id, wanted.sdp, by=who.subject))  # type: ignore[arg-type]
    except ConfigError:
        raise not_up() from None
    except CallFailed as error:
        raise Problem(400 if "offer" in str(error) else 409, str(error)) from None


@router.post("/{call_id}/dtmf", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def press_keys(
    call_id: str, keys: shapes.PressedKeys, who: Who, parts: Parts, control: Current
) -> None:
    """Keys as tones on the caller's line, as for another company's menu."""
    await must_be_up(call_id, who, parts, control)
    await _done(control.media.operate(call_id, "dtmf", keys.digits))


@router.post("/{call_id}/recording/{act}", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def steer_recording(
    call_id: str, act: Literal["pause", "resume", "stop"], who: Who, parts: Parts, control: Current
) -> None:
    """While a card number is said, silence is kept in its place; what was stopped does not begin again."""
    await must_be_up(call_id, who, parts, control)
    await _done(control.media.operate(call_id, f"record_{act}"))


@router.post("/{call_id}/{act}", status_code=202, openapi_extra=needs(Permission.CALLS_CONTROL))
async def steer_live_call(
    call_id: str, act: Literal["hold", "resume", "mute", "unmute"], who: Who, parts: Parts, control: Current
) -> None:
    """Hold with music and back to the agent; the caller unheard, and heard again."""
    await must_be_up(call_id, who, parts, control)
    await _done(control.media.operate(call_id, act))


async def must_be_up(call_id: str, who: Principal, parts: ApiParts, control: Control) -> None:
    """Raises Problem: 404; it is not up, or another organisation's."""
    may_see = await sight_of(who, parts)
    up: list[dict[str, Any]] = await control.media.active()
    if not any(call["call_id"] == call_id and may_see(str(call.get("agent", ""))) for call in up):
        raise not_up()


def not_up() -> Problem:
    return Problem(
        404, "no such call is up", fix="`antiphon calls active` (GET /v1/live) lists those that are"
    )


async def _done(act: Awaitable[None]) -> None:
    """Raises Problem: 404; it ended meanwhile. 409; it cannot be done to this call."""
    try:
        await act
    except ConfigError:
        raise not_up() from None
    except CallFailed as error:
        raise Problem(409, str(error)) from None
