"""`antiphon call`, with its calls on record: where calls are listed from an index, they are in it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from antiphon.errors import AntiphonError
from antiphon.quality import command as simulated


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulated.register(commands, kept=index)


def index(home: Path) -> None:
    """Bring the calls of a data directory into its index, if it has one. What it fails to do, the next start
    of `antiphon serve` does."""
    from antiphon.storage.access.database import DATABASE_VARIABLE, database_file
    from antiphon.storage.home import home_directory

    # A database that is named is that of the data directory in use, and of no other.
    environ = {name: value for name, value in os.environ.items() if name != DATABASE_VARIABLE}
    if home == home_directory().absolute():
        environ = dict(os.environ)
    if not environ.get(DATABASE_VARIABLE) and not database_file(home).is_file():
        return
    try:
        asyncio.run(_caught_up(home, environ))
    except AntiphonError as error:
        print(f"antiphon: the calls are not in the index yet: {error}", file=sys.stderr)


async def _caught_up(home: Path, environ: dict[str, str]) -> None:
    from antiphon.server.keeping.opening import open_records
    from antiphon.server.keeping.service import follower_of

    records = await open_records(home, environ)
    try:
        await follower_of(home, records).catch_up()
    finally:
        await records.database.close()
