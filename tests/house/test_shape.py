"""How code looks: sizes, names, docstrings, broad excepts, prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from tests.house.tree import Source, python_sources, source, told

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
BANNED_NAMES = re.compile(r"(Manager|Handler|Helper|Processor|Util|Utils)$|^Base[A-Z]")
BANNED_FILES = {"utils", "helpers", "util", "helper", "misc", "common"}

# Only the owner of a call, the owner of a job and the HTTP edge may catch everything, once each.
BROAD_EXCEPTS = {
    "src/antiphon/providers/local/whisper/stream.py": 1,  # A job: one decode, which owes an answer.
    "src/antiphon/providers/local/worker/lanes.py": 1,  # A job: its future gets the error.
    "src/antiphon/runtime/attending.py": 1,  # Who only looks on at a call.
    "src/antiphon/runtime/call.py": 1,  # A call.
    "src/antiphon/runtime/ending.py": 2,  # A call that is over: what must be done all the same.
    "src/antiphon/runtime/failover/activity.py": 1,  # A batch of windows, of all calls.
    "src/antiphon/runtime/hearing.py": 1,  # A call: its recogniser, as called by the plane.
    "src/antiphon/runtime/media/fence.py": 1,  # A call, as called by the plane.
    "src/antiphon/runtime/media/tapping.py": 1,  # Who only listens in on a call.
    "src/antiphon/runtime/recorded.py": 1,  # A recording, beside its call.
    "src/antiphon/runtime/records/replaying.py": 1,  # A replay: what broke its call is the answer.
    "src/antiphon/runtime/records/what_if.py": 1,  # The same.
    "src/antiphon/runtime/replying.py": 1,  # A job: one reply.
    "src/antiphon/runtime/scoring.py": 1,  # A job: one score.
    "src/antiphon/runtime/speaking.py": 1,  # A job: one chunk.
    "src/antiphon/runtime/toolbox.py": 1,  # A job: one tool.
    "src/antiphon/storage/traces/writing.py": 1,  # A job: one trace, by the thread of all.
}


def long_files(file: Source) -> Iterator[str]:
    lines = file.text.count("\n")
    if not file.is_test and lines > FILE_LINES_MAX:
        yield f"{file.path}: {lines} lines (at most {FILE_LINES_MAX})"


def long_functions(file: Source) -> Iterator[str]:
    for function in file.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if not file.is_test and lines > FUNCTION_LINES_MAX:
            where = f"{file.path}:{function.lineno}"
            yield f"{where}: {function.name} has {lines} lines (at most {FUNCTION_LINES_MAX})"


def bare_modules(file: Source) -> Iterator[str]:
    """Code without a module docstring; an empty __init__ needs none, nor do tests, named by sentences."""
    if file.tree.body and not file.is_test and not ast.get_docstring(file.tree):
        yield f"{file.path}: no module docstring"


def banned_names(file: Source) -> Iterator[str]:
    if file.path.stem in BANNED_FILES:
        yield f"{file.path}: a file of this name collects what has no place"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ClassDef) and BANNED_NAMES.search(node.name):
            yield f"{file.path}:{node.lineno}: {node.name} does not say what it is"


def broad_excepts(file: Source) -> list[int]:
    """Lines of handlers that catch everything and do not raise it again."""
    found = []
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in caught)
        if broad and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)):
            found.append(node.lineno)
    return found


def too_many_broad_excepts(file: Source) -> Iterator[str]:
    lines = broad_excepts(file)
    if len(lines) > BROAD_EXCEPTS.get(str(file.path), 0):
        yield f"{file.path}: lines {lines} catch everything; name what you expect"


def prints(file: Source) -> Iterator[str]:
    if not file.in_package or file.path.name in {"command.py", "cli.py"}:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"{file.path}:{node.lineno}: prints; only command.py and cli.py talk to the terminal"


RULES = [long_files, long_functions, bare_modules, banned_names, too_many_broad_excepts, prints]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_shape(rule: object) -> None:
    assert callable(rule)
    assert not told(fault for file in python_sources() for fault in rule(file))


def test_the_list_of_broad_excepts_has_no_stale_rows() -> None:
    counts = {str(file.path): len(broad_excepts(file)) for file in python_sources()}
    assert {path: counts.get(path, 0) for path in BROAD_EXCEPTS} == BROAD_EXCEPTS


PLANTED = {
    long_files: "x = 1\n" * (FILE_LINES_MAX + 1),
    long_functions: "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX,
    bare_modules: "import os\n",
    banned_names: "class CallManager: ...\nclass BaseCall: ...\n",
    too_many_broad_excepts: "try: f()\nexcept (OSError, Exception): pass\n",
    prints: "def f():\n    print('hello')\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_catches_a_planted_fault(rule: object) -> None:
    assert callable(rule)
    assert list(rule(source("src/antiphon/runtime/x.py", PLANTED[rule])))


@pytest.mark.parametrize(
    "text", ["try: f()\nexcept: pass", "try: f()\nexcept BaseException as error: log(error)"]
)
def test_a_bare_or_base_except_that_swallows_is_caught(text: str) -> None:
    assert list(too_many_broad_excepts(source("src/antiphon/runtime/x.py", text)))


def test_an_except_that_cleans_up_and_raises_again_is_fine() -> None:
    text = "try: f()\nexcept BaseException:\n    clean()\n    raise"
    assert not list(too_many_broad_excepts(source("src/antiphon/runtime/x.py", text)))
