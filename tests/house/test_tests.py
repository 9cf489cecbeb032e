"""Tests that mean something: they assert, and they do not wait on the wall clock."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

import pytest
from tests.house.tree import Source, python_sources, source, told

Rule = Callable[[Source], Iterator[str]]
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


def waits_for_promises(file: Source) -> Iterator[str]:
    """Playwright's own wait takes the promise itself for true, and so waits for nothing."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and node.attr == "wait_for_function":
            yield f"{file.path}:{node.lineno}: a promise is true at once; use tests.browser.browser.until"


def unseen_tests(file: Source) -> Iterator[str]:
    """Tests that pytest never collects: in a module of another name, or within a function. Of two by one name
    in one module ruff tells (F811)."""
    if not file.is_test:
        return
    inner = {one for function in file.functions() for one in ast.walk(function) if one is not function}
    for function in file.functions():
        if function.name.startswith("test_") and (
            function in inner or not file.path.name.startswith("test_")
        ):
            yield f"{file.path}:{function.lineno}: {function.name} is collected by nobody"


def foregone(file: Source) -> Iterator[str]:
    """Assertions that hold whatever happens: a generator is true, and a text holds what it was made of."""
    if not file.is_test:
        return
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Assert):
            continue
        is_true = isinstance(node.test, ast.GeneratorExp | ast.Lambda)
        if is_true or any(_holds_itself(inner) for inner in ast.walk(node.test)):
            yield f"{file.path}:{node.lineno}: {ast.unparse(node)} holds whatever happens"


def _holds_itself(node: ast.AST) -> bool:
    """`name in f"{error} {name}"`."""
    if not (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In)):
        return False
    text = node.comparators[0]
    parts = text.values if isinstance(text, ast.JoinedStr) else []
    sought = ast.unparse(node.left)
    return any(isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == sought for part in parts)


def looked_away(file: Source) -> Iterator[str]:
    """Whatever failed of what was asked at once: only tasks that were cancelled may be waited for so."""
    if not (file.is_test and file.path.name.startswith("test_")):
        return
    for function in file.functions():
        cancels = any(isinstance(one, ast.Attribute) and one.attr == "cancel" for one in ast.walk(function))
        for node in ast.walk(function):
            dropped = isinstance(node, ast.Expr) and "return_exceptions=True" in ast.unparse(node.value)
            if dropped and not cancels:
                yield f"{file.path}:{node.lineno}: {ast.unparse(node)} hides whatever fails"


RULES = [waits_for_promises, unseen_tests, foregone, looked_away]


def test_no_test_waits_on_the_wall_clock() -> None:
    assert not told(fault for file in python_sources() for fault in sleeps(file))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_check_only_seems_to_be_one(rule: Rule) -> None:
    assert not told(fault for file in python_sources() for fault in rule(file))


def test_every_test_can_fail() -> None:
    asserting = asserting_functions(python_sources())
    assert not told(fault for file in python_sources() for fault in empty_tests(file, asserting))


PLANTED = [
    (waits_for_promises, 'page.wait_for_function("fetch(url).then((answer) => answer.ok)")'),
    (unseen_tests, "def test_it():\n    def test_more():\n        assert run()"),
    (foregone, "def test_it():\n    assert (found for found in run())"),
    (foregone, "def test_it():\n    assert name in f'{run()} {name}'"),
    (
        looked_away,
        "async def test_it():\n    await asyncio.gather(run(), return_exceptions=True)\n    assert 1",
    ),
]
FINE = [
    (unseen_tests, "class TestIt:\n    def test_it(self):\n        assert run()"),
    (foregone, "def test_it():\n    assert name in f'{run()}' and all(found for found in run())"),
    (
        looked_away,
        "async def test_it():\n    task.cancel()\n    await asyncio.gather(task, return_exceptions=True)",
    ),
]


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_a_planted_check_that_cannot_fail_is_caught(rule: Rule, text: str) -> None:
    assert list(rule(source("tests/unit/test_x.py", text)))


@pytest.mark.parametrize(("rule", "text"), FINE)
def test_a_check_that_can_fail_is_left_alone(rule: Rule, text: str) -> None:
    assert not list(rule(source("tests/unit/test_x.py", text)))


def test_a_planted_test_that_pytest_does_not_collect_is_caught() -> None:
    assert list(unseen_tests(source("tests/unit/checks.py", "def test_it():\n    assert run()")))


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
