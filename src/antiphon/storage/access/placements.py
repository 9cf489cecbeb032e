"""Intents to place a call, kept before anybody is rung: one key, one call."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import placed_calls


class Placements:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, organisation_id: str, key: str, request_sha256: str) -> dict[str, str] | None:
        """None: the intent is new, and kept. Else what became of it: request_sha256, state ("asked" while
        nobody knows, "placed", "failed") and carrier_call_id."""
        row = insert(placed_calls).values(
            organisation_id=organisation_id, key=key, request_sha256=request_sha256, state="asked",
            carrier_call_id="", at_ms=now_ms(),
        )  # fmt: skip
        try:
            async with self._database.transaction() as connection:
                await connection.execute(row)
            return None
        except IntegrityError:
            # It may have been withdrawn since; then nobody was rung, and who asks again begins anew.
            gone = {"request_sha256": request_sha256, "state": "failed", "carrier_call_id": ""}
            return await self.find(organisation_id, key) or gone

    async def find(self, organisation_id: str, key: str) -> dict[str, str] | None:
        """As `begin` tells of one that is known; keeps nothing."""
        this = (placed_calls.c.organisation_id == organisation_id) & (placed_calls.c.key == key)
        columns = (placed_calls.c.request_sha256, placed_calls.c.state, placed_calls.c.carrier_call_id)
        async with self._database.transaction() as connection:
            found = (await connection.execute(select(*columns).where(this))).mappings().one_or_none()
        return {name: str(value) for name, value in found.items()} if found is not None else None

    async def withdraw(self, organisation_id: str, key: str) -> None:
        """Nobody was asked to dial: the key is as new."""
        this = (placed_calls.c.organisation_id == organisation_id) & (placed_calls.c.key == key)
        async with self._database.transaction() as connection:
            await connection.execute(delete(placed_calls).where(this))

    async def settle(self, organisation_id: str, key: str, state: str, carrier_call_id: str = "") -> None:
        this = (placed_calls.c.organisation_id == organisation_id) & (placed_calls.c.key == key)
        async with self._database.transaction() as connection:
            values = {"state": state, "carrier_call_id": carrier_call_id}
            await connection.execute(update(placed_calls).where(this).values(values))
