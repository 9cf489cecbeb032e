"""The tracked files of the repository as the house rules see them."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
PACKAGE = PurePosixPath("src/antiphon")


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file: where it is in the repository, its text and its tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Dotted name below the package ("runtime.records.lines"), "" for the package itself or a test."""
        if not self.path.is_relative_to(PACKAGE):
            return ""
        parts = self.path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The first folder below the package, or the file's own name beside the rooms ("cli", "errors")."""
        return self.module.partition(".")[0]

    @property
    def in_package(self) -> bool:
        return self.path.is_relative_to(PACKAGE)

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (
            node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything imported, `from a import b` as "a.b", relative ones resolved."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    package = ["antiphon", *self.module.split(".")]
                    up = node.level - (1 if self.path.name == "__init__.py" else 0)
                    base = ".".join([*package[: len(package) - up], *filter(None, [base])])
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def source(path: str, text: str) -> Source:
    """A file that may not exist: how the rules themselves are tested."""
    return Source(PurePosixPath(path), text, ast.parse(text))


@cache
def tracked_files() -> tuple[PurePosixPath, ...]:
    """What git tracks; outside a clone (a source archive) every file but what tools leave behind."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = filter(None, listed.stdout.split("\0"))
    else:
        found = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
        names = (
            name for name in found if not set(name.split("/")) & {".venv", "node_modules", "__pycache__"}
        )
    return tuple(PurePosixPath(name) for name in names if (ROOT / name).is_file())


@cache
def python_sources() -> tuple[Source, ...]:
    # A million nodes that all stay: looking again and again for garbage among them takes longer than parsing.
    gc.disable()
    try:
        return tuple(
            source(str(path), (ROOT / path).read_text(encoding="utf-8"))
            for path in tracked_files()
            if path.suffix == ".py"
        )
    finally:
        gc.freeze()
        gc.enable()


def text_files() -> Iterator[tuple[PurePosixPath, str]]:
    for path in tracked_files():
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def told(faults: Iterable[str]) -> str:
    """Faults as one message; empty when there are none."""
    return "\n".join(faults)
