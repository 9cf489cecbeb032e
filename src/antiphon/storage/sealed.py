"""Files that are encrypted as they grow and readable up to the last whole piece after any crash.

A line of JSON in clear (no personal data belongs there), then pieces, each sealed with AES-256-GCM under the
file's own key. Nonces count the pieces and mark the last one, as in the STREAM construction (Hoang,
Reyhanitabar, Rogaway, Vizar 2015): pieces can be neither changed, swapped, left out nor cut off unnoticed.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from antiphon.errors import ConfigError
from antiphon.storage.keys import KEY_BYTES, Keyring

_FORMAT: Final = "antiphon-sealed-1"
_LENGTH_BYTES: Final = 4
_TAG_BYTES: Final = 16  # All that is left of the empty last piece.
_PIECE_MAX_BYTES: Final = 16 << 20
_HEAD_MAX_BYTES: Final = 64 << 10


class Sealing:
    """The bytes of one sealed file, in the order they are to lie in it: `head`, pieces, the last piece.

    Args:
        head: JSON-able facts that may be read without a key, and cannot be changed unnoticed.
    """

    def __init__(self, keyring: Keyring, head: Mapping[str, Any]) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        name, wrapped = keyring.wrap(key)
        facts = {**head, "format": _FORMAT, "key": name, "wrapped": base64.b64encode(wrapped).decode()}
        self.head = json.dumps(facts, ensure_ascii=False).encode() + b"\n"
        self._cipher = AESGCM(key)
        self._pieces = 0

    def piece(self, plain: bytes) -> bytes:
        """Write exactly this, once: two texts under one nonce would give both away."""
        return self._sealed(plain, last=False)

    def last(self) -> bytes:
        """Says that this was all. A file without it was cut short."""
        return self._sealed(b"", last=True)

    def _sealed(self, plain: bytes, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(_nonce(self._pieces, last), plain, self.head)
        self._pieces += 1
        return len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed


class SealedWriter:
    """Appends pieces. Blocks for the disk; use from one thread at a time.

    Args:
        head: JSON-able facts that may be read without a key, and cannot be changed unnoticed.

    Raises:
        OSError: The file cannot be made, from here; cannot be written, from the methods.
    """

    def __init__(self, path: Path, keyring: Keyring, head: Mapping[str, Any]) -> None:
        self._sealing = Sealing(keyring, head)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Under another name until its head is whole: whoever kills us leaves no file that cannot be read.
        new = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb", buffering=0)
        try:
            self._file.write(self._sealing.head)
            os.link(new, path)  # Never over another file.
        except OSError:
            self._file.close()
            raise
        finally:
            new.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """One piece; on its way to the disk when this returns."""
        self._file.write(self._sealing.piece(piece))

    def close(self) -> None:
        """Say that this is all. A file without it was cut short."""
        if not self._file.closed:
            try:
                self._file.write(self._sealing.last())
                os.fsync(self._file.fileno())
            finally:
                self._file.close()

    def abandon(self) -> None:
        """Leave the file as it is."""
        self._file.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """Attributes: head: As it was given. complete: The writer came to its end."""

    head: Mapping[str, Any]
    pieces: tuple[bytes, ...]
    complete: bool


def is_sealed(beginning: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return f'"format": "{_FORMAT}"'.encode() in beginning.partition(b"\n")[0]


def read_head(path: Path) -> Mapping[str, Any]:
    """What may be read without a key; only `read_sealed` proves it.

    Raises:
        ConfigError: No such file, or no sealed file.
    """
    try:
        with path.open("rb") as file:
            return _head(file, path)[1]
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror}", where=str(path)) from error


def looks_complete(path: Path) -> bool:
    """Its writer came to its end, as far as the last bytes tell; only `read_sealed` proves it."""
    try:
        with path.open("rb") as file:
            file.seek(-(_LENGTH_BYTES + _TAG_BYTES), os.SEEK_END)
            return int.from_bytes(file.read(_LENGTH_BYTES), "big") == _TAG_BYTES
    except OSError:
        return False


def read_sealed(path: Path, keyring: Keyring) -> SealedFile:
    """All whole pieces.

    Raises:
        ConfigError: No sealed file, no key for it, or somebody changed it.
    """
    try:
        with path.open("rb") as file:
            raw, facts = _head(file, path)
            cipher = _cipher(facts, keyring, path)
            pieces: list[bytes] = []
            complete = False
            for number, sealed in enumerate(_sealed_pieces(file)):
                if complete:
                    raise ConfigError("something was put behind its end", where=str(path))
                piece, complete = _opened(cipher, number, sealed, raw, path)
                if not complete:
                    pieces.append(piece)
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror}", where=str(path)) from error
    ours = {"format", "key", "wrapped"}
    return SealedFile(
        head={name: value for name, value in facts.items() if name not in ours},
        pieces=tuple(pieces),
        complete=complete,
    )


def read_ends(path: Path, keyring: Keyring, tail_bytes: int) -> tuple[bytes, bytes]:
    """The first piece, and the last ones that hold that many bytes together; without opening those between.

    Raises:
        ConfigError: As `read_sealed`.
    """
    try:
        with path.open("rb") as file:
            raw, facts = _head(file, path)
            sealed = list(_sealed_pieces(file))
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror}", where=str(path)) from error
    cipher = _cipher(facts, keyring, path)
    first = _opened(cipher, 0, sealed[0], raw, path)[0] if sealed else b""
    tail: list[bytes] = []
    for number in range(len(sealed) - 1, 0, -1):
        if sum(map(len, tail)) >= tail_bytes:
            break
        tail.insert(0, _opened(cipher, number, sealed[number], raw, path)[0])
    return first, b"".join(tail)


def _cipher(facts: Mapping[str, Any], keyring: Keyring, path: Path) -> AESGCM:
    try:
        wrapped = base64.b64decode(str(facts["wrapped"]), validate=True)
        return AESGCM(keyring.unwrap(str(facts["key"]), wrapped))
    except (KeyError, ValueError) as error:
        raise ConfigError("its first line is damaged", where=str(path)) from error


def _head(file: BinaryIO, path: Path) -> tuple[bytes, dict[str, Any]]:
    raw = file.readline(_HEAD_MAX_BYTES)
    try:
        facts = json.loads(raw)
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT or not raw.endswith(b"\n"):
        raise ConfigError(f"is no file of the format {_FORMAT}", where=str(path))
    return raw, facts


def _sealed_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Whole ones; what a crash cut off is left out."""
    while len(prefix := file.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        length = int.from_bytes(prefix, "big")
        sealed = file.read(length) if length <= _PIECE_MAX_BYTES else b""
        if len(sealed) < length or not length:
            return
        yield sealed


def _opened(cipher: AESGCM, number: int, sealed: bytes, head: bytes, path: Path) -> tuple[bytes, bool]:
    for last in (False, True):
        try:
            return cipher.decrypt(_nonce(number, last), sealed, head), last
        except InvalidTag:
            continue
    raise ConfigError(f"piece {number} was changed, or is not in its place", where=str(path))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
