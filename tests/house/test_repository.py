"""What may lie in the repository: no paths of a machine, no registry, nothing heavy; every feature told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from tests.house.capabilities import CAPABILITIES, NOBODY_OFFERS
from tests.house.tree import ROOT, text_files, told, tracked_files

FILE_BYTES_MAX = 2_000_000
# Written so that this file does not hold what it looks for.
_MACHINE_PATHS = re.compile(r"(?<![\w.:/-])/(?:work|farm|home/\w+|Users/\w+|root|opt/\w+)/[\w.-]+")
_REGISTRY_HOSTS = re.compile(
    r"files\.pythonhosted\." + r"org|pypi\." + r"org|registry\.npmjs\." + r"org|npmjs\." + r"com"
)
_STATES = {"works", "partial", "planned"}


def machine_paths(path: PurePosixPath, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _MACHINE_PATHS.search(line):
            yield f"{path}:{number}: a path of one machine: {found[0]}"


def registry_hosts(path: PurePosixPath, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _REGISTRY_HOSTS.search(line):
            yield f"{path}:{number}: the address of a registry: {found[0]}"


def feature_rows(text: str) -> list[tuple[str, str, str]]:
    """Name, state and proof of every row of the tables in docs/features.md."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[2] in _STATES:
            rows.append((cells[1].strip("*"), cells[2], cells[3]))
    return rows


def feature_faults(text: str) -> Iterator[str]:
    rows = feature_rows(text)
    names = [name for name, _, _ in rows]
    wanted = [*CAPABILITIES, *NOBODY_OFFERS]
    yield from (f"docs/features.md has no row {name!r}" for name in wanted if name not in names)
    yield from (f"docs/features.md has an unknown row {name!r}" for name in names if name not in wanted)
    yield from (f"docs/features.md has {name!r} twice" for name in set(names) if names.count(name) > 1)
    yield from (
        f"docs/features.md: {name!r} is said to be {state} without a proof"
        for name, state, proof in rows
        if state != "planned" and not proof.strip("–- ")
    )


def test_no_file_holds_a_path_of_one_machine() -> None:
    assert not told(fault for path, text in text_files() for fault in machine_paths(path, text))


def test_no_file_holds_the_address_of_a_registry() -> None:
    assert not told(fault for path, text in text_files() for fault in registry_hosts(path, text))


def test_nothing_heavy_is_tracked() -> None:
    heavy = [
        f"{path}: {size} bytes"
        for path in tracked_files()
        if (size := (ROOT / path).stat().st_size) > FILE_BYTES_MAX
    ]
    assert not told(heavy)


def test_features_tells_of_every_capability_with_its_proof() -> None:
    assert not told(feature_faults((ROOT / "docs/features.md").read_text(encoding="utf-8")))


def test_every_file_named_as_proof_exists() -> None:
    rows = feature_rows((ROOT / "docs/features.md").read_text(encoding="utf-8"))
    named = {
        path
        for _, _, proof in rows
        for path in re.findall(r"`((?:tests|docs|src|benchmarks)/[\w./-]+)`", proof)
    }
    assert not told(
        f"docs/features.md names {path}, which is not there" for path in named if not (ROOT / path).exists()
    )


def test_the_files_every_newcomer_looks_for_are_there() -> None:
    wanted = ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "THIRD_PARTY_LICENSES.md", ".ci/run"]
    assert [
        name for name in [*wanted, "docs/features.md", "docs/benchmarks.md"] if not (ROOT / name).is_file()
    ] == []
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line", ["open('" + "/wo" + "rk/x/y')", "cd /ho" + "me/ann/code", "x = '/o" + "pt/thing/bin'"]
)
def test_a_planted_machine_path_is_caught(line: str) -> None:
    assert list(machine_paths(PurePosixPath("x"), line))


@pytest.mark.parametrize(
    "line", ["GET /api/calls/x", "https://example.com/work/main/x", "/calls/twilio/clinic/media", "./home/x"]
)
def test_an_address_on_our_own_server_is_no_machine_path(line: str) -> None:
    assert not list(machine_paths(PurePosixPath("x"), line))


def test_a_planted_registry_address_is_caught() -> None:
    assert list(registry_hosts(PurePosixPath("x"), "https://py" + "pi.org/simple"))


def test_a_missing_an_unknown_and_an_unproven_feature_are_caught() -> None:
    text = (ROOT / "docs/features.md").read_text(encoding="utf-8")
    first = CAPABILITIES[0]
    assert any("no row" in fault for fault in feature_faults(text.replace(first, "Response speed")))
    assert any("unknown row" in fault for fault in feature_faults(text.replace(first, "Response speed")))
    assert any(
        "without a proof" in fault for fault in feature_faults(text + f"\n| 1 | {first} | works | – |\n")
    )
