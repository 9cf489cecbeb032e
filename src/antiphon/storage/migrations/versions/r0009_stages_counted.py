"""What calls used of each provider is counted with their hours and days, which are counted anew."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM call_stretches")
