"""Sealing what is a person's, a key a call; and keyed hashes, by which numbers and words are found."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from antiphon.errors import ConfigError
from antiphon.storage.access.database import Database
from antiphon.storage.keys import KEY_BYTES, Keyring
from antiphon.storage.records.tables import calls, record_keys

_NONCE_BYTES: Final = 12
_LOOKUP: Final = "lookup"
_REWRAPPED_AT_ONCE: Final = 500
_LETTERS: Final = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")


class CallSeal:
    """Seals and opens the parts of one call. `part` keeps one from being put in another's place."""

    def __init__(self, call_id: str, key: bytes) -> None:
        self._call_id, self._cipher = call_id, AESGCM(key)

    def seal(self, part: str, value: Mapping[str, Any]) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, msgspec.json.encode(value), self._place(part))

    def open(self, part: str, sealed: bytes) -> dict[str, Any]:
        """Raises ConfigError: It was changed, or belongs elsewhere."""
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._place(part))
        except InvalidTag:
            raise ConfigError(
                f"a record was changed: {part} of the call {self._call_id}",
                fix="make the index again: antiphon records index --again",
            ) from None
        opened: dict[str, Any] = msgspec.json.decode(plain)
        return opened

    def _place(self, part: str) -> bytes:
        return f"{self._call_id}/{part}".encode()


class RecordKeys:
    """The storage keys as the index uses them."""

    def __init__(self, keyring: Keyring, lookup: bytes) -> None:
        self._keyring, self._lookup = keyring, lookup
        self._hashed = lru_cache(maxsize=50_000)(self._hash)

    @classmethod
    async def open(cls, database: Database, keyring: Keyring) -> RecordKeys:
        """Raises ConfigError: The storage key that hashes were made with is not here."""
        query = select(record_keys).where(record_keys.c.name == _LOOKUP)
        async with database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is not None:
            return cls(keyring, keyring.unwrap(row["key_name"], bytes(row["key_wrapped"])))
        name, wrapped = keyring.wrap(secrets.token_bytes(KEY_BYTES))
        made = {"name": _LOOKUP, "key_name": name, "key_wrapped": wrapped}
        with contextlib.suppress(IntegrityError):  # Another process was first: both use its key.
            async with database.transaction() as connection:
                await connection.execute(insert(record_keys).values(made))
        return await cls.open(database, keyring)

    def new(self, call_id: str) -> tuple[CallSeal, str, bytes]:
        """A seal for a call, and its key as it is kept: by which storage key, and wrapped."""
        key = secrets.token_bytes(KEY_BYTES)
        name, wrapped = self._keyring.wrap(key)
        return CallSeal(call_id, key), name, wrapped

    def of(self, call_id: str, key_name: str, key_wrapped: bytes) -> CallSeal:
        return CallSeal(call_id, self._keyring.unwrap(key_name, key_wrapped))

    def number_hash(self, organisation_id: str, number: str) -> str:
        """32 hex digits; "" of none. Another organisation's hash of the same number is another."""
        kept = "".join(sign for sign in number if sign.isalnum() or sign in "+@.:")
        return self._hash(organisation_id, "number", kept.casefold(), 16).hex() if kept else ""

    def request_hash(self, organisation_id: str, request: str) -> str:
        """64 hex digits. Without our key, whoever tried all numbers would find the one in a request."""
        return self._hash(organisation_id, "request", request, 32).hex()

    def word_token(self, organisation_id: str, word: str) -> str:
        """10 letters a to p, which no tokeniser takes apart. Of a million words hardly two share 40 bits."""
        return self._hashed(organisation_id, "word", word, 5).hex().encode().translate(_LETTERS).decode()

    async def rewrap(self, database: Database) -> int:
        """Wrap by the current storage key what older ones have wrapped; gives how many keys there were."""
        done = await self._rewrap_lookup(database)
        columns = (calls.c.id, calls.c.key_name, calls.c.key_wrapped)
        query = select(*columns).where(calls.c.key_name != self._keyring.current).limit(_REWRAPPED_AT_ONCE)
        while True:
            async with database.transaction() as connection:
                rows = (await connection.execute(query)).mappings().all()
                for row in rows:
                    change = self._rewrapped(row["key_name"], bytes(row["key_wrapped"]))
                    await connection.execute(update(calls).where(calls.c.id == row["id"]).values(change))
            done += len(rows)
            if not rows:
                return done

    async def _rewrap_lookup(self, database: Database) -> int:
        ours = record_keys.c.name == _LOOKUP
        async with database.transaction() as connection:
            row = (await connection.execute(select(record_keys).where(ours))).mappings().one()
            if row["key_name"] == self._keyring.current:
                return 0
            change = self._rewrapped(row["key_name"], bytes(row["key_wrapped"]))
            await connection.execute(update(record_keys).where(ours).values(change))
            return 1

    def _rewrapped(self, key_name: str, key_wrapped: bytes) -> dict[str, Any]:
        name, wrapped = self._keyring.wrap(self._keyring.unwrap(key_name, key_wrapped))
        return {"key_name": name, "key_wrapped": wrapped}

    def _hash(self, organisation_id: str, kind: str, value: str, count: int) -> bytes:
        message = f"{organisation_id}\0{kind}\0{value}".encode()
        return hmac.digest(self._lookup, message, hashlib.sha256)[:count]
