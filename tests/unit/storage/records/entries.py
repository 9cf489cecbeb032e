"""Calls for the index, as the tests want them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from antiphon.storage.records import (
    COMPLETE,
    CallEntry,
    CallSummary,
    RecordingEntry,
    StageCostEntry,
    ToolEntry,
    TurnEntry,
)

STARTED_MS = 1_780_000_000_000
SUMMARY = CallSummary(
    call_id="c1",
    organisation_id="default",
    agent="clinic",
    definition_hash="abc",
    version="0.1.0",
    line="phone",
    direction="inbound",
    caller="+15550100",
    called="+15550199",
    state=COMPLETE,
    started_at_ms=STARTED_MS,
    duration_ms=61_000,
    end_cause="caller_hung_up",
    outcome="contained",
    turns=1,
    tools=1,
    interruptions=1,
    response_p50_ms=480,
    response_p95_ms=700,
    response_p99_ms=700,
    cost_usd=Decimal("0.012345678"),
)
CALL = CallEntry(
    summary=SUMMARY,
    trace="calls/2026-05-28/c1.jsonl",
    trace_bytes=4711,
    note="wants a cleaning",
    transcript=(
        TurnEntry(
            speaker="agent", at_ms=80, text="Hello, this is", said="Hello, this is Mia.", interrupted=True
        ),
        TurnEntry(speaker="caller", at_ms=2000, text="I'd like to book a cleaning.", response_ms=480),
        TurnEntry(speaker="agent", at_ms=2480, text="Thursday at ten?", said="Thursday at ten?"),
    ),
    tools=(
        ToolEntry(
            tool_call_id="t1",
            name="clinic.find_slots",
            effect="none",
            at_ms=2300,
            took_ms=60,
            ok=True,
            arguments='{"patient":"Zoe Quill"}',
            result="[]",
        ),
    ),
    costs=(
        StageCostEntry(
            role="llm", provider="a/b", requests=2, cost_usd=Decimal("0.01"), wasted_usd=Decimal("0.002")
        ),
        StageCostEntry(
            role="stt", provider="c/d", requests=1, cost_usd=Decimal("0.002345678"), estimated=True
        ),
    ),
    recording=RecordingEntry(
        location="recordings/2026-05-28/c1.recording", retain_until_ms=None, complete=True
    ),
)


def a_call(call_id: str, *said: str, after_ms: int = 0, **facts: Any) -> CallEntry:
    """A call like `CALL` that differs in `facts`, began later, and in which the caller said that."""
    summary = replace(SUMMARY, call_id=call_id, started_at_ms=STARTED_MS + after_ms, **facts)
    turns = tuple(
        TurnEntry(speaker="caller", at_ms=1000 * place, text=text) for place, text in enumerate(said)
    )
    return replace(CALL, summary=summary, transcript=turns or CALL.transcript)
