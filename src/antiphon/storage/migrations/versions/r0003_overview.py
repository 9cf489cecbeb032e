"""An index that holds all an overview adds up, so that it reads no rows."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = [
    "organisation_id",
    "id",
    "state",
    "agent",
    "outcome",
    "end_cause",
    "duration_ms",
    "errors",
    "interruptions",
    "cost_nano_usd",
    "cost_complete",
    "response_p50_ms",
    "response_p99_ms",
]


def upgrade() -> None:
    op.create_index("calls_at_a_glance", "calls", COLUMNS, unique=False)
