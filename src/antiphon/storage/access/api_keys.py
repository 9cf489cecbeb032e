"""API keys: shown once, kept as a hash. 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.access.tables import api_keys

KEY_PREFIX: Final = "apk_"  # So that scanners for lost secrets, and people, know one when they see it.
_KEY = re.compile(r"apk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_USED_EVERY_MS: Final = (
    60_000  # How exactly we know when a key was last used: a write a minute, not a request.
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it may be shown. `scopes` narrow its role; empty: all that the role may."""

    id: str
    organisation_id: str
    name: str
    role: str
    scopes: tuple[str, ...]
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    used_at_ms: int | None = None

    def is_good(self, at_ms: int) -> bool:
        return self.revoked_at_ms is None and (self.expires_at_ms is None or at_ms < self.expires_at_ms)


_COLUMNS = [api_keys.c[field.name] for field in fields(ApiKey)]


class ApiKeys:
    """Every method that takes an organisation sees that one's keys only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, key: ApiKey) -> str:
        """Keep it; gives the key itself, which nobody can be shown again."""
        secret = secrets.token_urlsafe(32)
        values: dict[str, Any] = {field.name: getattr(key, field.name) for field in fields(key)}
        values |= {"scopes": list(key.scopes), "secret_sha256": _sha256(secret)}
        async with self._database.transaction() as connection:
            await connection.execute(insert(api_keys).values(values))
        return f"{KEY_PREFIX}{key.id}_{secret}"

    async def proved(self, presented: str) -> ApiKey | None:
        """The key somebody presents, if it is one, unrevoked and in time."""
        match = _KEY.fullmatch(presented)
        if match is None:
            return None
        async with self._database.transaction() as connection:
            query = select(*_COLUMNS, api_keys.c.secret_sha256).where(api_keys.c.id == match[1])
            row = (await connection.execute(query)).mappings().first()
            if row is None or not hmac.compare_digest(row["secret_sha256"], _sha256(match[2])):
                return None
            key, at_ms = _key(row), now_ms()
            if not key.is_good(at_ms):
                return None
            if at_ms - (key.used_at_ms or 0) >= _USED_EVERY_MS:
                used = update(api_keys).where(api_keys.c.id == key.id).values(used_at_ms=at_ms)
                await connection.execute(used)
        return key

    async def is_good(self, key_id: str) -> bool:
        """It has not been revoked and its time is not over: asked for tokens that were made with it."""
        query = select(*_COLUMNS).where(api_keys.c.id == key_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return row is not None and _key(row).is_good(now_ms())

    async def any_good(self) -> bool:
        """Somebody has a key that opens something."""
        query = select(*_COLUMNS).where(api_keys.c.revoked_at_ms.is_(None))
        at_ms = now_ms()
        async with self._database.transaction() as connection:
            return any(_key(row).is_good(at_ms) for row in (await connection.execute(query)).mappings())

    async def of(self, organisation_id: str) -> list[ApiKey]:
        """All of them, revoked ones too, newest first."""
        ours = api_keys.c.organisation_id == organisation_id
        query = select(*_COLUMNS).where(ours).order_by(api_keys.c.created_at_ms.desc(), api_keys.c.id)
        async with self._database.transaction() as connection:
            return [_key(row) for row in (await connection.execute(query)).mappings()]

    async def revoke(self, organisation_id: str, key_id: str) -> bool:
        """From now on it opens nothing, nor do tokens made with it. False: no such key, or revoked before."""
        ours = (api_keys.c.organisation_id == organisation_id) & (api_keys.c.id == key_id)
        change = update(api_keys).where(ours & api_keys.c.revoked_at_ms.is_(None))
        async with self._database.transaction() as connection:
            return bool((await connection.execute(change.values(revoked_at_ms=now_ms()))).rowcount)


def new_key(organisation_id: str, name: str, role: str, created_by: str) -> ApiKey:
    """A key without scopes or an end, not kept yet."""
    return ApiKey(
        id=secrets.token_hex(8),
        organisation_id=organisation_id,
        name=name,
        role=role,
        scopes=(),
        created_by=created_by,
        created_at_ms=now_ms(),
    )


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        **{field.name: row[field.name] for field in fields(ApiKey)} | {"scopes": tuple(row["scopes"])}
    )


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
