"""Comments on calls are sealed. Those of before: `antiphon records rewrap`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "feedback", sa.Column("comment_key", sa.String(length=64), nullable=False, server_default="")
    )
    op.add_column("feedback", sa.Column("comment_sealed", sa.LargeBinary(), nullable=True))
