"""Which step a database is at, and taking it to the newest. In one transaction: all steps or none."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from antiphon import __version__
from antiphon.errors import ConfigError

# Of two processes that start together one migrates, and the other waits for it.
_LOCK: Final = 0x616E7469


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@cache
def _steps() -> ScriptDirectory:
    """Read once: they are code of ours."""
    return ScriptDirectory.from_config(_config())


def newest_revision() -> str:
    """The step this version of Antiphon knows last."""
    return _steps().get_current_head() or ""


def current_revision(connection: Connection) -> str:
    """The step a database is at; "" of an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(connection: Connection) -> None:
    """Take a database to the newest step.

    Raises:
        ConfigError: It is at a step this version does not know: a newer Antiphon wrote it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    script = _steps()
    current = current_revision(connection)
    if current and current not in {step.revision for step in script.walk_revisions()}:
        raise ConfigError(
            f"a newer version wrote this database: its step {current} is unknown to Antiphon {__version__}",
            where="ANTIPHON_DATABASE_URL",
            fix="run the newer version, or restore the backup from before its first start",
        )
    if current != script.get_current_head():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
