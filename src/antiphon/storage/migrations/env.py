"""Run by Alembic for every migration: on the connection it was given, within its transaction."""

from __future__ import annotations

from alembic import context

from antiphon.storage.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters no columns; Alembic copies the table instead.
)
context.run_migrations()
