"""Tests that mean something: they assert, and they do not wait on the wall clock."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.house.tree import Source, python_sources, source, told

# A bounded wait (`locator.wait_for`, `asyncio.timeout`) fails the test when what it waits for never comes.
_ASSERTS = re.compile(
    r"\bassert\b|pytest\.raises|pytest\.warns|\bassert_|\bexpect_|\bcheck_|\bverify_|\.wait_for\(|asyncio\.timeout|pytest\.fail"
)


def sleeps(file: Source) -> Iterator[str]:
    """Calls of `time.sleep`, and of `asyncio.sleep` with anything but a plain 0."""
    if not file.is_test:
        return
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        yields_only = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if name in {"time.sleep", "sleep"} or (name.endswith("asyncio.sleep") and not yields_only):
            yield f"{file.path}:{node.lineno}: {ast.unparse(node)} waits on the wall clock"


def asserting_functions(files: Iterable[Source]) -> set[str]:
    """Names of functions beside the tests that assert on their behalf."""
    return {
        function.name
        for file in files
        if file.is_test
        for function in file.functions()
        if not function.name.startswith("test_") and _ASSERTS.search(ast.unparse(function))
    }


def empty_tests(file: Source, asserting: set[str]) -> Iterator[str]:
    """Tests with nothing in them that could fail."""
    if not (file.is_test and file.path.name.startswith("test_")):
        return
    for function in file.functions():
        called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        can_fail = _ASSERTS.search(ast.unparse(function)) or called & asserting
        if function.name.startswith("test_") and not can_fail:
            yield f"{file.path}:{function.lineno}: {function.name} asserts nothing"


def test_no_test_waits_on_the_wall_clock() -> None:
    assert not told(fault for file in python_sources() for fault in sleeps(file))


def test_every_test_can_fail() -> None:
    asserting = asserting_functions(python_sources())
    assert not told(fault for file in python_sources() for fault in empty_tests(file, asserting))


def test_a_planted_sleep_is_caught_and_a_bare_yield_is_not() -> None:
    for text in ("time.sleep(1)", "await_(asyncio.sleep(0.1))", "from time import sleep\nsleep(2)"):
        assert list(sleeps(source("tests/unit/test_x.py", text)))
    assert not list(sleeps(source("tests/unit/test_x.py", "f(asyncio.sleep(0))")))


def test_a_planted_empty_test_is_caught() -> None:
    assert list(empty_tests(source("tests/unit/test_x.py", "def test_nothing():\n    run()"), set()))
    assert not list(empty_tests(source("tests/unit/test_x.py", "def test_it():\n    assert run()"), set()))


def test_a_test_may_leave_asserting_to_a_function_of_the_tests() -> None:
    file = source(
        "tests/unit/test_x.py", "def settled(x):\n    assert x\n\ndef test_it():\n    settled(run())"
    )
    assert not list(empty_tests(file, asserting_functions([file])))
