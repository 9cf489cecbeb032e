"""Versions of agents: texts that never change, numbered from 1; the one published last is live."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import agent_versions

_ATTEMPTS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentVersion:
    agent: str
    version: int
    organisation_id: str
    text: str
    note: str
    created_by: str
    created_at_ms: int
    published_at_ms: int | None


class AgentVersions:
    """Every method sees one organisation's versions only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, organisation_id: str, agent: str, text: str, *, note: str, by: str) -> AgentVersion:
        """The next version. Two who add at the same time get a number each."""
        for attempt in range(_ATTEMPTS_MAX):
            try:
                async with self._database.transaction() as connection:
                    newest = select(func.max(agent_versions.c.version)).where(agent_versions.c.agent == agent)
                    version = AgentVersion(
                        agent=agent, version=int((await connection.execute(newest)).scalar() or 0) + 1,
                        organisation_id=organisation_id, text=text, note=note, created_by=by[:200],
                        created_at_ms=now_ms(), published_at_ms=None,
                    )  # fmt: skip
                    values = {name: getattr(version, name) for name in version.__slots__}
                    await connection.execute(insert(agent_versions).values(values))
                return version
            except IntegrityError:
                if attempt == _ATTEMPTS_MAX - 1:
                    raise
        raise AssertionError("the loop returns or raises")

    async def of(self, organisation_id: str, agent: str) -> list[AgentVersion]:
        """Newest first."""
        query = select(agent_versions).where(_ours(organisation_id, agent))
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(agent_versions.c.version.desc()))
            return [AgentVersion(**row) for row in rows.mappings()]

    async def find(self, organisation_id: str, agent: str, version: int) -> AgentVersion | None:
        query = select(agent_versions).where(
            _ours(organisation_id, agent) & (agent_versions.c.version == version)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return AgentVersion(**row) if row else None

    async def published(self, organisation_id: str, agent: str) -> AgentVersion | None:
        """The live one; None while none of ours was ever published."""
        when = agent_versions.c.published_at_ms
        query = select(agent_versions).where(_ours(organisation_id, agent) & when.is_not(None))
        async with self._database.transaction() as connection:
            found = await connection.execute(
                query.order_by(when.desc(), agent_versions.c.version.desc()).limit(1)
            )
            row = found.mappings().first()
        return AgentVersion(**row) if row else None

    async def mark_published(self, organisation_id: str, agent: str, version: int) -> None:
        """It is live. Its time is later than every other's, even within one millisecond."""
        when = agent_versions.c.published_at_ms
        async with self._database.transaction() as connection:
            last = select(func.max(when)).where(agent_versions.c.agent == agent)
            at_ms = max(now_ms(), int((await connection.execute(last)).scalar() or 0) + 1)
            this = _ours(organisation_id, agent) & (agent_versions.c.version == version)
            await connection.execute(update(agent_versions).where(this).values(published_at_ms=at_ms))


def _ours(organisation_id: str, agent: str) -> ColumnElement[bool]:
    return (agent_versions.c.organisation_id == organisation_id) & (agent_versions.c.agent == agent)
