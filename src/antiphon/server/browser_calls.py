"""Calls from the talk page: the agents on offer, and WebRTC offers passed to the media worker."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from antiphon.errors import CallFailed
from antiphon.server.control import Current
from antiphon.server.problems import Problem

router = APIRouter()


class Offer(BaseModel):
    """A session description with its ICE candidates inside."""

    sdp: str = Field(min_length=1, max_length=100_000)
    type: str = Field(default="offer", pattern="^offer$")


@router.get("/api/agents")
async def agents(control: Current) -> dict[str, Any]:
    """Every agent that can be called, and what the page needs to reach the media worker."""
    return {"agents": await control.media.agents(), "ice_servers": list(control.ice_servers)}


@router.post("/calls/browser/{agent}/offer")
async def offer(agent: str, body: Offer, request: Request, control: Current) -> dict[str, str]:
    """Start a call: answers the page's offer with ours."""
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    known = [entry["name"] for entry in await control.media.agents()]
    if agent not in known:
        raise Problem(404, f"no agent named {agent!r}", fix=f"one of: {', '.join(known) or 'none is loaded'}")
    try:
        language = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        return await control.media.offer(agent, body.sdp, language)
    except CallFailed as error:
        status = 400 if "offer" in str(error) else 503
        raise Problem(status, str(error)) from error


@router.post("/calls/browser/lines/{line_id}/offer")
async def move(line_id: str, body: Offer, control: Current) -> dict[str, str]:
    """Go on with a call over another connection: the page's network has changed."""
    try:
        answer = await control.media.move_line(line_id, body.sdp)
    except CallFailed as error:
        raise Problem(400, str(error)) from error
    if not answer:
        raise Problem(404, "no such line")
    return answer


@router.delete("/calls/browser/lines/{line_id}", status_code=204)
async def hang_up(line_id: str, control: Current) -> None:
    """Hang up for a page that is going away."""
    if not await control.media.close_line(line_id):
        raise Problem(404, "no such line")
