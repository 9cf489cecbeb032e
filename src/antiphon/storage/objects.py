"""Where files of calls lie: a local folder by default; S3-compatible or GCS by URL, with the same methods.

Keys are relative paths ("calls/2026-05-28/c1.jsonl"). Remote stores need obstore (antiphon[store]).
"""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.disk import on_disk

STORE_VARIABLE: Final = "ANTIPHON_STORE_URL"
_SCHEMES: Final = frozenset({"s3", "gs", "file"})
# Whoever archives tries again by itself; nobody waits for minutes.
_RETRIES: Final = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
_FIX: Final = "use s3://bucket/prefix, gs://bucket/prefix or a folder"


class ObjectStore(Protocol):
    """Whole objects by key. Every method may raise AntiphonError: the store did not do it."""

    async def put(self, key: str, body: bytes) -> None:
        """Readers see all of it or what was before."""
        ...

    async def get(self, key: str) -> bytes | None:
        """None when there is no such object."""
        ...

    async def delete(self, key: str) -> bool:
        """Whether it was there (a store that does not tell says it was)."""
        ...

    async def keys(self, prefix: str) -> list[str]:
        """All below a folder, in order."""
        ...


def archive_store(environ: Mapping[str, str] = os.environ) -> ObjectStore | None:
    """What `ANTIPHON_STORE_URL` names; None: the data directory is all there is.

    Raises:
        ConfigError: The address is none, or the extra is not installed.
    """
    given = environ.get(STORE_VARIABLE, "").strip()
    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme not in _SCHEMES or (parts.scheme != "file" and not parts.netloc):
        raise ConfigError("is not the address of an object store", where=STORE_VARIABLE, fix=_FIX)
    return FolderStore(Path(parts.path)) if parts.scheme == "file" else _remote(given, environ)


class FolderStore:
    """A folder. Files are readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, body: bytes) -> None:
        await on_disk(self._put, self._path(key), body)

    async def get(self, key: str) -> bytes | None:
        return await on_disk(self._get, self._path(key))

    async def delete(self, key: str) -> bool:
        return await on_disk(self._delete, self._path(key))

    async def keys(self, prefix: str) -> list[str]:
        return await on_disk(self._keys, self._path(prefix))

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    def _put(self, path: Path, body: bytes) -> None:
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise AntiphonError(f"cannot keep {path.name}: {error.strerror}") from error

    def _get(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            raise AntiphonError(f"cannot read {path.name}: {error.strerror}") from error

    def _delete(self, path: Path) -> bool:
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise AntiphonError(f"cannot remove {path.name}: {error.strerror}") from error
        return True

    def _keys(self, below: Path) -> list[str]:
        found = (path for path in below.rglob("*") if path.is_file() and not path.name.startswith("."))
        return sorted(path.relative_to(self._folder).as_posix() for path in found)


class RemoteFolder:
    """A bucket, or a prefix of it. Args: store: One of obstore's."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def put(self, key: str, body: bytes) -> None:
        with _remote_errors():
            await self._store.put_async(checked(key), body)

    async def get(self, key: str) -> bytes | None:
        with _remote_errors():
            try:
                answer = await self._store.get_async(checked(key))
            except FileNotFoundError:
                return None
            return bytes(await answer.bytes_async())

    async def delete(self, key: str) -> bool:
        with _remote_errors():
            try:
                await self._store.delete_async(checked(key))
            except FileNotFoundError:
                return False
            return True

    async def keys(self, prefix: str) -> list[str]:
        with _remote_errors():
            found = await self._store.list(checked(prefix)).collect_async()
            return sorted(str(one["path"]) for one in found)


def checked(key: str) -> str:
    """The key, if it stays below its folder.

    Raises:
        ConfigError: It does not.
    """
    path = PurePosixPath(key)
    if not key or path.is_absolute() or ".." in path.parts or "\\" in key or "\0" in key:
        raise ConfigError(f"{key!r} is no key of an object", fix="keys are relative paths without ..")
    return str(path)


@contextmanager
def _remote_errors() -> Iterator[None]:
    errors: Any = importlib.import_module("obstore.exceptions")
    try:
        yield
    except errors.BaseError as error:
        # Its words hold addresses and answers of the vendor: only the kind is told.
        raise AntiphonError(f"the object store did not do it ({type(error).__name__})") from error


def _remote(url: str, environ: Mapping[str, str]) -> ObjectStore:
    try:
        remote: Any = importlib.import_module("obstore.store")  # An extra: types only where it is installed.
    except ImportError:
        raise ConfigError(
            "an object store needs obstore", where=STORE_VARIABLE, fix="pip install 'antiphon[store]'"
        ) from None
    # Credentials as the vendors' own tools read them; AWS_ENDPOINT_URL tells of MinIO, R2 and their like.
    plain = environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    with _remote_errors():
        return RemoteFolder(
            remote.from_url(
                url, client_options={"allow_http": plain, "timeout": "30s"}, retry_config=_RETRIES
            )
        )
