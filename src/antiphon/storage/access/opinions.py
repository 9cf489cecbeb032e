"""Feedback on calls: ratings and words of callers, of people who listened, and signs found in a call. Words
are sealed: they may name anybody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from antiphon.errors import ConfigError
from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import feedback
from antiphon.storage.keys import Keyring


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
    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring

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
        values |= {"labels": list(opinion.labels)} | self._sealed(opinion.id, opinion.comment)
        async with self._database.transaction() as connection:
            await connection.execute(insert(feedback).values(values))
        return opinion

    async def of_call(self, organisation_id: str, call_id: str) -> list[Opinion]:
        """Oldest first.

        Raises:
            ConfigError: The storage key of one is not here, or somebody changed it.
        """
        ours = (feedback.c.organisation_id == organisation_id) & (feedback.c.call_id == call_id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(feedback).where(ours).order_by(feedback.c.at_ms, feedback.c.id)
            )
            return [self._opened(row) for row in rows.mappings()]

    async def rewrap(self) -> int:
        """Seal with the current storage key what lies in clear or under older ones; gives how many."""
        current = self._keyring.current
        old = feedback.c.comment_sealed.is_(None) | (feedback.c.comment_key != current)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(select(feedback).where(old))).mappings().all()
            for row in rows:
                sealed = self._sealed(row["id"], self._opened(row).comment)
                await connection.execute(update(feedback).where(feedback.c.id == row["id"]).values(sealed))
        return len(rows)

    def _sealed(self, id: str, comment: str) -> dict[str, Any]:  # noqa: A002 - a column's name
        """Bound to its row: put into another's, it is refused."""
        name, sealed = self._keyring.wrap(msgspec.json.encode([id, comment]))
        return {"comment": "", "comment_key": name, "comment_sealed": sealed}

    def _opened(self, row: RowMapping) -> Opinion:
        values = {field.name: row[field.name] for field in fields(Opinion)}
        if row["comment_sealed"] is not None:
            plain = self._keyring.unwrap(row["comment_key"], bytes(row["comment_sealed"]))
            whose, values["comment"] = msgspec.json.decode(plain, type=tuple[str, str])
            if whose != row["id"]:
                raise ConfigError("a comment was put in another's place", where=f"feedback {row['id']}")
        return Opinion(**values | {"labels": tuple(row["labels"])})
