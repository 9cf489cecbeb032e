"""The index of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calls()
    _erasures()
    _record_keys()
    _retention_runs()
    _call_costs()
    _recordings()
    _tool_calls()
    _turns()
    _call_words()


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("call_id", sa.String(length=100), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("definition_hash", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=False),
        sa.Column("direction", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_cause", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("tools", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("response_p50_ms", sa.Integer(), nullable=True),
        sa.Column("response_p95_ms", sa.Integer(), nullable=True),
        sa.Column("response_p99_ms", sa.Integer(), nullable=True),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("cost_complete", sa.Boolean(), nullable=False),
        sa.Column("caller_hash", sa.String(length=32), nullable=False),
        sa.Column("called_hash", sa.String(length=32), nullable=False),
        sa.Column("trace", sa.String(length=300), nullable=False),
        sa.Column("trace_bytes", sa.BigInteger(), nullable=False),
        sa.Column("archived_bytes", sa.BigInteger(), nullable=True),
        sa.Column("key_name", sa.String(length=64), nullable=False),
        sa.Column("key_wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id", name="a_call_once"),
    )
    op.create_index("calls_by_called", "calls", ["organisation_id", "called_hash"], unique=False)
    op.create_index("calls_by_caller", "calls", ["organisation_id", "caller_hash"], unique=False)
    op.create_index("calls_by_end", "calls", ["organisation_id", "end_cause", "id"], unique=False)
    op.create_index("calls_by_outcome", "calls", ["organisation_id", "outcome", "id"], unique=False)
    op.create_index("calls_by_state", "calls", ["state", "id"], unique=False)
    op.create_index("calls_of_agent", "calls", ["organisation_id", "agent", "id"], unique=False)
    op.create_index("calls_of_organisation", "calls", ["organisation_id", "id"], unique=False)


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("subject_hash", sa.String(length=32), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("traces", sa.Integer(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("erasures_of_organisation", "erasures", ["organisation_id", "at_ms"], unique=False)


def _record_keys() -> None:
    op.create_table(
        "record_keys",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key_name", sa.String(length=64), nullable=False),
        sa.Column("key_wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _retention_runs() -> None:
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("traces", sa.Integer(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _call_costs() -> None:
    op.create_table(
        "call_costs",
        sa.Column("call", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=200), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("wasted_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call", "role", "provider"),
    )


def _recordings() -> None:
    op.create_table(
        "recordings",
        sa.Column("call", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("location", sa.String(length=300), nullable=False),
        sa.Column("retain_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call"),
    )
    op.create_index("recordings_by_date", "recordings", ["retain_until_ms"], unique=False)


def _tool_calls() -> None:
    op.create_table(
        "tool_calls",
        sa.Column("call", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tool_call_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("effect", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call", "position"),
    )
    op.create_index("tool_calls_by_name", "tool_calls", ["name"], unique=False)


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("call", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("speaker", sa.String(length=10), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("response_ms", sa.Integer(), nullable=True),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call", "position"),
    )


def _call_words() -> None:
    """What is indexed are hashes of words; each engine has its own kind of index for them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE call_words (call BIGINT PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE, "
            "words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX call_words_by_word ON call_words USING GIN (words)")
    else:
        op.execute("CREATE VIRTUAL TABLE call_words USING fts5 (words, tokenize = 'ascii')")
