"""The folder of installed models. A model appears by one rename, complete and verified, or not at all.

Beside its files lies a stamp: the hashes they were installed with and their size and modification time, so
that every later start can check cheaply that nothing changed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from antiphon.errors import ConfigError
from antiphon.providers.local.models.manifest import Model, ModelFile, model_named

STAMP = ".antiphon.json"
_CHUNK_BYTES = 1 << 20


class FileStamp(msgspec.Struct, frozen=True):
    size_bytes: int
    mtime_ns: int
    sha256: str


class Stamp(msgspec.Struct, frozen=True):
    version: str
    files: dict[str, FileStamp]


def models_root() -> Path:
    """`ANTIPHON_MODELS_DIR`, else `~/.cache/antiphon/models`."""
    configured = os.environ.get("ANTIPHON_MODELS_DIR", "")
    return Path(configured).expanduser() if configured else Path.home() / ".cache" / "antiphon" / "models"


def model_dir(name: str) -> Path:
    """The directory of an installed model, its files present and unchanged since they were verified.

    Raises:
        ConfigError: Unknown, not installed, or changed on disk; names the command that puts it right.
    """
    model = model_named(name)
    directory = models_root() / name
    trouble = quick_trouble(model, directory)
    if trouble:
        missing = not directory.exists()
        raise ConfigError(
            f'the embedded model "{name}" {trouble}',
            where=str(directory),
            fix=f"run `antiphon models fetch {'' if missing else '--force '}{name}`",
        )
    return directory


def is_installed(name: str) -> bool:
    """Whether `model_dir(name)` would answer."""
    return not quick_trouble(model_named(name), models_root() / name)


def quick_trouble(model: Model, directory: Path) -> str:
    """What is wrong with an installed model, by size and stamp only; empty when nothing is."""
    if not directory.is_dir():
        return "is not installed"
    try:
        stamp = msgspec.json.decode((directory / STAMP).read_bytes(), type=Stamp)
    except (OSError, msgspec.MsgspecError):
        return "was not installed completely"
    for file in model.files:
        seen = stamp.files.get(file.path)
        if seen is None or seen.sha256 != file.sha256:
            return f"is of another version than this Antiphon needs ({file.path})"
        try:
            now = (directory / file.path).stat()
        except OSError:
            return f"has lost its file {file.path}"
        if now.st_size != file.size_bytes:
            return f"is damaged: {file.path} has {now.st_size} bytes instead of {file.size_bytes}"
        if now.st_mtime_ns != seen.mtime_ns and sha256_of(directory / file.path) != file.sha256:
            return f"is damaged: {file.path} changed after it was installed"
    return ""


def verify(model: Model) -> str:
    """Re-hash every file; what is wrong, empty when nothing is."""
    directory = models_root() / model.name
    trouble = quick_trouble(model, directory)
    if trouble:
        return trouble
    for file in model.files:
        if sha256_of(directory / file.path) != file.sha256:
            return f"is damaged: {file.path} does not have the expected SHA-256"
    return ""


def write_stamp(model: Model, directory: Path) -> None:
    """Record the (already verified) files of `directory`."""
    stamp = Stamp(
        version=model.version, files={file.path: _file_stamp(directory, file) for file in model.files}
    )
    (directory / STAMP).write_bytes(msgspec.json.format(msgspec.json.encode(stamp)))


def broken_model(name: str, cause: BaseException) -> ConfigError:
    """For adapters whose engine refuses to load a file: the same clear words everywhere."""
    reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    return ConfigError(
        f'the embedded model "{name}" cannot be loaded: {reason}',
        where=str(models_root() / name),
        fix=f"run `antiphon models check {name}`, then `antiphon models fetch --force {name}`",
    )


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _file_stamp(directory: Path, file: ModelFile) -> FileStamp:
    status = (directory / file.path).stat()
    return FileStamp(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, sha256=file.sha256)
