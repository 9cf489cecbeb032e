"""`antiphon call` says what is wrong before it loads a model: exit code 2 and words that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from antiphon import cli

ROOT = Path(__file__).parents[3]
CLINIC = str(ROOT / "agents/clinic.yaml")
BOOKS = str(ROOT / "agents/clinic/callers/books.yaml")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    try:
        code = cli.main(["call", *arguments])
    except SystemExit as stop:  # argparse's own way out.
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    assert captured.out == "", "standard output is for reports alone"
    return code, captured.err


@pytest.mark.parametrize("agent", ["clinic", CLINIC], ids=["by name", "by path"])
def test_an_agent_may_be_given_by_name_or_by_file(agent: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, agent, "--caller", "nobody.yaml")
    assert code == 2 and "nobody.yaml: no such file" in told
    assert "clinic" not in told, "the agent was found; the caller was not"


def test_an_unknown_agent_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "clinik", "--caller", BOOKS)
    assert code == 2 and "clinik" in told and "did you mean 'clinic'?" in told


def test_an_agent_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "agents/nowhere.yaml", "--caller", BOOKS)
    assert code == 2 and "agents/nowhere.yaml" in told and "no such file" in told


def test_a_broken_caller_is_told_with_file_line_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "caller.yaml"
    path.write_text("about: x\nopens: Hi {nobody}\ngoal: {kind: ended, cause: silence}\n")
    code, told = run(capsys, "clinic", "--caller", BOOKS, "--caller", str(path))
    assert code == 2 and f"{path}:2: opens: " in told and "placeholder nobody defines: 'nobody'" in told


def test_noise_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "clinic", "--caller", BOOKS, "--noise", "cafe.wav")
    assert code == 2 and "cafe.wav" in told and "No such file" in told


def test_noise_that_is_no_recording_is_named_with_the_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cafe.wav").write_text("not a sound")
    code, told = run(capsys, "clinic", "--caller", BOOKS, "--noise", str(tmp_path / "cafe.wav"))
    assert code == 2 and "cafe.wav: not a WAV file" in told and "fix:" in told


@pytest.mark.parametrize("snr", ["loud", "nan", "1000"])
def test_a_ratio_that_is_none_is_refused(snr: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "clinic", "--caller", BOOKS, "--snr", snr)
    assert code == 2 and "--snr" in told


def test_a_caller_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "clinic")
    assert code == 2 and "--caller" in told
