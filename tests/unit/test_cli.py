"""The command line: quick help, clear words, exit codes, no tracebacks for what an operator can fix."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from tests.unit.runtime.recorded_call import record_call

from antiphon import __version__, cli
from antiphon.errors import CallFailed, ConfigError

# What `antiphon --help` may import of ours, and what it must not of others'.
LIGHT = {"antiphon", "antiphon.cli", "antiphon.errors"}
HEAVY = {"numpy", "msgspec", "pydantic", "fastapi", "onnxruntime", "asyncio", "httpx", "yaml"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = cli.main(arguments)
    except SystemExit as stop:  # argparse's own way out.
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_imports_no_room_and_no_heavy_package() -> None:
    program = (
        "import sys, antiphon.cli\n"
        "try: antiphon.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(result.stderr.split())
    assert {name for name in loaded if name.startswith("antiphon")} == LIGHT
    assert not loaded & HEAVY
    assert "calls" in result.stdout and "serve" in result.stdout


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"antiphon {__version__}\n", "")


def test_an_unknown_command_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "dance")
    assert code == 2 and "invalid choice: 'dance'" in err and "serve" in err


def test_no_command_shows_help_and_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 2 and "COMMAND" in out


@pytest.mark.parametrize("command", sorted(cli._COMMANDS))
def test_every_command_in_the_table_is_registered_by_its_room(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"usage: antiphon {command}" in out


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (
            ConfigError("no port", where="8080", fix="choose another"),
            2,
            "antiphon: 8080: no port\n  fix: choose",
        ),
        (CallFailed("the line fell"), 1, "antiphon: the line fell"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_an_operator_can_fix_comes_in_words_with_an_exit_code(
    raised: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    room = types.ModuleType("room")

    def act(_: object) -> int:
        raise raised

    room.register = lambda commands: commands.add_parser("serve").set_defaults(run=act)  # type: ignore[attr-defined]
    monkeypatch.setattr(importlib, "import_module", lambda _: room)
    result, out, err = run(capsys, "serve")
    assert result == code and words in err and "Traceback" not in out + err


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    return tmp_path


def test_a_recorded_call_is_listed_shown_and_replayed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_call(home / "calls")
    assert json.loads(run(capsys, "calls", "list", "--json")[1])[0]["outcome"] == "caller_hangup"
    assert "caller_hangup" in run(capsys, "calls", "list")[1]
    assert "Sure. We ✂" in run(capsys, "calls", "show", "last")[1]
    assert json.loads(run(capsys, "calls", "show", "c1", "--json")[1])["latency_ms"]["p50"] == 320
    code, out, _ = run(capsys, "replay", "c1")
    assert code == 0 and "exactly as recorded" in out


def test_a_replay_that_differs_fails_and_says_where(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = record_call(home / "calls").path
    path.write_bytes(path.read_bytes().replace(b'"due_ms":5220', b'"due_ms":5221'))
    code, out, _ = run(capsys, "replay", "c1")
    assert code == 1 and "the first difference" in out and '"due_ms":5221' in out
    assert json.loads(run(capsys, "replay", "c1", "--json")[1])["difference"]["line"] > 1


def test_what_if_shows_both_delays_of_every_turn(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_call(home / "calls")
    code, out, _ = run(capsys, "replay", "last", "--set", "turn.stop_silence_min_ms=600")
    assert code == 0 and "320 ->    620" in out
    turns = json.loads(run(capsys, "replay", "last", "--set", "turn.speculate=false", "--json")[1])["turns"]
    assert [(turn["recorded_ms"], turn["what_if_ms"]) for turn in turns] == [(320, 385), (590, 750)]


def test_an_empty_home_and_an_unknown_call_are_told_in_words(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no calls in" in run(capsys, "calls", "list")[1]
    code, _, err = run(capsys, "calls", "show", "nope")
    assert code == 2 and "no call 'nope'" in err and "antiphon calls list" in err
