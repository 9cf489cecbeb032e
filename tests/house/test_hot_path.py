"""What runs for every frame of every call stays cheap, and nothing waits in a line without an end."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.house.tree import Source, python_sources, source, told

# Entered for every frame, or for every event of the core.
HOT = ("runtime.media", "conversation", "audio")
LOGGING = ("structlog", "logging")
TASKS = {"create_task", "ensure_future", "gather", "to_thread", "run_in_executor", "TaskGroup"}

QUEUES = {"Queue", "SimpleQueue", "LifoQueue", "PriorityQueue"}
# Where something else than `maxlen` bounds it: how many there are, and what does.
BOUNDED_OTHERWISE: dict[str, tuple[int, str]] = {
    "src/antiphon/calls/amd/tones.py": (2, "emptied by every block it is given"),
    "src/antiphon/calls/browser/playout.py": (1, "marks of audio whose length has a bound"),
    "src/antiphon/calls/listening.py": (2, "who is too slow is closed at PIECES_MAX and MESSAGES_MAX"),
    "src/antiphon/calls/loopback.py": (2, "the lead of the plane, and what a simulated caller says"),
    "src/antiphon/calls/realtime/intake.py": (1, "BACKLOG_MAX_MS of audio, and one step a turn between it"),
    "src/antiphon/calls/sip/playout.py": (2, "marks of audio whose length has a bound"),
    "src/antiphon/providers/gemini/live_turns.py": (1, "HELD_MS of audio"),
    "src/antiphon/providers/listening/journal.py": (
        1,
        "length_max_ms of audio, and a piece a pause",
    ),
    "src/antiphon/providers/listening/utterances.py": (
        1,
        "one a pause, until it is answered or given up",
    ),
    "src/antiphon/providers/listening/words.py": (2, "one a pause, until it is answered or given up"),
    "src/antiphon/providers/local/worker/stream.py": (1, "one a pause, until it is answered or given up"),
    "src/antiphon/providers/sessions/session.py": (2, "the oldest audio goes first; one more action a turn"),
    "src/antiphon/runtime/call.py": (1, "empty again before the event that fills it returns"),
    "src/antiphon/runtime/media/mirror.py": (1, "the last seconds that were played"),
    "src/antiphon/runtime/media/playout.py": (1, "_IN_FLIGHT_UNSWEPT and _RELAY_IN_FLIGHT_MAX"),
    "src/antiphon/runtime/unified/speech.py": (1, "one a reply that is given up, for UNWANTED_MS"),
}
# Commands, each with its own loop: a person is asked, who may take his time.
IN_THE_LOOPS_THREADS: dict[str, tuple[int, str]] = {
    "src/antiphon/agents/command.py": (1, "what the person says next"),
    "src/antiphon/server/keeping/command.py": (1, "whether he is sure"),
}


def is_hot(file: Source) -> bool:
    return any(file.module == room or file.module.startswith(f"{room}.") for room in HOT)


def _called(node: ast.AST) -> str:
    """The last name of what is called, "" where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func.value if isinstance(node.func, ast.Subscript) else node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def logs(file: Source) -> Iterator[str]:
    """A line for every frame is a thousand lines a second, and a lock."""
    if is_hot(file):
        for line, name in file.imports():
            if name.partition(".")[0] in LOGGING:
                yield f"{file.path}:{line}: {name} on the hot path"


def tasks(file: Source) -> Iterator[str]:
    """A task for a frame costs more than the frame."""
    if not is_hot(file):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and _called(node) in TASKS:
            yield f"{file.path}:{node.lineno}: begins a task on the hot path"


def endless_queues(file: Source) -> Iterator[str]:
    """Memory that grows while somebody is slow, and answers that are minutes old when he is not any more."""
    if not file.in_package:
        return
    allowed, _ = BOUNDED_OTHERWISE.get(str(file.path), (0, ""))
    lines = unbounded_lines(file)
    if len(lines) > allowed:
        yield f"{file.path}: lines {lines} have no bound; give one, or say in BOUNDED_OTHERWISE what it is"


