"""`/v1/people`: all that is on record of a person, told or erased, by phone number or by the id of a call.
Who is meant comes in the body: in an address it would be in logs."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from fastapi import APIRouter

from antiphon.server.access.roles import Permission
from antiphon.server.api import views
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.storage.objects import FolderStore, archive_store
from antiphon.storage.records.removal import CallRemoval

router = APIRouter(prefix="/people", route_class=GatedRoute, tags=["people"])


@router.post("/export", openapi_extra=needs(Permission.PEOPLE_EXPORT))
async def export_person(wanted: views.Person, who: Who, parts: Parts) -> views.Exported:
    """Every call with this number, or this one call: who, when, every word, tools, costs, feedback. Traces
    and recordings are downloaded by call."""
    found = await _removal(parts).export(who.organisation_id, wanted.subject)
    calls = []
    for call in found:
        opinions = await parts.opinions.of_call(who.organisation_id, call.summary.call_id)
        calls.append(_plain(asdict(call) | {"feedback": [asdict(opinion) for opinion in opinions]}))
    return views.Exported(calls=calls)


@router.post("/erase", openapi_extra=needs(Permission.PEOPLE_ERASE))
async def erase_person(wanted: views.Person, who: Who, parts: Parts) -> views.Erased:
    """For good: rows, words, traces, recordings, their copies, feedback and links. A call that goes on is not
    found by its number before it is over. That it happened is on record, with the number as a keyed hash."""
    removed = await _removal(parts).erase(who.organisation_id, wanted.subject, actor=who.subject)
    return views.Erased(
        id=removed.run, calls=removed.calls, traces=removed.traces, recordings=removed.recordings
    )


def _removal(parts: ApiParts) -> CallRemoval:
    return CallRemoval(parts.records, FolderStore(parts.serve.home.absolute()), archive_store(parts.environ))


def _plain(value: Any) -> Any:
    """JSON-able: money is text, so that nothing is lost."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return format(value, "f") if isinstance(value, Decimal) else value
