"""The keys that data at rest is sealed with: every file has a key of its own, wrapped by one of these."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from antiphon.errors import ConfigError

KEYS_VARIABLE: Final = "ANTIPHON_STORAGE_KEYS"
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_FIX: Final = (
    f"set {KEYS_VARIABLE} to name:key, more than one separated by commas, the one for new files first; "
    "a key is 32 random bytes in base64 (openssl rand -base64 32)"
)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by name; `current` wraps what is new, the others still open what is old."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def wrap(self, key: bytes) -> tuple[str, bytes]:
        """The name of the key that wrapped it, and the wrapped key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        name = self.current
        return name, nonce + AESGCM(self.keys[name]).encrypt(nonce, key, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """The key of a file.

        Raises:
            ConfigError: The key it was wrapped by is not here, or not the same.
        """
        if name not in self.keys:
            raise ConfigError(f"the storage key {name!r} is not here", fix=f"add it to {KEYS_VARIABLE}")
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return AESGCM(self.keys[name]).decrypt(nonce, sealed, name.encode())
        except InvalidTag:
            raise ConfigError(
                f"the storage key {name!r} is not the one this was sealed with, or the file is damaged",
                fix=f"give the right key in {KEYS_VARIABLE}",
            ) from None


def key_file(home: Path) -> Path:
    """Where the key of a data directory lies whose operator gave none."""
    return home / "keys" / "storage"


def keyring(home: Path, environ: Mapping[str, str] = os.environ) -> Keyring:
    """The operator's keys, or else one that is made in the data directory, readable by its owner only.

    Raises:
        ConfigError: A key that is none; the file cannot be written or read.
    """
    given = environ.get(KEYS_VARIABLE, "").strip()
    if given:
        return _parsed(given, where=KEYS_VARIABLE)
    path = key_file(home)
    try:
        if not path.exists():
            _make(path)
        return _parsed(path.read_text(encoding="ascii"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"cannot keep the storage key: {reason}", where=str(path), fix=_FIX) from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(b"local:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, path)  # Of two processes that start together one wins, and both use its key.
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _parsed(text: str, *, where: str) -> Keyring:
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, colon, encoded = entry.partition(":")
        if not colon or not _KEY_ID.match(name):
            raise ConfigError("an entry has no name of letters, digits, . _ -", where=where, fix=_FIX)
        try:
            key = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise ConfigError(f"the key {name!r} is not 32 bytes in base64", where=where, fix=_FIX)
        if name in keys:
            raise ConfigError(f"the key {name!r} is there twice", where=where, fix="give each its own name")
        keys[name] = key
    if not keys:
        raise ConfigError("there is no key", where=where, fix=_FIX)
    return Keyring(next(iter(keys)), keys)
