"""Ratings and signs of trouble of calls. Those of calls before: `antiphon records index --again`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("calls", sa.Column("signs", sa.String(length=200), nullable=False, server_default=""))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "call_signs",
        sa.Column("call", number, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sign", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("call", "sign"),
    )
    op.create_index("calls_by_sign", "call_signs", ["sign", "call"])
