"""Calls that are up, and calls that were: lists and stories read from the traces."""

from __future__ import annotations

import re
from typing import Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from antiphon.errors import AntiphonError, CallFailed, ConfigError, Denied
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.summary import summarise
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem
from antiphon.storage.home import calls_directory
from antiphon.storage.traces import find_call, list_calls


def local_only(control: Current) -> None:
    """Every organisation's calls without a login: only for whoever sits at this machine anyway."""
    if control.api is not None and not control.api.settings.local_is_owner:
        raise Problem(404, "not from here", fix="use /v1/calls with an API key")


router = APIRouter(prefix="/api/calls", dependencies=[Depends(local_only)])

# Traces may be named by path on the command line, never over HTTP.
_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class PassOn(BaseModel):
    """`target`: A number, a SIP address or a name of the agent's list; "" for its usual one."""

    target: str = ""


class Keys(BaseModel):
    """`digits`: 0-9, *, #, A-D; w waits half a second."""

    digits: str = Field(pattern=r"^[0-9*#A-Dw]{1,40}$")


@router.get("")
def past_calls(limit: int = Query(default=50, ge=1, le=500)) -> dict[str, Any]:
    """The latest calls, newest first."""
    return {
        "calls": [
            {
                "call_id": call.call_id,
                "agent": str(call.header.get("agent", "")),
                "line": str(call.header.get("line", "")),
                "started_at_ms": call.started_at_ms,
                "closed": call.closed,
            }
            for call in list_calls(calls_directory(), limit=limit)
        ]
    }


@router.get("/active")
async def active_calls(control: Current) -> dict[str, Any]:
    """Calls that are up now."""
    return {"calls": await control.media.active()}


@router.post("/{call_id}/end", status_code=202)
async def end_call(call_id: str, control: Current) -> None:
    """The agent says goodbye and hangs up."""
    try:
        await control.media.end_call(call_id)
    except ConfigError as error:
        raise Problem(404, str(error)) from None


@router.post("/{call_id}/transfer", status_code=202)
async def pass_on(call_id: str, wanted: PassOn, control: Current) -> dict[str, str]:
    """The caller is put through to the agent's usual target, or to another one of its list."""
    try:
        return {"target": await control.media.pass_on(call_id, wanted.target)}
    except Denied as error:
        control.refused["transfers"] += 1
        raise Problem(403, str(error), fix="add it under `escalation: targets:`") from None
    except ConfigError as error:
        raise Problem(404, str(error)) from None


@router.post("/{call_id}/{act}", status_code=202)
async def operate(
    call_id: str,
    act: Literal["hold", "resume", "mute", "unmute", "dtmf"],
    control: Current,
    keys: Keys | None = None,
) -> None:
    """Hold with music and back, the caller unheard and heard again, keys as tones on his line."""
    if act == "dtmf" and keys is None:
        raise Problem(422, "digits: which keys?")
    await _operated(control, call_id, act, keys.digits if keys else "")


@router.post("/{call_id}/recording/{act}", status_code=202)
async def operate_recording(call_id: str, act: Literal["pause", "resume", "stop"], control: Current) -> None:
    """While a card number is said, silence is kept in its place; what was stopped does not begin again."""
    await _operated(control, call_id, f"record_{act}")


async def _operated(control: Control, call_id: str, act: str, digits: str = "") -> None:
    try:
        await control.media.operate(call_id, act, digits)
    except ConfigError as error:
        raise Problem(404, str(error)) from None
    except CallFailed as error:
        raise Problem(409, str(error)) from None


@router.get("/{call_id}")
def one_call(call_id: str) -> dict[str, Any]:
    """One call: what was said and heard, latency per turn, tools, interruptions, outcome."""
    if not _CALL_ID.fullmatch(call_id) or call_id == "last":
        raise Problem(404, "no such call")
    try:
        path = find_call(calls_directory(), call_id)
    except ConfigError as error:
        raise Problem(404, "no such call, or more than one begins so") from error
    if path.suffix != ".jsonl" or path.parent.parent.resolve() != calls_directory().resolve():
        raise Problem(404, "no such call")
    try:
        return summarise(read_call(path))
    except AntiphonError as error:
        raise Problem(500, f"the trace of this call cannot be read: {error}") from error
