"""What happened when, for a person who looks into one call: every answer's stages on one clock, every
request to a model, the state of the line, what was permitted. The stages are those of `waterfall.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from antiphon.runtime.prompts import prompts_of
from antiphon.runtime.records.lines import CallRecord, NoteEntry
from antiphon.runtime.records.story import CallStory, ReplyStory, TurnStory, tell
from antiphon.runtime.records.waterfall import BUDGET_MS, TOTAL_BOUNDS_MS, waterfall

_TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
# Notes of the trace that tell of a permission: asked for, given, used or refused.
_PERMITTED = (
    "recording_",
    "transfer_",
    "caller_muted",
    "caller_unmuted",
    "whispered",
    "keys_sent",
    "picture",
)


def timeline(record: CallRecord) -> dict[str, Any]:
    """Keys: budget_ms (from and to, by stage), bounds_ms, turns, replies, messages, model_calls, line,
    line_totals, notes, header. Moments are call time in ms; a stage's are counted from the caller's last
    sample. A model call's `prompt` are places in `messages`, None where the trace does not say."""
    story = tell(record.entries)
    notes = [entry for entry in record.entries if isinstance(entry, NoteEntry)]
    messages, prompts = prompts_of(note.fields for note in notes if note.type == "prompt")
    return {
        "budget_ms": {name: list(bounds) for name, bounds in BUDGET_MS.items()},
        "bounds_ms": TOTAL_BOUNDS_MS,
        "turns": [_turn(turn, story.replies.get(turn.reply_id or "")) for turn in story.turns],
        "replies": [_reply(reply) for reply in story.replies.values()],
        "messages": messages,
        "model_calls": [_model_call(note, story, prompts) for note in notes if _is_model_call(note)],
        "line": [
            {
                "at_ms": graded.at_ms,
                "poor": graded.poor,
                "causes": graded.causes,
                "level_dbfs": graded.level_dbfs,
                "snr_db": graded.snr_db,
                "lost_pct": graded.lost_pct,
                "clipped_pct": graded.clipped_pct,
                "bandwidth_hz": graded.bandwidth_hz,
            }
            for graded in story.line
        ],
        "line_totals": next((note.fields for note in reversed(notes) if note.type == "line_quality"), None),
        "notes": [
            {"at_ms": note.at_ms, "type": note.type, "fields": note.fields}
            for note in notes
            if note.type.startswith(_PERMITTED)
        ],
        "header": {
            "version": record.header.version,
            "definition_hash": record.header.definition_hash,
            "direction": record.header.direction,
        },
    }


def _turn(turn: TurnStory, reply: ReplyStory | None) -> dict[str, Any]:
    fall = waterfall(turn, reply)
    return {
        "turn": turn.number,
        "reply": turn.reply_id,
        "onset_ms": turn.onset_ms,
        "ended_ms": turn.ended_ms,
        "committed_at_ms": turn.committed_at_ms,
        "text": turn.heard_as,
        "total_ms": fall.total_ms,
        "speculative": fall.speculative,
        "stages": [
            {
                "name": stage.name,
                "from_ms": stage.from_ms,
                "to_ms": stage.to_ms,
                "hidden_ms": stage.hidden_ms,
            }
            for stage in fall.stages
        ],
    }


def _reply(reply: ReplyStory) -> dict[str, Any]:
    return {
        "reply": reply.id,
        "kind": reply.kind,
        "audible_at_ms": reply.audible_at_ms,
        "ended_at_ms": reply.ended_at_ms,
        "said": reply.said,
        "heard": reply.heard,
        "heard_ms": reply.heard_ms,
        "complete": reply.complete,
        "discarded": reply.discarded,
    }


def _is_model_call(note: NoteEntry) -> bool:
    return note.type == "usage" and any(name in note.fields for name in _TOKENS)


def _model_call(note: NoteEntry, story: CallStory, prompts: Mapping[int, list[int]]) -> dict[str, Any]:
    fields = note.fields
    reply = story.replies.get(str(fields.get("reply", "")))
    return {
        "at_ms": note.at_ms,
        "role": str(fields.get("role", "")),
        "provider": str(fields.get("provider", "")),
        "reply": str(fields.get("reply", "")),
        "cost_usd": fields.get("cost_usd"),
        "estimated": bool(fields.get("estimated")),
        "wasted": bool(fields.get("wasted")) or (reply is not None and reply.discarded),
        "prompt": prompts.get(int(fields.get("request") or 0)),
        **{name: int(fields.get(name) or 0) for name in _TOKENS},
    }
