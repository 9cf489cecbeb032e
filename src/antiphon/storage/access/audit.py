"""What was changed or tried: an entry before the deed, its outcome after. Entries are never removed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`outcome`: "started" (and nothing after it: we were stopped half-way), "denied", or the HTTP status."""

    number: int
    organisation_id: str
    at_ms: int
    actor: str
    action: str
    target: Mapping[str, str]
    outcome: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody is about to do. `target` names things, and never holds words, numbers or secrets."""

    organisation_id: str
    actor: str
    action: str
    target: Mapping[str, str]
    address: str = ""


class Audit:
    """One list per organisation, in the order things began."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, deed: Deed, outcome: str = "started") -> int:
        """Gives the entry's number; what it tells of may begin only now."""
        row = insert(audit).values(
            organisation_id=deed.organisation_id,
            at_ms=now_ms(),
            actor=deed.actor[:200],
            action=deed.action[:100],
            target={name: str(value)[:200] for name, value in deed.target.items()},
            outcome=outcome,
            address=deed.address[:64],
        )
        async with self._database.transaction() as connection:
            key: Any = (await connection.execute(row)).inserted_primary_key
            return int(key[0])

    async def finish(self, number: int, outcome: str) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(update(audit).where(audit.c.number == number).values(outcome=outcome))

    async def entries(
        self, organisation_id: str, *, before: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """Newest first; `before` is the number of the last one seen."""
        query = select(audit).where(audit.c.organisation_id == organisation_id)
        if before is not None:
            query = query.where(audit.c.number < before)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(audit.c.number.desc()).limit(limit))
            return [AuditEntry(**row) for row in rows.mappings()]
