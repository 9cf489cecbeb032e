"""What the package imports is declared, pinned and hashed; pins name no addresses."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

from tests.house.tree import ROOT, Source, python_sources, source, told

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Distributions a user of the package can get: dependencies and every extra but the tests'."""
    extras = (rows for name, rows in PROJECT["optional-dependencies"].items() if name != "dev")
    rows = [*PROJECT["dependencies"], *(row for extra in extras for row in extra)]
    return {canonical(re.split(r"[\[<>=!~; ]", row, maxsplit=1)[0]) for row in rows}


@cache
def owners_of_imports() -> dict[str, list[str]]:
    """Import name to the distributions that provide it; reading every installed one takes a while."""
    return dict(packages_distributions())


def undeclared(file: Source, known: set[str]) -> list[str]:
    """Third-party imports of the package that nobody would have installed for it."""
    if not file.in_package:
        return []
    owners = owners_of_imports()
    faults = []
    for line, name in file.imports():
        head = name.split(".")[0]
        if head == "antiphon" or head in sys.stdlib_module_names:
            continue
        owner = {canonical(owner) for owner in owners.get(head, [head])}
        # Starlette is part of what FastAPI offers and pinned through it.
        if not owner & known and head != "starlette":
            faults.append(f"{file.path}:{line}: {head} is in no dependency of pyproject.toml")
    return faults


def test_what_the_package_imports_is_declared() -> None:
    known = declared()
    assert not told(fault for file in python_sources() for fault in undeclared(file, known))


def test_an_undeclared_import_is_caught() -> None:
    assert undeclared(source("src/antiphon/runtime/x.py", "import leftpad"), declared())
    assert not undeclared(source("src/antiphon/runtime/x.py", "import numpy, json"), declared())


def test_every_dependency_is_pinned_and_hashed_without_an_address() -> None:
    text = (ROOT / "requirements/serve.txt").read_text(encoding="utf-8")
    rows = re.split(r"\n(?=\S)", text.replace("\\\n", "").strip())
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", row) for row in rows)
    assert "://" not in text
    pinned = {canonical(row.split("==")[0]) for row in rows}
    wanted = {canonical(re.split(r"[\[<>=!~; ]", row, maxsplit=1)[0]) for row in PROJECT["dependencies"]}
    assert wanted - pinned == set(), "run `make lock`"


def test_the_tests_run_on_the_very_versions_that_are_served() -> None:
    serve, test = (
        set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE))
        for name in ("serve", "test")
    )
    assert serve - test == set(), "run `make lock`"
