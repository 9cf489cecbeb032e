"""Organisations, the people in them, and whose an agent is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from antiphon.errors import ConfigError
from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import (
    agent_owners,
    api_keys,
    members,
    organisations,
    shared_links,
    webhooks,
)

DEFAULT_ORGANISATION: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    id: str
    name: str
    created_at_ms: int
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person. `subject` is empty until the invited one has come in for the first time."""

    id: str
    organisation_id: str
    email: str
    issuer: str
    subject: str
    role: str
    created_at_ms: int


class Organisations:
    """There is always the default one: what one machine with one operator needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make_default(self) -> None:
        """There from the first start on."""
        try:
            await self._insert(DEFAULT_ORGANISATION, "Default")
        except IntegrityError:
            return  # Another process, or another start.

    async def create(self, name: str) -> Organisation:
        return await self._insert(f"org_{secrets.token_hex(8)}", name)

    async def _insert(self, organisation_id: str, name: str) -> Organisation:
        made = Organisation(id=organisation_id, name=name, created_at_ms=now_ms())
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(organisations).values(id=made.id, name=made.name, created_at_ms=made.created_at_ms)
            )
        return made

    async def find(self, organisation_id: str) -> Organisation | None:
        query = select(organisations).where(organisations.c.id == organisation_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return Organisation(**row) if row else None

    async def every(self) -> list[Organisation]:
        """Oldest first: the default one, then those that were made."""
        query = select(organisations).order_by(organisations.c.created_at_ms, organisations.c.id)
        async with self._database.transaction() as connection:
            return [Organisation(**row) for row in (await connection.execute(query)).mappings()]

    async def rename(self, organisation_id: str, name: str) -> bool:
        """False: there is no such organisation, or it is closed."""
        change = update(organisations).where(_open(organisation_id)).values(name=name)
        async with self._database.transaction() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def close(self, organisation_id: str) -> bool:
        """For good, all at once: its people and keys open nothing any more, nor do the links to its calls,
        and nothing is told to its webhooks. Its calls stay for as long as they are kept. False: there is no
        such organisation, or it is closed already."""
        assert organisation_id != DEFAULT_ORGANISATION, "the installation's own is never closed"
        at_ms = now_ms()
        async with self._database.transaction() as connection:
            closed = update(organisations).where(_open(organisation_id)).values(closed_at_ms=at_ms)
            if (await connection.execute(closed)).rowcount != 1:
                return False
            for table in (api_keys, shared_links):
                good = (table.c.organisation_id == organisation_id) & table.c.revoked_at_ms.is_(None)
                await connection.execute(update(table).where(good).values(revoked_at_ms=at_ms))
            theirs = webhooks.c.organisation_id == organisation_id
            await connection.execute(update(webhooks).where(theirs).values(enabled=False))
        return True

    async def is_open(self, organisation_id: str) -> bool:
        """There is such an organisation, and it has not been closed."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(organisations.c.id).where(_open(organisation_id)))
            return found.first() is not None

    # People

    async def invite(self, organisation_id: str, email: str, role: str) -> Member:
        """Raises ConfigError: He is a member already."""
        member = Member(
            id=f"mem_{secrets.token_hex(8)}", organisation_id=organisation_id, email=email.lower(),
            issuer="", subject="", role=role, created_at_ms=now_ms(),
        )  # fmt: skip
        values = {name: getattr(member, name) for name in member.__slots__}
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(members).values(values))
        except IntegrityError:
            raise ConfigError("is a member already", where="email") from None
        return member

    async def people(self, organisation_id: str) -> list[Member]:
        query = select(members).where(members.c.organisation_id == organisation_id).order_by(members.c.email)
        async with self._database.transaction() as connection:
            return [_member(row) for row in (await connection.execute(query)).mappings()]

    async def change_role(self, organisation_id: str, member_id: str, role: str) -> bool:
        """False: no such member. Raises ConfigError: The last owner would be none."""
        return await self._change(organisation_id, member_id, role)

    async def remove(self, organisation_id: str, member_id: str) -> bool:
        """False: no such member. Raises ConfigError: The last owner would be gone."""
        return await self._change(organisation_id, member_id, None)

    async def _change(self, organisation_id: str, member_id: str, role: str | None) -> bool:
        ours = (members.c.organisation_id == organisation_id) & (members.c.id == member_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(members).where(ours))).mappings().first()
            if row is None:
                return False
            if row["role"] == "owner" and role != "owner" and await _owners(connection, organisation_id) < 2:
                raise ConfigError("the last owner stays", where="role", fix="make somebody else owner first")
            change = (
                members.delete().where(ours)
                if role is None
                else update(members).where(ours).values(role=role)
            )
            await connection.execute(change)
        return True

    async def memberships(self, issuer: str, subject: str, email: str) -> list[Member]:
        """Of a person who has proved to be the one. An invitation is bound to him by his verified e-mail
        ("" when it is not verified), once; from then on only issuer and subject count."""
        async with self._database.transaction() as connection:
            if email:
                waiting = (members.c.email == email.lower()) & (members.c.subject == "")
                bound = update(members).where(waiting).values(issuer=issuer, subject=subject)
                await connection.execute(bound)
            his = (members.c.issuer == issuer) & (members.c.subject == subject)
            shut = select(organisations.c.id).where(organisations.c.closed_at_ms.is_not(None))
            query = select(members).where(his & members.c.organisation_id.not_in(shut))
            found = await connection.execute(query.order_by(members.c.created_at_ms, members.c.id))
            return [_member(row) for row in found.mappings()]

    # Agents

    async def owner_of(self, agent: str) -> str:
        """Whose an agent is; one nobody has claimed is the default organisation's."""
        query = select(agent_owners.c.organisation_id).where(agent_owners.c.agent == agent)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar() or DEFAULT_ORGANISATION

    async def owners(self) -> dict[str, str]:
        """Every claimed agent's organisation."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(select(agent_owners.c.agent, agent_owners.c.organisation_id))
            return {row.agent: row.organisation_id for row in rows}

    async def claim(self, agent: str, organisation_id: str) -> bool:
        """The agent belongs to this organisation now; False when it is another's."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(
                    insert(agent_owners).values(agent=agent, organisation_id=organisation_id)
                )
        except IntegrityError:
            return await self.owner_of(agent) == organisation_id
        return True


def _open(organisation_id: str) -> ColumnElement[bool]:
    return (organisations.c.id == organisation_id) & organisations.c.closed_at_ms.is_(None)


def _member(row: RowMapping) -> Member:
    return Member(**row)


async def _owners(connection: AsyncConnection, organisation_id: str) -> int:
    owners = (members.c.organisation_id == organisation_id) & (members.c.role == "owner")
    count = await connection.execute(select(func.count()).select_from(members).where(owners))
    return int(count.scalar() or 0)
