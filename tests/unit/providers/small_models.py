"""Tiny models in real packages, to fetch and install in milliseconds."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from antiphon.providers.local.models.manifest import Model, ModelFile, Package, Part

EAR = b"ear" * 1000
VOICE = b"voice" * 1000


def wheel(folder: Path, project: str, members: dict[str, bytes], version: str = "1.0") -> Package:
    """A wheel pip accepts, written into `folder`."""
    stem = project.replace("-", "_")
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    info = f"{stem}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return _package("pypi", project, version, path)


def tarball(folder: Path, project: str, members: dict[str, bytes], version: str = "1.0") -> Package:
    """An npm tarball, written into `folder`."""
    path = folder / f"{project}-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return _package("npm", project, version, path)


def model(name: str, packages: tuple[Package, ...], files: dict[str, tuple[bytes, tuple[str, ...]]]) -> Model:
    """`files`: installed path to content and the "package:member" parts it comes from."""
    return Model(
        name=name,
        role="voice activity",
        version="1",
        licence="MIT",
        note="",
        home="nowhere",
        sets=("serve",),
        packages=packages,
        files=tuple(
            ModelFile(
                path=path,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                parts=tuple(Part(project=part.split(":")[0], member=part.split(":")[1]) for part in parts),
            )
            for path, (data, parts) in files.items()
        ),
    )


def ear(folder: Path) -> Model:
    """A model of one package and two files, one of them joined from two parts."""
    package = wheel(folder, "small-ear", {"d/a.bin": EAR[:100], "d/b.bin": EAR[100:], "d/LICENSE": b"MIT"})
    return model(
        "ear",
        (package,),
        {
            "deep/model.bin": (EAR, ("small-ear:d/a.bin", "small-ear:d/b.bin")),
            "LICENSE": (b"MIT", ("small-ear:d/LICENSE",)),
        },
    )


def _package(index: str, project: str, version: str, path: Path) -> Package:
    data = path.read_bytes()
    return Package(
        index=index,
        project=project,
        version=version,
        archive=path.name,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