def unbounded_lines(file: Source) -> list[int]:
    found = []
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call):
            continue
        named = {word.arg for word in node.keywords}
        name = _called(node)
        endless = name == "deque" and len(node.args) < 2 and "maxlen" not in named
        if endless or (name in QUEUES and _of_a_library(node) and not node.args and "maxsize" not in named):
            found.append(node.lineno)
    return found


def borrowed_threads(file: Source) -> Iterator[str]:
    """The loop's own threads are few, and name look-ups and vendors' packages wait for them: what hangs in
    them takes these along. Disks have theirs (`storage.disk`), and so has whatever else blocks."""
    if not file.in_package:
        return
    allowed, _ = IN_THE_LOOPS_THREADS.get(str(file.path), (0, ""))
    lines = [node.lineno for node in ast.walk(file.tree) if _borrows(node)]
    if len(lines) > allowed:
        yield f"{file.path}: lines {lines} use the loop's own threads; storage.disk has some for the disk"


def _borrows(node: ast.AST) -> bool:
    name = _called(node)
    if not isinstance(node, ast.Call) or name not in {"to_thread", "run_in_executor"}:
        return False
    first = node.args[0] if node.args else None
    return name == "to_thread" or (isinstance(first, ast.Constant) and first.value is None)


def _of_a_library(call: ast.Call) -> bool:
    """`asyncio.Queue[int]()`, and no class of ours that is called so."""
    function = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    owner = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in {"asyncio", "queue", "multiprocessing"}


RULES = [logs, tasks, endless_queues, borrowed_threads]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_hot_path_is_kept(rule: object) -> None:
    assert callable(rule)
    assert not told(fault for file in python_sources() for fault in rule(file))


def test_the_lists_have_no_stale_rows() -> None:
    files = {str(file.path): file for file in python_sources() if file.in_package}
    assert {path: len(unbounded_lines(files[path])) for path in BOUNDED_OTHERWISE} == {
        path: count for path, (count, _) in BOUNDED_OTHERWISE.items()
    }


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (logs, "conversation/x.py", "import structlog"),
        (logs, "runtime/media/x.py", "from logging import getLogger"),
        (tasks, "runtime/media/x.py", "def frame(loop):\n    loop.create_task(hear())"),
        (tasks, "audio/x.py", "async def frame():\n    await asyncio.to_thread(hear)"),
        (
            borrowed_threads,
            "server/api/x.py",
            "async def get(path):\n    return await asyncio.to_thread(path.read_text)",
        ),
        (
            borrowed_threads,
            "calls/x.py",
            "from asyncio import to_thread\nasync def f():\n    await to_thread(g)",
        ),
        (borrowed_threads, "calls/x.py", "async def f(loop):\n    await loop.run_in_executor(None, g)"),
        (borrowed_threads, "agents/command.py", "a = asyncio.to_thread(input)\nb = asyncio.to_thread(input)"),
        (endless_queues, "runtime/x.py", "frames = asyncio.Queue()"),
        (endless_queues, "providers/x.py", "frames: asyncio.Queue[bytes] = asyncio.Queue[bytes]()"),
        (endless_queues, "speech/x.py", "frames = deque()"),
        (endless_queues, "speech/x.py", "frames = collections.deque([1])"),
    ],
)
def test_a_planted_fault_is_caught(rule: object, path: str, text: str) -> None:
    assert callable(rule)
    assert list(rule(source(f"src/antiphon/{path}", text)))


@pytest.mark.parametrize(
    "text",
    ["a = asyncio.Queue(8)", "a = asyncio.Queue(maxsize=N)", "a = deque(maxlen=3)", "a = deque([], 3)"],
)
def test_a_bound_is_seen(text: str) -> None:
    assert not list(endless_queues(source("src/antiphon/runtime/x.py", text)))


def test_no_call_waits_for_numpy_to_import_the_rest_of_itself() -> None:
    asked = "np.median([1.0]); np.percentile([1.0], 50); np.fft.rfft([1.0])"
    program = (
        "import sys, numpy as np, antiphon.server.media_worker\n"
        f"before = set(sys.modules); {asked}; print(sorted(set(sys.modules) - before))"
    )
    told_of = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told_of.stdout.strip() == "[]"
