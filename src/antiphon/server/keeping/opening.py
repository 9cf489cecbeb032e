"""The index of calls of a data directory, opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from antiphon.storage.access import Database, database_url
from antiphon.storage.keys import keyring
from antiphon.storage.records import CallRecords


async def open_records(home: Path, environ: Mapping[str, str] = os.environ) -> CallRecords:
    """Tables are brought to this version's first. Close its `database` in the end.

    Raises:
        ConfigError: The address or the storage key is wrong, or a newer version wrote the database.
        AntiphonError: The database cannot be reached.
    """
    ring = keyring(home, environ)
    database = await Database.open(database_url(home, environ))
    try:
        return await CallRecords.open(database, ring)
    except BaseException:
        await database.close()
        raise
