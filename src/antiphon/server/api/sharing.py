"""`/v1/calls/ID/share` makes a link, `/v1/shared` shows what it opens: a call without its people.

The token is a credential and comes as one: in the address it would be in every log and history on the way.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request

from antiphon.server.access.limits import Rate, RateLimit
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.access.shares import SharedLink
from antiphon.server.api import views
from antiphon.server.api.calls import call_path
from antiphon.server.api.gate import GatedRoute, Parts, Who, address_of, bearer, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.publishing import file_of
from antiphon.server.problems import Problem
from antiphon.storage.access import SharedLinkEntry, now_ms
from antiphon.storage.disk import on_disk
from antiphon.storage.records import CallDetail
from antiphon.trust.redaction import mask

router = APIRouter(prefix="/calls", route_class=GatedRoute, tags=["calls"])
open_router = APIRouter(tags=["calls"])

_TOKEN_MAX_CHARS: Final = 2048
_LOOKS: Final = RateLimit(Rate(per_minute=60, burst=30))
_PLAIN_WORD = re.compile(r"(?<![\w'’])[a-zà-ÿ]{2,}(?![\w])")
# What opens no longer, never did, or was never ours looks the same.
_NOTHING: Final = "this link is over, or there is nothing behind it"


@router.post("/{call_id}/share", status_code=201, openapi_extra=needs(Permission.CALLS_SHARE))
async def share_call(call_id: str, wanted: views.Share, who: Who, parts: Parts) -> views.Shared:
    """A token that shows this call to whoever has it, with the words that tell who it was masked, without
    numbers, sound, costs and what tools were told. It dies with the key it was made with, and with the
    call."""
    path = await call_path(call_id, who, parts)
    token, link = parts.shares.mint(who, path.stem, wanted.life_s)
    await parts.links.add(
        SharedLinkEntry(
            id=link.id,
            organisation_id=link.organisation_id,
            call_id=link.call_id,
            created_by=who.subject[:200],
            created_at_ms=now_ms(),
            good_until_ms=link.good_until_ms,
        )
    )
    return views.Shared(id=link.id, token=token, good_until_ms=link.good_until_ms)


@router.get("/{call_id}/share", openapi_extra=needs(Permission.CALLS_SHARE))
async def list_links(call_id: str, who: Who, parts: Parts) -> views.SharedLinks:
    """The newest hundred links to this call, newest first, also those that are over or were taken back."""
    path = await call_path(call_id, who, parts)
    found = await parts.links.of_call(who.organisation_id, path.stem)
    names = views.SharedLink.model_fields
    return views.SharedLinks(
        links=[views.SharedLink(**{name: getattr(one, name) for name in names}) for one in found]
    )


@router.delete("/{call_id}/share/{link_id}", status_code=204, openapi_extra=needs(Permission.CALLS_SHARE))
async def revoke_link(call_id: str, link_id: str, who: Who, parts: Parts) -> None:
    """It opens nothing any more, from now on and for good."""
    path = await call_path(call_id, who, parts)
    if not await parts.links.revoke(who.organisation_id, path.stem, link_id):
        raise Problem(404, "no such link")


@open_router.get("/shared")
async def see_shared(request: Request, parts: Parts) -> views.SharedCall:
    """The call behind a share token, which is shown as a bearer credential."""
    if (wait_s := _LOOKS.wait_s(address_of(request))) > 0:
        raise Problem(429, "too many requests", retry_after_s=wait_s)
    token = bearer(request.headers.get("authorization", ""))
    link = parts.shares.read(token) if token.isascii() and len(token) <= _TOKEN_MAX_CHARS else None
    if link is None or not await _still_good(parts, link):
        raise Problem(404, _NOTHING)
    call = await parts.records.open_call(link.organisation_id, link.call_id)
    if call is None:
        raise Problem(404, _NOTHING)
    known = await on_disk(_words_of_agent, parts.serve.agents, call.summary.agent)
    return without_people(call, known, link.good_until_ms)


def without_people(call: CallDetail, known: frozenset[str], good_until_ms: int) -> views.SharedCall:
    """`known`: words of the agent's own file, which are nobody's."""
    summary = call.summary
    return views.SharedCall(
        agent=summary.agent,
        line=summary.line,
        # To the minute, a call could be looked up in somebody's telephone.
        day=datetime.fromtimestamp(summary.started_at_ms / 1000, tz=UTC).date().isoformat(),
        duration_ms=summary.duration_ms,
        outcome=summary.outcome,
        turns=[
            views.SharedTurn(
                speaker=turn.speaker,
                at_ms=turn.at_ms,
                text=mask(turn.text, known),
                interrupted=turn.interrupted,
                response_ms=turn.response_ms,
            )
            for turn in call.transcript
        ],
        tools=[
            views.SharedTool(name=tool.name, at_ms=tool.at_ms, took_ms=tool.took_ms, ok=tool.ok)
            for tool in call.tools
        ],
        good_until_ms=good_until_ms,
    )


async def _still_good(parts: ApiParts, link: SharedLink) -> bool:
    made_by = Principal(
        kind="key",
        subject="",
        organisation_id=link.organisation_id,
        permissions=frozenset(),
        key_id=link.key_id,
    )
    return await parts.links.is_good(link.id) and await parts.entrance.still_good(made_by)


def _words_of_agent(agents: Path, agent: str) -> frozenset[str]:
    """Those it writes small: names are written large."""
    path = file_of(agents, agent)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    large = {word.casefold() for word in re.findall(r"\b[A-Z][\w'’]+", text)}
    return frozenset(_PLAIN_WORD.findall(text)) - large
