"""Tables of the index of calls. What is sealed is said; everything else is no person's."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from antiphon.storage.access.tables import metadata

_Id = String(64)
_Name = String(200)
_CallId = String(100)
# SQLite makes only a plain INTEGER primary key its row id; the full-text index is joined by it.
_Number = BigInteger().with_variant(Integer, "sqlite")

__all__ = [
    "calls",
    "costs",
    "erasures",
    "metadata",
    "record_keys",
    "recordings",
    "retention_runs",
    "signs",
    "stretches",
    "tools",
    "turns",
]


def _of_call() -> Column[int]:
    return Column("call", _Number, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)


# `id` begins with the time the call began (`numbering.py`), so the newest are read without sorting.
calls = Table(
    "calls",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("call_id", _CallId, nullable=False),
    Column("organisation_id", _Id, nullable=False),
    Column("agent", _Name, nullable=False),
    Column("definition_hash", String(100), nullable=False),
    Column("version", String(40), nullable=False),
    Column("line", String(20), nullable=False),
    Column("direction", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("started_at_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("end_cause", String(60), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("turns", Integer, nullable=False),
    Column("tools", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("response_p50_ms", Integer),
    Column("response_p95_ms", Integer),
    Column("response_p99_ms", Integer),
    Column("cost_nano_usd", BigInteger, nullable=False),
    Column("cost_complete", Boolean, nullable=False),
    Column("rating", Integer),
    Column("signs", String(200), nullable=False, server_default=""),
    Column("caller_hash", String(32), nullable=False),
    Column("called_hash", String(32), nullable=False),
    Column("trace", String(300), nullable=False),
    Column("trace_bytes", BigInteger, nullable=False),
    Column("archived_bytes", BigInteger),  # Of the trace, in the object store; None: not there.
    Column("key_name", _Id, nullable=False),
    Column("key_wrapped", LargeBinary, nullable=False),
    Column("personal", LargeBinary, nullable=False),  # Sealed: both numbers, the note.
    UniqueConstraint("call_id", name="a_call_once"),
    Index("calls_of_organisation", "organisation_id", "id"),
    Index("calls_of_agent", "organisation_id", "agent", "id"),
    Index("calls_by_end", "organisation_id", "end_cause", "id"),
    Index("calls_by_outcome", "organisation_id", "outcome", "id"),
    Index("calls_by_state", "state", "id"),
    Index("calls_by_caller", "organisation_id", "caller_hash"),
    Index("calls_by_called", "organisation_id", "called_hash"),
    # All an overview adds up: it reads no rows, which hold sealed words too.
    Index(
        "calls_at_a_glance",
        "organisation_id", "id", "state", "agent", "outcome", "end_cause", "duration_ms", "errors",
        "interruptions", "cost_nano_usd", "cost_complete", "response_p50_ms", "response_p99_ms",
    ),
)  # fmt: skip

signs = Table(
    "call_signs",
    metadata,
    _of_call(),
    Column("sign", String(40), primary_key=True),
    Index("calls_by_sign", "sign", "call"),
)

# Counts of hours and days that are over (`stretches.py`): sums only, made again where they are missing.
stretches = Table(
    "call_stretches",
    metadata,
    Column("organisation_id", _Id, primary_key=True),
    Column("width_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    _of_call(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("speaker", String(10), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("response_ms", Integer),
    Column("interrupted", Boolean, nullable=False),
    Column("words", LargeBinary, nullable=False),  # Sealed.
)

tools = Table(
    "tool_calls",
    metadata,
    _of_call(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("tool_call_id", _Name, nullable=False),
    Column("name", _Name, nullable=False),
    Column("effect", String(40), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("ok", Boolean),
    Column("content", LargeBinary, nullable=False),  # Sealed: arguments and result.
    Index("tool_calls_by_name", "name"),
)

costs = Table(
    "call_costs",
    metadata,
    _of_call(),
    Column("role", String(40), primary_key=True),
    Column("provider", _Name, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("cost_nano_usd", BigInteger, nullable=False),
    Column("wasted_nano_usd", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("unpriced", Integer, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    _of_call(),
    Column("location", String(300), nullable=False),
    Column("retain_until_ms", BigInteger),
    Column("complete", Boolean, nullable=False),
    Index("recordings_by_date", "retain_until_ms"),
)

# The key that hashes are made with; wrapped by the storage key, so that one may rotate and the other stay.
record_keys = Table(
    "record_keys",
    metadata,
    Column("name", _Id, primary_key=True),
    Column("key_name", _Id, nullable=False),
    Column("key_wrapped", LargeBinary, nullable=False),
)

# Proof that a person's data is gone, without the data: the number only as its keyed hash.
erasures = Table(
    "erasures",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("finished_at_ms", BigInteger),
    Column("actor", _Name, nullable=False),
    Column("subject_hash", String(32), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("traces", Integer, nullable=False),
    Column("recordings", Integer, nullable=False),
    Index("erasures_of_organisation", "organisation_id", "at_ms"),
)

retention_runs = Table(
    "retention_runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("finished_at_ms", BigInteger),
    Column("policy", Text, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("traces", Integer, nullable=False),
    Column("recordings", Integer, nullable=False),
)
