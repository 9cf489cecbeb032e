"""How the tables came to be, step by step; and bringing a database to where this version is."""

from __future__ import annotations

from antiphon.storage.migrations.upgrading import current_revision, newest_revision, upgrade

__all__ = ["current_revision", "newest_revision", "upgrade"]
