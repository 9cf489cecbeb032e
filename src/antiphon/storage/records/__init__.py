"""The index of calls: what an operator lists, filters, searches and opens. The trace on disk stays the truth;
every row here can be made again from it. Words and numbers of people are sealed, and found by hashes."""

from __future__ import annotations

from antiphon.storage.records.calls import CallRecords
from antiphon.storage.records.values import (
    COMPLETE,
    CUT_SHORT,
    LIVE,
    CallDetail,
    CallEntry,
    CallPage,
    CallQuery,
    CallSummary,
    RecordingEntry,
    StageCostEntry,
    ToolEntry,
    TurnEntry,
)

__all__ = [
    "COMPLETE",
    "CUT_SHORT",
    "LIVE",
    "CallDetail",
    "CallEntry",
    "CallPage",
    "CallQuery",
    "CallRecords",
    "CallSummary",
    "RecordingEntry",
    "StageCostEntry",
    "ToolEntry",
    "TurnEntry",
]
