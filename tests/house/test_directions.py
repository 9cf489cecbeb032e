"""Who may lean on whom: an import goes down a floor, never up and never to a neighbour."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from tests.house.tree import Source, python_sources, source, told

FLOORS = (
    {"conversation", "audio", "storage"},
    {"speech"},
    {"agents"},
    {"providers", "trust"},
    {"runtime"},
    {"calls"},
    {"campaigns", "quality", "operations"},
    # The client speaks to the server over HTTP only: it may be lifted out and used alone.
    {"server", "client"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# The error tree stands under every room but the pure core; the package itself holds the version.
FOUNDATION = {"", "errors", "__version__"}

# The pure core may use values and nothing that acts, waits, looks at a clock or differs between runs.
PURE_ALLOWED = {
    "__future__", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib", "heapq",
    "itertools", "json", "math", "msgspec", "operator", "re", "string", "types", "typing", "unicodedata",
}  # fmt: skip
VENDORS = {
    "anthropic", "assemblyai", "azure", "bland", "cartesia", "cerebras", "daily", "deepgram", "deepseek",
    "elevenlabs", "gemini", "groq", "kokoro", "livekit", "nova", "openai", "pipecat", "piper", "playht",
    "plivo", "retell", "rime", "riva", "signalwire", "silero", "synthflow", "telnyx", "twilio", "vapi",
    "vonage", "whisper",
}  # fmt: skip


def uphill_imports(file: Source) -> Iterator[str]:
    """Imports of a room that stands on the same floor or above."""
    if not file.in_package or file.room in FOUNDATION:
        return
    for line, name in file.imports():
        head, *rest = name.split(".")
        room = rest[0] if rest else ""
        if head != "antiphon" or room == file.room or room in FOUNDATION:
            continue
        if room not in FLOOR or FLOOR[room] >= FLOOR[file.room]:
            yield f"{file.path}:{line}: {file.room} may not import {room}"


def impure_imports(file: Source) -> Iterator[str]:
    """Anything `conversation/` may not touch."""
    if file.room != "conversation":
        return
    for line, name in file.imports():
        head, *rest = name.split(".")
        ours = head == "antiphon" and rest[:1] == ["conversation"]
        if not ours and head not in PURE_ALLOWED:
            yield f"{file.path}:{line}: the pure core may not import {name}"


def vendor_names(file: Source) -> Iterator[str]:
    """The machine and the core ask for a port by name; they never know whose it is."""
    if file.room not in {"conversation", "runtime"}:
        return
    for number, line in enumerate(file.text.splitlines(), start=1):
        words = set("".join(c.lower() if c.isalnum() else " " for c in line).split())
        yield from (f"{file.path}:{number}: names the vendor {name}" for name in VENDORS if name in words)


def unknown_rooms(files: tuple[Source, ...]) -> set[str]:
    return {file.room for file in files if file.in_package} - FLOOR.keys() - FOUNDATION


def test_imports_go_down() -> None:
    assert not told(fault for file in python_sources() for fault in uphill_imports(file))


def test_the_core_is_pure() -> None:
    assert not told(fault for file in python_sources() for fault in impure_imports(file))


def test_the_machine_names_no_vendor() -> None:
    assert not told(fault for file in python_sources() for fault in vendor_names(file))


def test_there_are_no_rooms_but_those_on_the_plan() -> None:
    assert unknown_rooms(python_sources()) == set()


def test_every_standard_module_the_core_may_use_exists() -> None:
    assert PURE_ALLOWED - {"msgspec"} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/antiphon/audio/x.py", "from antiphon.storage.home import home_directory"),  # a neighbour
        ("src/antiphon/speech/x.py", "import antiphon.runtime.call"),  # up
        ("src/antiphon/runtime/x.py", "from antiphon import calls"),  # up, by the package
        ("src/antiphon/quality/x.py", "from ..operations import y"),  # a neighbour, relative
        ("src/antiphon/agents/x.py", "def f():\n    from antiphon.server import app"),  # hidden in a function
        ("src/antiphon/server/x.py", "from antiphon.cli import main"),
        ("src/antiphon/speech/x.py", "import antiphon.cellar"),  # a room that is not on the plan
    ],
)
def test_an_import_up_or_to_a_neighbour_is_caught(path: str, text: str) -> None:
    assert list(uphill_imports(source(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "src/antiphon/runtime/x.py",
            "from antiphon.agents.ports import Tool\nfrom antiphon.errors import Denied",
        ),
        ("src/antiphon/runtime/records/x.py", "from .lines import decode\nfrom ..call import Call"),
        ("src/antiphon/server/x.py", "from antiphon.quality import wer\nfrom antiphon import __version__"),
    ],
)
def test_an_import_down_or_within_the_room_is_fine(path: str, text: str) -> None:
    assert not told(uphill_imports(source(path, text)))


@pytest.mark.parametrize(
    "module", ["asyncio", "logging", "time", "random", "threading", "socket", "numpy", "datetime"]
)
def test_a_clock_a_socket_or_chance_in_the_core_is_caught(module: str) -> None:
    assert list(impure_imports(source("src/antiphon/conversation/x.py", f"import {module}")))
    assert list(impure_imports(source("src/antiphon/conversation/x.py", f"from {module} import x")))


def test_even_our_own_errors_in_the_core_are_caught() -> None:
    file = source("src/antiphon/conversation/x.py", "from antiphon.errors import ConfigError")
    assert list(impure_imports(file))


def test_a_vendor_in_the_machine_is_caught() -> None:
    assert list(vendor_names(source("src/antiphon/runtime/x.py", 'provider = "deepgram/nova-3"')))
    assert not list(vendor_names(source("src/antiphon/providers/x.py", 'provider = "deepgram/nova-3"')))
