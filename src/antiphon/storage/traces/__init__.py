"""Append-only traces of calls on disk: one JSON object a line, one file a call, one folder a day.

Knows bytes and dictionaries, nothing of conversations. Files are 0600 in folders 0700; what they hold is
personal data: sealed where the writer is given keys, else in clear. Readers take both.
"""

from __future__ import annotations

from antiphon.storage.traces.catalog import (
    CallFile,
    bare_call,
    find_call,
    list_calls,
    peek_call,
    trace_path,
)
from antiphon.storage.traces.format import TRACE_FORMAT
from antiphon.storage.traces.holding import is_held
from antiphon.storage.traces.opening import read_trace
from antiphon.storage.traces.reading import TraceLine, TraceReader
from antiphon.storage.traces.writing import TraceFlusher, TraceWriter, close_traces, shared_flusher

__all__ = [
    "TRACE_FORMAT",
    "CallFile",
    "TraceFlusher",
    "TraceLine",
    "TraceReader",
    "TraceWriter",
    "bare_call",
    "close_traces",
    "find_call",
    "is_held",
    "list_calls",
    "peek_call",
    "read_trace",
    "shared_flusher",
    "trace_path",
]
