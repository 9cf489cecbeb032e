"""Feedback on calls: ratings and words of callers, of people who listened, and signs found in a call."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import insert, select

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """`source`: caller, reviewer or implicit. `rating`: 1 to 5, None with words or labels only."""

    id: str
    organisation_id: str
    call_id: str
    source: str
    rating: int | None
    labels: tuple[str, ...]
    comment: str
    given_by: str
    at_ms: int


class Opinions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def give(self, organisation_id: str, call_id: str, *, by: str, **said: Any) -> Opinion:
        """`said`: source, rating, labels, comment."""
        opinion = Opinion(
            id=f"fb_{secrets.token_hex(8)}",
            organisation_id=organisation_id,
            call_id=call_id,
            given_by=by[:200],
            at_ms=now_ms(),
            **said,
        )
        values = {field.name: getattr(opinion, field.name) for field in fields(opinion)}
        async with self._database.transaction() as connection:
            await connection.execute(insert(feedback).values(values | {"labels": list(opinion.labels)}))
        return opinion

    async def of_call(self, organisation_id: str, call_id: str) -> list[Opinion]:
        """Oldest first."""
        ours = (feedback.c.organisation_id == organisation_id) & (feedback.c.call_id == call_id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(feedback).where(ours).order_by(feedback.c.at_ms, feedback.c.id)
            )
            return [Opinion(**dict(row) | {"labels": tuple(row["labels"])}) for row in rows.mappings()]
