"""Links that show a call to whoever has them: which there are, and which were taken back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import insert, select, update

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import shared_links

_LISTED_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLinkEntry:
    """A link, without its token, which nobody keeps."""

    id: str
    organisation_id: str
    call_id: str
    created_by: str
    created_at_ms: int
    good_until_ms: int
    revoked_at_ms: int | None = None


class SharedLinks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link: SharedLinkEntry) -> None:
        values = {field.name: getattr(link, field.name) for field in fields(link)}
        async with self._database.transaction() as connection:
            await connection.execute(insert(shared_links).values(values))

    async def of_call(self, organisation_id: str, call_id: str) -> list[SharedLinkEntry]:
        """The newest hundred, newest first; also those that are over."""
        ours = (shared_links.c.organisation_id == organisation_id) & (shared_links.c.call_id == call_id)
        newest = (shared_links.c.created_at_ms.desc(), shared_links.c.id)
        async with self._database.reading() as connection:
            query = select(shared_links).where(ours).order_by(*newest).limit(_LISTED_MAX)
            return [SharedLinkEntry(**row) for row in (await connection.execute(query)).mappings()]

    async def revoke(self, organisation_id: str, call_id: str, link_id: str) -> bool:
        """For good. Whether there is such a link; one that was taken back already stays as it is."""
        which = (
            (shared_links.c.id == link_id)
            & (shared_links.c.organisation_id == organisation_id)
            & (shared_links.c.call_id == call_id)
        )
        still = which & shared_links.c.revoked_at_ms.is_(None)
        async with self._database.transaction() as connection:
            await connection.execute(update(shared_links).where(still).values(revoked_at_ms=now_ms()))
            return (await connection.execute(select(shared_links.c.id).where(which))).first() is not None

    async def is_good(self, link_id: str) -> bool:
        """It is known, and was not taken back. Its time is told by its token."""
        query = select(shared_links.c.id).where(
            shared_links.c.id == link_id, shared_links.c.revoked_at_ms.is_(None)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(query)).first() is not None
