"""A call as the index keeps it, from its trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from antiphon.conversation.events import CallStarted
from antiphon.errors import ConfigError
from antiphon.runtime.records.cost import CallCost, cost_of
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.records.outcomes import outcome_of
from antiphon.runtime.records.signs import rating_of, signs_of
from antiphon.runtime.records.story import CallStory, ReplyStory, tell
from antiphon.runtime.records.waterfall import percentiles, waterfall
from antiphon.storage.records import (
    COMPLETE,
    CUT_SHORT,
    LIVE,
    CallEntry,
    CallSummary,
    RecordingEntry,
    StageCostEntry,
    ToolEntry,
    TurnEntry,
)
from antiphon.storage.traces import CallFile

UNREADABLE: Final = "unreadable"  # Instead of an end cause: what is in the file makes no sense to us.


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the trace itself does not say. `trace` as in `CallEntry`; `live`: it is still being written."""

    organisation_id: str
    trace: str
    trace_bytes: int
    live: bool = False
    recording: RecordingEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A call as it goes into the index. `record`: what was read for it; None while it goes on, and of a trace
    that makes no sense."""

    entry: CallEntry
    record: CallRecord | None = None


def taken_of(call: CallFile, filed: Filed) -> Taken:
    """Everything of a call that is over; of one that goes on, that it does. Never fails: a damaged trace is
    a call that was cut short and cannot be read. It has the id it is found by, whatever its header says."""
    if filed.live:
        return Taken(entry=_bare_entry(call, filed, state=LIVE, end_cause=""))
    try:
        record = read_call(call.path)
    except ConfigError:
        return Taken(entry=_bare_entry(call, filed, state=CUT_SHORT, end_cause=UNREADABLE))
    return Taken(entry=_entry(call, filed, record), record=record)


def _entry(call: CallFile, filed: Filed, record: CallRecord) -> CallEntry:
    story = tell(record.entries)
    cost = cost_of(record.entries, story)
    return CallEntry(
        summary=replace(_summary(record, story, cost, filed.organisation_id), call_id=call.call_id),
        trace=filed.trace,
        trace_bytes=filed.trace_bytes,
        note=story.escalation[1] if story.escalation else "",
        transcript=tuple(sorted(_transcript(story), key=lambda turn: turn.at_ms)),
        tools=tuple(_tools(story)),
        costs=tuple(_costs(cost)),
        recording=filed.recording,
    )


def _summary(record: CallRecord, story: CallStory, cost: CallCost, organisation_id: str) -> CallSummary:
    header = record.header
    delays_ms = [total for total in _response_delays_ms(story).values() if total is not None]
    response = percentiles(delays_ms)
    caller = next((event.caller_number for event in record.events if isinstance(event, CallStarted)), "")
    return CallSummary(
        call_id=header.call_id,
        organisation_id=organisation_id,
        agent=header.agent,
        definition_hash=header.definition_hash,
        version=header.version,
        line=header.line,
        direction=header.direction,
        caller=caller,
        called=header.called_number,
        state=COMPLETE if record.complete else CUT_SHORT,
        started_at_ms=header.wall_time_ms,
        duration_ms=record.duration_ms,
        end_cause=story.end[1] if story.end else "",
        outcome=outcome_of(story),
        turns=len(story.turns),
        tools=len(story.tools),
        errors=len(story.errors),
        interruptions=sum(item.barge_in for item in story.interruptions),
        response_p50_ms=response["p50"],
        response_p95_ms=response["p95"],
        response_p99_ms=response["p99"],
        cost_usd=cost.total_usd,
        cost_complete=cost.is_complete,
        rating=rating.value if (rating := rating_of(story)) is not None else None,
        signs=signs_of(story),
    )


def _response_delays_ms(story: CallStory) -> dict[int, int | None]:
    """Of each turn by its number."""
    return {
        turn.number: waterfall(turn, story.replies.get(turn.reply_id or "")).total_ms for turn in story.turns
    }


def _transcript(story: CallStory) -> Iterator[TurnEntry]:
    delays_ms = _response_delays_ms(story)
    for turn in story.turns:
        began_ms = turn.onset_ms if turn.onset_ms is not None else turn.ended_ms
        response_ms = delays_ms[turn.number]
        yield TurnEntry(speaker="caller", at_ms=began_ms, text=turn.heard_as, response_ms=response_ms)
    for at_ms, kind, text in story.notes:
        if text and kind != "noise":
            yield TurnEntry(speaker="caller", at_ms=at_ms, text=text)
    for reply in story.replies.values():
        if reply.audible_at_ms is not None and (reply.said or reply.heard):
            yield _spoken(reply, reply.audible_at_ms)


def _spoken(reply: ReplyStory, at_ms: int) -> TurnEntry:
    # A trace that was cut short does not say how far a last reply was heard: it tells what was to be said.
    ended = reply.ended_at_ms is not None
    return TurnEntry(
        speaker="agent",
        at_ms=at_ms,
        text=reply.heard,
        said=reply.said,
        interrupted=ended and not reply.complete,
    )


def _tools(story: CallStory) -> Iterator[ToolEntry]:
    for tool in story.tools.values():
        yield ToolEntry(
            tool_call_id=tool.id,
            name=tool.name,
            effect=tool.effect,
            at_ms=tool.requested_at_ms,
            took_ms=tool.took_ms,
            ok=tool.ok,
            arguments=tool.arguments,
            result=tool.result,
        )


def _costs(cost: CallCost) -> Iterator[StageCostEntry]:
    for stage in cost.stages:
        yield StageCostEntry(
            role=stage.role,
            provider=stage.provider,
            requests=stage.requests,
            cost_usd=stage.cost_usd,
            wasted_usd=stage.wasted_usd,
            estimated=stage.estimated,
            unpriced=stage.unpriced,
        )


def _bare_entry(call: CallFile, filed: Filed, *, state: str, end_cause: str) -> CallEntry:
    header = call.header
    summary = CallSummary(
        call_id=call.call_id,
        organisation_id=filed.organisation_id,
        agent=_text(header, "agent"),
        definition_hash=_text(header, "definition_hash"),
        version=_text(header, "version"),
        line=_text(header, "line"),
        direction=_text(header, "direction") or "inbound",
        caller="",
        called=_text(header, "called_number"),
        state=state,
        started_at_ms=wall_time_ms(header),
        duration_ms=0,
        end_cause=end_cause,
        outcome="unfinished",
    )
    return CallEntry(
        summary=summary, trace=filed.trace, trace_bytes=filed.trace_bytes, recording=filed.recording
    )


def wall_time_ms(header: dict[str, Any]) -> int:
    at_ms = header.get("wall_time_ms", 0)
    return at_ms if isinstance(at_ms, int) else 0


def _text(header: dict[str, Any], name: str) -> str:
    return str(header.get(name, ""))
