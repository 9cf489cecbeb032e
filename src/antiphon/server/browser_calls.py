"""Calls from pages, ours and others': the agents on offer, and WebRTC offers passed to the media worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from antiphon.errors import CallFailed, ConfigError
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api.gate import address_of, bearer
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Current
from antiphon.server.problems import Problem
from antiphon.server.reloading import DRAFT

router = APIRouter()


class Offer(BaseModel):
    """A session description with its ICE candidates inside. `push_to_talk`: the page has a button, and says
    when its caller's turns begin and end."""

    sdp: str = Field(min_length=1, max_length=100_000)
    type: str = Field(default="offer", pattern="^offer$")
    push_to_talk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who calls from a page, None where nobody is asked; and which agents there are for him."""

    who: Principal | None
    may_call: Callable[[str], bool]


async def visit_of(request: Request, control: Current) -> Visit:
    """Raises: Problem: 401, 403, 429: as everywhere in the API; the permission is `talk`."""
    parts = control.api
    if parts is None:
        return Visit(who=None, may_call=lambda agent: True)
    who = await parts.entrance.admit(
        bearer(request.headers.get("authorization", "")),
        address=address_of(request),
        organisation=request.headers.get("antiphon-organisation", ""),
    )
    if not who.may(Permission.TALK):
        raise Problem(403, f"this needs the permission {Permission.TALK}")
    return Visit(who=who, may_call=await sight_of(who, parts))


Visitor = Annotated[Visit, Depends(visit_of)]


@router.get("/api/agents")
async def agents(visit: Visitor, control: Current) -> dict[str, Any]:
    """Every agent that can be called, and what the page needs to reach the media worker."""
    found = [agent for agent in await control.media.agents() if visit.may_call(agent["name"])]
    return {"agents": found, "ice_servers": list(control.ice_servers)}


@router.post("/calls/browser/{agent}/offer")
async def offer(
    agent: str, body: Offer, request: Request, visit: Visitor, control: Current
) -> dict[str, str]:
    """Start a call: answers the page's offer with ours."""
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    if visit.who is not None and visit.who.kind == "token":
        wait_s = control.offers.wait_s(visit.who.subject)
        if wait_s > 0:
            raise Problem(429, "too many calls with this token", retry_after_s=wait_s)
    known = [entry["name"] for entry in await control.media.agents() if visit.may_call(entry["name"])]
    if agent not in known and not agent.startswith(DRAFT):
        raise Problem(404, f"no agent named {agent!r}", fix=f"one of: {', '.join(known) or 'none is loaded'}")
    try:
        language = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        return await control.media.offer(agent, body.sdp, language, push_to_talk=body.push_to_talk)
    except ConfigError:
        raise Problem(404, "this draft is not being tried any more", fix="try it again") from None
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
