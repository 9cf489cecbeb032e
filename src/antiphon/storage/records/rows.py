"""Between the values of a call and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Column, RowMapping

from antiphon.storage.records.numbering import call_number
from antiphon.storage.records.seals import CallSeal, RecordKeys
from antiphon.storage.records.tables import calls
from antiphon.storage.records.values import (
    CallEntry,
    CallSummary,
    RecordingEntry,
    StageCostEntry,
    ToolEntry,
    TurnEntry,
)
from antiphon.storage.records.words import document

NANO: Final = Decimal(10) ** 9
_NOT_COLUMNS: Final = frozenset({"caller", "called", "cost_usd", "signs"})
_PLAIN: Final = tuple(field.name for field in fields(CallSummary) if field.name not in _NOT_COLUMNS)
SUMMARY_COLUMNS: Final[Sequence[Column[Any]]] = (
    *(calls.c[name] for name in _PLAIN),
    *(calls.c[name] for name in ("id", "cost_nano_usd", "signs", "key_name", "key_wrapped", "personal")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRows:
    """A call as it is put into the tables; `words` is its document of the full-text index."""

    call: dict[str, Any]
    turns: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    costs: list[dict[str, Any]]
    recordings: list[dict[str, Any]]
    signs: list[dict[str, Any]]
    words: str


def rows_of(entry: CallEntry, keys: RecordKeys, number: int | None = None) -> CallRows:
    """Sealed under a new key. `number`: the one it has already."""
    summary = entry.summary
    seal, key_name, key_wrapped = keys.new(summary.call_id)
    if number is None:
        number = call_number(summary.call_id, summary.started_at_ms)
    organisation_id = summary.organisation_id
    personal = {"caller": summary.caller, "called": summary.called, "note": entry.note}
    call = {name: getattr(summary, name) for name in _PLAIN} | {
        "id": number,
        "cost_nano_usd": _nano(summary.cost_usd),
        "signs": " ".join(summary.signs),
        "caller_hash": keys.number_hash(organisation_id, summary.caller),
        "called_hash": keys.number_hash(organisation_id, summary.called),
        "trace": entry.trace,
        "trace_bytes": entry.trace_bytes,
        "key_name": key_name,
        "key_wrapped": key_wrapped,
        "personal": seal.seal("personal", personal),
    }
    return CallRows(
        call=call,
        turns=[_turn_row(number, position, turn, seal) for position, turn in enumerate(entry.transcript)],
        tools=[_tool_row(number, position, tool, seal) for position, tool in enumerate(entry.tools)],
        costs=[_cost_row(number, cost) for cost in entry.costs],
        recordings=[_recording_row(number, entry.recording)] if entry.recording else [],
        signs=[{"call": number, "sign": sign} for sign in summary.signs],
        words=document(
            (turn.text for turn in entry.transcript), lambda word: keys.word_token(organisation_id, word)
        ),
    )


def summary_of(row: RowMapping, seal: CallSeal) -> CallSummary:
    personal = seal.open("personal", bytes(row["personal"]))
    return CallSummary(
        **{name: row[name] for name in _PLAIN},
        caller=personal["caller"],
        called=personal["called"],
        cost_usd=row["cost_nano_usd"] / NANO,
        signs=tuple(row["signs"].split()),
    )


def note_of(row: RowMapping, seal: CallSeal) -> str:
    return str(seal.open("personal", bytes(row["personal"]))["note"])


def turn_of(row: RowMapping, seal: CallSeal) -> TurnEntry:
    return TurnEntry(
        speaker=row["speaker"],
        at_ms=row["at_ms"],
        response_ms=row["response_ms"],
        interrupted=row["interrupted"],
        **seal.open(f"turn/{row['position']}", bytes(row["words"])),
    )


def tool_of(row: RowMapping, seal: CallSeal) -> ToolEntry:
    plain = ("tool_call_id", "name", "effect", "at_ms", "took_ms", "ok")
    content = seal.open(f"tool/{row['position']}", bytes(row["content"]))
    return ToolEntry(**{name: row[name] for name in plain}, **content)


def cost_entry(row: RowMapping) -> StageCostEntry:
    return StageCostEntry(
        role=row["role"],
        provider=row["provider"],
        requests=row["requests"],
        cost_usd=row["cost_nano_usd"] / NANO,
        wasted_usd=row["wasted_nano_usd"] / NANO,
        estimated=row["estimated"],
        unpriced=row["unpriced"],
    )


def recording_entry(row: RowMapping) -> RecordingEntry:
    return RecordingEntry(
        location=row["location"], retain_until_ms=row["retain_until_ms"], complete=row["complete"]
    )


def _turn_row(number: int, position: int, turn: TurnEntry, seal: CallSeal) -> dict[str, Any]:
    return {
        "call": number,
        "position": position,
        "speaker": turn.speaker,
        "at_ms": turn.at_ms,
        "response_ms": turn.response_ms,
        "interrupted": turn.interrupted,
        "words": seal.seal(f"turn/{position}", {"text": turn.text, "said": turn.said}),
    }


def _tool_row(number: int, position: int, tool: ToolEntry, seal: CallSeal) -> dict[str, Any]:
    return {
        "call": number,
        "position": position,
        "tool_call_id": tool.tool_call_id,
        "name": tool.name,
        "effect": tool.effect,
        "at_ms": tool.at_ms,
        "took_ms": tool.took_ms,
        "ok": tool.ok,
        "content": seal.seal(f"tool/{position}", {"arguments": tool.arguments, "result": tool.result}),
    }


def _cost_row(number: int, cost: StageCostEntry) -> dict[str, Any]:
    return {
        "call": number,
        "role": cost.role,
        "provider": cost.provider,
        "requests": cost.requests,
        "cost_nano_usd": _nano(cost.cost_usd),
        "wasted_nano_usd": _nano(cost.wasted_usd),
        "estimated": cost.estimated,
        "unpriced": cost.unpriced,
    }


def _recording_row(number: int, recording: RecordingEntry) -> dict[str, Any]:
    return {
        "call": number,
        "location": recording.location,
        "retain_until_ms": recording.retain_until_ms,
        "complete": recording.complete,
    }


def _nano(usd: Decimal) -> int:
    return int((usd * NANO).to_integral_value())
