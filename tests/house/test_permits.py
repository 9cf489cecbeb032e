"""Permissions are made in `trust/` and nowhere else; a test may read one, and not make one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import Source, python_sources, told

PERMISSIONS = frozenset({"DialPermit", "RecordingConsent"})


def made_elsewhere(file: Source) -> Iterator[str]:
    if "trust" in file.path.parts:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in PERMISSIONS:
                yield f"{file.path}:{node.lineno}: makes a {called}"


def test_only_trust_makes_permissions() -> None:
    assert not told(fault for file in python_sources() for fault in made_elsewhere(file))
