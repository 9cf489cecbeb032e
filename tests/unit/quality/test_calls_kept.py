"""`antiphon call` without `--home`: what it says of a call can be looked at after the command has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvloop
from tests.doubles.virtual_loop import live
from tests.unit.quality.test_caller_calling import ShortCalls, prepared
from tests.unit.runtime.recorded_call import record_call

from antiphon import cli
from antiphon.quality.callers import calling, stack

ROOT = Path(__file__).parents[3]
CALL = ("call", str(ROOT / "agents/clinic.yaml"), "--caller", str(ROOT / "agents/clinic/callers/silent.yaml"))


class KeptCalls(ShortCalls):
    """Leaves its trace where a real stack would have."""

    def __init__(self, definitions: object, home: Path, sockets: Path, **given: Any) -> None:
        super().__init__()
        self.calls_directory = given.get("calls_directory") or home / "calls"
        self.homes.append(home)

    homes: list[Path] = []  # noqa: RUF012 - of this test alone, emptied by its fixture.

    async def __aenter__(self) -> KeptCalls:
        record_call(self.calls_directory)
        return self

    async def __aexit__(self, *why: object) -> None: ...


@pytest.fixture(autouse=True)
def _short_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def caller(*given: object) -> calling.PreparedCaller:
        return prepared("silent")

    KeptCalls.homes.clear()
    monkeypatch.setattr(stack, "Stack", KeptCalls)
    monkeypatch.setattr(calling, "prepare", caller)
    monkeypatch.setattr(uvloop, "run", live)
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path / "data"))
    yield
    structlog.reset_defaults()


def test_the_trace_a_report_names_is_there_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*CALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["trace"]).is_file(), "the folder it was in is gone"
    for name in (told["trace"], told["call_id"], "last"):
        assert cli.main(["calls", "show", name]) == 0
        assert "Hello, how can I help?" in capsys.readouterr().out
    (home,) = KeptCalls.homes
    assert not home.exists(), "the calendar of one run is not that of the next"


def test_the_story_names_a_command_that_shows_the_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main([*CALL, "--home", "apart"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "antiphon calls show" in line]
    assert cli.main(line.split("antiphon ")[1].split()) == 0
    assert not (tmp_path / "data").exists(), "kept apart, as asked"


def test_where_calls_are_listed_from_an_index_a_simulated_one_is_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["db", "upgrade"]) == 0
    assert cli.main([*CALL, "--json"]) == 0
    call_id = json.loads(capsys.readouterr().out.splitlines()[-1])["call_id"]
    for command in (["calls", "list"], ["calls", "list", "--words", "cleaning"], ["calls", "show", "last"]):
        assert cli.main(command) == 0
        assert call_id in capsys.readouterr().out


def test_calls_kept_apart_are_in_the_index_of_their_own_folder_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = str(tmp_path / "apart")
    with monkeypatch.context() as there:
        there.setenv("ANTIPHON_HOME", apart)
        assert cli.main(["db", "upgrade"]) == 0
    with monkeypatch.context() as here:
        here.setenv("ANTIPHON_DATABASE_URL", f"sqlite:///{tmp_path}/shared.db")
        assert cli.main(["db", "upgrade"]) == 0
        assert cli.main([*CALL, "--home", apart, "--json"]) == 0
        call_id = json.loads(capsys.readouterr().out.splitlines()[-1])["call_id"]
        assert cli.main(["calls", "list"]) == 0
        assert "no calls in" in capsys.readouterr().out
    monkeypatch.setenv("ANTIPHON_HOME", apart)
    assert cli.main(["calls", "list", "--words", "cleaning"]) == 0
    assert call_id in capsys.readouterr().out


def test_an_index_that_cannot_be_opened_is_told_and_costs_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "antiphon.db").write_bytes(b"no database" * 100)
    assert cli.main([*CALL, "--json"]) == 0
    assert "not in the index yet" in capsys.readouterr().err
