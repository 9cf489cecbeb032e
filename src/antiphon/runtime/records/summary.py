"""A finished call as one JSON-able object: turns with latency, tools, interruptions, outcome, errors."""

from __future__ import annotations

from typing import Any

from antiphon.runtime.records.cost import cost_of, cost_summary
from antiphon.runtime.records.lines import CallRecord, NoteEntry
from antiphon.runtime.records.story import CallStory, ReplyStory, tell
from antiphon.runtime.records.waterfall import percentiles, waterfall


def summarise(record: CallRecord) -> dict[str, Any]:
    """Keys: call_id, agent, line, started_at_ms, outcome, escalation, turns, replies, latency_ms, stages_ms,
    tools, interruptions, utterances, duration_ms, cost, models_chosen, errors, counts, complete."""
    story = tell(record.entries)
    falls = [(turn, waterfall(turn, story.replies.get(turn.reply_id or ""))) for turn in story.turns]
    totals = [fall.total_ms for _, fall in falls if fall.total_ms is not None]
    return {
        "call_id": record.header.call_id,
        "agent": record.header.agent,
        "line": record.header.line,
        "started_at_ms": record.header.wall_time_ms,
        "outcome": story.outcome,
        "escalation": {"reason": story.escalation[0], "summary": story.escalation[1]}
        if story.escalation
        else None,
        "turns": [
            {
                "turn": turn.number,
                "ended_ms": turn.ended_ms,
                "agent_heard": turn.heard_as,
                "agent_said": reply.said if (reply := story.replies.get(turn.reply_id or "")) else "",
                "agent_was_heard": reply.heard if reply else "",
                "latency_ms": fall.durations_ms(),
            }
            for turn, fall in falls
        ],
        "replies": [_reply(reply) for reply in story.replies.values() if not reply.discarded],
        "latency_ms": percentiles(totals),
        "stages_ms": _by_stage([fall.durations_ms() for _, fall in falls]),
        "tools": [_tool(story, tool_id) for tool_id in story.tools],
        "interruptions": [
            {
                "at_ms": item.at_ms,
                "reply": item.reply_id,
                "kind": "barge_in" if item.barge_in else "false_interruption",
                "silent_after_ms": item.silent_after_ms,
            }
            for item in story.interruptions
        ],
        "utterances": [{"at_ms": at, "kind": kind, "text": text} for at, kind, text in story.notes],
        "duration_ms": record.duration_ms,
        "cost": cost_summary(cost_of(record.entries, story)),
        "models_chosen": [
            {"at_ms": entry.at_ms} | entry.fields
            for entry in record.entries
            if isinstance(entry, NoteEntry) and entry.type == "model_chosen"
        ],
        "errors": [{"at_ms": item.at_ms, "what": item.what, "detail": item.detail} for item in story.errors],
        "counts": _counts(story),
        "complete": record.complete,
    }


def _reply(reply: ReplyStory) -> dict[str, Any]:
    return {
        "reply": reply.id,
        "kind": reply.kind,
        "at_ms": reply.audible_at_ms,
        "said": reply.said,
        "heard": reply.heard,
        "heard_ms": reply.heard_ms,
        "complete": reply.complete,
        "protected": reply.protected,
    }


def _tool(story: CallStory, tool_id: str) -> dict[str, Any]:
    tool = story.tools[tool_id]
    return {
        "tool_call_id": tool.id,
        "name": tool.name,
        "arguments": tool.arguments,
        "effect": tool.effect,
        "requested_at_ms": tool.requested_at_ms,
        "run_at_ms": tool.run_at_ms,
        "ok": tool.ok,
        "result": tool.result,
        "took_ms": tool.took_ms,
        "reused_from": tool.reused_from,
    }


def _by_stage(turns: list[dict[str, int | None]]) -> dict[str, dict[str, int | None]]:
    names = dict.fromkeys(name for turn in turns for name in turn)
    return {
        name: percentiles([value for turn in turns if (value := turn.get(name)) is not None])
        for name in names
    }


def _counts(story: CallStory) -> dict[str, int]:
    return {
        "turns": len(story.turns),
        "replies": sum(not reply.discarded for reply in story.replies.values()),
        "discarded_drafts": sum(reply.discarded for reply in story.replies.values()),
        "tools": len(story.tools),
        "barge_ins": sum(item.barge_in for item in story.interruptions),
        "false_interruptions": sum(not item.barge_in for item in story.interruptions),
        "backchannels": sum(kind == "backchannel" for _, kind, _ in story.notes),
        "noises": sum(kind == "noise" for _, kind, _ in story.notes),
        "errors": len(story.errors),
    }
