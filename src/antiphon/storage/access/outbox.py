"""Webhooks and what is to be delivered to them. An event is kept once a webhook, before it is sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import deliveries, webhooks
from antiphon.storage.keys import Keyring

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
GIVEN_UP: Final = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """`events`: types, or "*" for all. The secret is not part of it: it is unsealed only to sign."""

    id: str
    organisation_id: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    created_at_ms: int

    def wants(self, event_type: str) -> bool:
        return self.enabled and ("*" in self.events or event_type in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    id: str
    webhook_id: str
    organisation_id: str
    event_id: str
    event_type: str
    body: str
    state: str
    attempts: int
    due_at_ms: int
    last_answer: str
    created_at_ms: int


_COLUMNS = [webhooks.c[field.name] for field in fields(Webhook)]


class Outbox:
    """Webhooks by organisation, deliveries by when they are due."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def add(self, organisation_id: str, url: str, events: tuple[str, ...]) -> tuple[Webhook, bytes]:
        """Gives the webhook and its secret, which is shown once."""
        webhook = Webhook(
            id=f"wh_{secrets.token_hex(8)}", organisation_id=organisation_id, url=url, events=events,
            enabled=True, created_at_ms=now_ms(),
        )  # fmt: skip
        secret = secrets.token_bytes(32)
        name, sealed = self._keyring.wrap(secret)
        values = {field.name: getattr(webhook, field.name) for field in fields(webhook)}
        values |= {"events": list(events), "secret_key": name, "secret_sealed": sealed}
        async with self._database.transaction() as connection:
            await connection.execute(insert(webhooks).values(values))
        return webhook, secret

    async def of(self, organisation_id: str) -> list[Webhook]:
        query = select(*_COLUMNS).where(webhooks.c.organisation_id == organisation_id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(webhooks.c.created_at_ms, webhooks.c.id))
            return [_webhook(row) for row in rows.mappings()]

    async def all_enabled(self) -> list[Webhook]:
        async with self._database.transaction() as connection:
            rows = await connection.execute(select(*_COLUMNS).where(webhooks.c.enabled.is_(True)))
            return [_webhook(row) for row in rows.mappings()]

    async def rewrap(self) -> int:
        """Seal secrets with the current storage key; gives how many were under older ones."""
        old = webhooks.c.secret_key != self._keyring.current
        async with self._database.transaction() as connection:
            rows = (await connection.execute(select(webhooks).where(old))).mappings().all()
            for row in rows:
                secret = self._keyring.unwrap(row["secret_key"], bytes(row["secret_sealed"]))
                name, sealed = self._keyring.wrap(secret)
                change = {"secret_key": name, "secret_sealed": sealed}
                await connection.execute(update(webhooks).where(webhooks.c.id == row["id"]).values(change))
        return len(rows)

    async def remove(self, organisation_id: str, webhook_id: str) -> bool:
        """Nothing more is sent to it, not even what waits."""
        ours = (webhooks.c.organisation_id == organisation_id) & (webhooks.c.id == webhook_id)
        async with self._database.transaction() as connection:
            gone = bool((await connection.execute(webhooks.delete().where(ours))).rowcount)
            if gone:
                await connection.execute(deliveries.delete().where(deliveries.c.webhook_id == webhook_id))
        return gone

    async def target(self, webhook_id: str) -> tuple[Webhook, bytes] | None:
        """Where to send and the secret to sign with; None when it is gone or switched off.

        Raises:
            ConfigError: The storage key its secret was sealed with is not here.
        """
        query = select(*_COLUMNS, webhooks.c.secret_key, webhooks.c.secret_sealed)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query.where(webhooks.c.id == webhook_id))).mappings().first()
        if row is None or not row["enabled"]:
            return None
        return _webhook(row), self._keyring.unwrap(row["secret_key"], row["secret_sealed"])

    async def put(self, webhook: Webhook, event_id: str, event_type: str, body: str) -> bool:
        """To be delivered; False when this event already is, or was."""
        at_ms = now_ms()
        row = insert(deliveries).values(
            id=f"dlv_{secrets.token_hex(12)}",
            webhook_id=webhook.id,
            organisation_id=webhook.organisation_id,
            event_id=event_id,
            event_type=event_type,
            body=body,
            state=PENDING,
            attempts=0,
            due_at_ms=at_ms,
            last_answer="",
            created_at_ms=at_ms,
        )
        try:
            async with self._database.transaction() as connection:
                await connection.execute(row)
        except IntegrityError:
            return False
        return True

    async def take(self, limit: int, hold_ms: int) -> list[Delivery]:
        """Deliveries that are due, ours alone for `hold_ms`; each counts as an attempt from now on, so that
        one that kills the sender is not tried for ever."""
        at_ms = now_ms()
        due = (deliveries.c.state == PENDING) & (deliveries.c.due_at_ms <= at_ms)
        taken: list[Delivery] = []
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(deliveries).where(due).order_by(deliveries.c.due_at_ms).limit(limit)
            )
            for row in rows.mappings().all():
                # Of two senders only one changes the row as it was read.
                same = (deliveries.c.id == row["id"]) & (deliveries.c.attempts == row["attempts"])
                values = {"attempts": row["attempts"] + 1, "due_at_ms": at_ms + hold_ms}
                if (await connection.execute(update(deliveries).where(same).values(values))).rowcount:
                    taken.append(Delivery(**dict(row) | values))
        return taken

    async def settle(self, delivery_id: str, state: str, answer: str, due_at_ms: int = 0) -> None:
        """How an attempt went; `due_at_ms` is when to try again where it is still pending."""
        change = update(deliveries).where(deliveries.c.id == delivery_id)
        async with self._database.transaction() as connection:
            await connection.execute(
                change.values(state=state, last_answer=answer[:200], due_at_ms=due_at_ms)
            )

    async def waiting(self) -> int:
        """How many are not delivered yet, of all organisations."""
        query = select(func.count()).select_from(deliveries).where(deliveries.c.state == PENDING)
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def retry(self, organisation_id: str, delivery_id: str) -> bool:
        """Somebody wants one that was given up to be tried again."""
        ours = (deliveries.c.organisation_id == organisation_id) & (deliveries.c.id == delivery_id)
        change = update(deliveries).where(ours & (deliveries.c.state == GIVEN_UP))
        async with self._database.transaction() as connection:
            values = {"state": PENDING, "attempts": 0, "due_at_ms": now_ms()}
            return bool((await connection.execute(change.values(values))).rowcount)

    async def deliveries_of(self, organisation_id: str, webhook_id: str, limit: int = 100) -> list[Delivery]:
        """Newest first."""
        ours = (deliveries.c.organisation_id == organisation_id) & (deliveries.c.webhook_id == webhook_id)
        query = select(deliveries).where(ours).order_by(deliveries.c.created_at_ms.desc(), deliveries.c.id)
        async with self._database.transaction() as connection:
            return [Delivery(**row) for row in (await connection.execute(query.limit(limit))).mappings()]


def _webhook(row: RowMapping) -> Webhook:
    values = {field.name: row[field.name] for field in fields(Webhook)}
    return Webhook(**values | {"events": tuple(row["events"])})
