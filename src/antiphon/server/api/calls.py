"""`/v1/calls`: those that were, with everything about one; traces, replays, feedback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from antiphon.errors import ConfigError
from antiphon.runtime.records.reports import exact_report, what_if_report
from antiphon.runtime.records.summary import summarise
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.call_shelf import open_record
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.api.telling import tell
from antiphon.server.problems import Problem
from antiphon.storage.disk import on_disk
from antiphon.storage.records import CallQuery, CallSummary
from antiphon.storage.traces import read_trace

router = APIRouter(prefix="/calls", route_class=GatedRoute, tags=["calls"])


@router.get("", openapi_extra=needs(Permission.CALLS_READ))
async def list_calls(who: Who, parts: Parts, wanted: Annotated[shapes.CallQuery, Query()]) -> shapes.Calls:
    """Calls, newest first: by agent, line, number, outcome, time, latency, and words that were said."""
    if who.agent not in ("", wanted.agent or who.agent):
        return shapes.Calls(calls=[], after="")
    asked = wanted.model_dump(exclude={"after", "limit"}) | {"agent": wanted.agent or who.agent}
    try:
        query = CallQuery(organisation_id=who.organisation_id, **asked)
        page = await parts.records.page(query, after=wanted.after, limit=wanted.limit)
    except ConfigError as error:
        raise Problem(400, error.message, fix=error.fix) from None
    return shapes.Calls(calls=[_row(call) for call in page.calls], after=page.after)


@router.get("/{call_id}", openapi_extra=needs(Permission.CALLS_READ))
async def get_call(call_id: str, who: Who, parts: Parts) -> shapes.CallDetail:
    """One call: what was said and really heard, latency per turn, tools, interruptions, costs, outcome."""
    path = await call_path(call_id, who, parts)
    return shapes.CallDetail(**await on_disk(lambda: summarise(open_record(path))))


@router.get(
    "/{call_id}/trace",
    openapi_extra=needs(Permission.TRACES_READ),
    response_class=Response,
    responses={200: {"content": {"application/jsonl": {}}, "description": "One JSON object a line"}},
)
async def get_trace(call_id: str, who: Who, parts: Parts) -> Response:
    """The trace: everything else about the call is derived from it."""
    path = await call_path(call_id, who, parts)
    body = await on_disk(_lines, path)
    headers = {"content-disposition": f'attachment; filename="{path.stem}.jsonl"'}
    return Response(body, media_type="application/jsonl", headers=headers)


@router.post("/{call_id}/replay", openapi_extra=needs(Permission.TRACES_READ))
async def replay_call(call_id: str, wanted: shapes.WhatIf, who: Who, parts: Parts) -> shapes.Report:
    """The call through the same core again: exactly, or under another policy. Nobody is called."""
    path = await call_path(call_id, who, parts)
    return shapes.Report(**await on_disk(_replayed, path, wanted.set))


@router.get("/{call_id}/feedback", openapi_extra=needs(Permission.CALLS_READ))
async def list_feedback(call_id: str, who: Who, parts: Parts) -> shapes.Opinions:
    """What the call itself tells (the caller's rating in it, signs of trouble), then what was said about it,
    oldest first."""
    path = await call_path(call_id, who, parts)
    found = await parts.opinions.of_call(who.organisation_id, path.stem)
    call = await parts.records.find(who.organisation_id, path.stem)
    told = list(_told_by_itself(call)) if call is not None else []
    return shapes.Opinions(feedback=[*told, *(_opinion(asdict(opinion)) for opinion in found)])


@router.post("/{call_id}/feedback", status_code=201, openapi_extra=needs(Permission.FEEDBACK_WRITE))
async def give_feedback(call_id: str, said: shapes.NewOpinion, who: Who, parts: Parts) -> shapes.Opinion:
    """Rate a call, label it, say something about it."""
    if said.rating is None and not said.labels and not said.comment.strip():
        raise Problem(422, "nothing is said", fix="give a rating, labels or a comment")
    path = await call_path(call_id, who, parts)
    opinion = await parts.opinions.give(
        who.organisation_id,
        path.stem,
        by=who.subject,
        source=said.source,
        rating=said.rating,
        labels=tuple(said.labels),
        comment=said.comment,
    )
    told = {"call_id": path.stem, "feedback_id": opinion.id, "rating": opinion.rating, "source": said.source}
    await tell(parts, who.organisation_id, "feedback.given", told)
    return _opinion(asdict(opinion))


async def call_path(call_id: str, who: Principal, parts: ApiParts) -> Path:
    """Raises Problem: 404; none, or another organisation's."""
    may_see = await sight_of(who, parts)
    return await on_disk(parts.shelf.path, may_see, call_id)


def _lines(path: Path) -> bytes:
    try:
        return read_trace(path)
    except ConfigError as error:
        raise Problem(409, f"the trace of this call cannot be read: {error.message}", fix=error.fix) from None


def _row(call: CallSummary) -> shapes.CallRow:
    values = asdict(call) | {"cost_usd": format(call.cost_usd, "f"), "signs": list(call.signs)}
    return shapes.CallRow(**{name: values[name] for name in shapes.CallRow.model_fields})


def _told_by_itself(call: CallSummary) -> Iterator[shapes.Opinion]:
    """Read from the trace, so it comes and goes with it."""
    at_ms = call.started_at_ms + call.duration_ms
    for source, rating, labels in (("caller", call.rating, ()), ("implicit", None, call.signs)):
        if rating is not None or labels:
            yield shapes.Opinion(
                id=f"fb_call_{source}",
                call_id=call.call_id,
                source=source,
                rating=rating,
                labels=list(labels),
                comment="",
                given_by="caller" if source == "caller" else "trace",
                at_ms=at_ms,
            )


def _replayed(path: Path, settings: list[str]) -> dict[str, Any]:
    record = open_record(path)
    try:
        return what_if_report(record, settings) if settings else exact_report(record)
    except ConfigError as error:
        raise Problem(422, error.message, fix=error.fix) from None


def _opinion(values: dict[str, Any]) -> shapes.Opinion:
    return shapes.Opinion(**{name: values[name] for name in shapes.Opinion.model_fields})
