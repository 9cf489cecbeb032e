"""The line at the end of `make test` counts every stage and says what was left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.totals import main


def results(path: Path, *cases: str) -> str:
    inner = "".join(f"<testcase>{case}</testcase>" for case in cases)
    path.write_text(f'<testsuites><testsuite time="1.5">{inner}</testsuite></testsuites>')
    return str(path)


def test_stages_are_added_up_with_the_reasons_for_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = results(tmp_path / "1.xml", "", "", '<skipped message="no Chromium"/>')
    two = results(tmp_path / "2.xml", "", '<skipped message="no Chromium"/>')
    assert main([one, two]) == 0
    out = capsys.readouterr().out
    assert "left out: 2 tests: no Chromium" in out
    assert "3 passed, 2 skipped in 3.00s" in out


@pytest.mark.parametrize("case", ["<failure/>", "<error/>"])
def test_a_failure_in_any_stage_fails(tmp_path: Path, case: str) -> None:
    assert main([results(tmp_path / "1.xml", "", case), results(tmp_path / "2.xml", "")]) == 1


def test_a_stage_without_results_or_without_passes_fails(tmp_path: Path) -> None:
    assert main([results(tmp_path / "1.xml", ""), str(tmp_path / "2.xml")]) == 1
    assert main([results(tmp_path / "3.xml", '<skipped message="x"/>')]) == 1
