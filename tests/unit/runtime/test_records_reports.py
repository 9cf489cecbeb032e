"""`antiphon replay` of one call or a folder of them: what it prints, its JSON and its exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.cut_off_call import cut_off_events
from tests.unit.runtime.recorded_call import record_call

from antiphon import __version__, cli


def _replay(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["replay", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _json(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    code, out, _ = _replay(capsys, *arguments, "--json")
    return code, json.loads(out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record_call(tmp_path / "monday")
    record_call(tmp_path / "tuesday", cut_off_events())
    return tmp_path


def _spoil(folder: Path, old: bytes, new: bytes) -> Path:
    path = next((folder / "monday").rglob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_a_folder_of_calls_replays_exactly(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = _json(capsys, folder)
    assert code == 0
    assert report["total"] == {"calls": 2, "same": 2, "different": 0, "other_version": 0, "unreadable": 0}
    assert [call["difference"] for call in report["calls"]] == [None, None]
    code, out, _ = _replay(capsys, folder)
    assert code == 0 and "2 calls: 2 exactly as recorded, 0 different" in out


def test_a_folder_names_the_call_that_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _spoil(folder, b'"type":"CommitTurn","turn":1', b'"type":"CommitTurn","turn":7')
    code, out, _ = _replay(capsys, folder)
    assert code == 1 and f"{path}: differs from line" in out and "1 different" in out


def test_one_unreadable_trace_does_not_hide_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes.jsonl").write_text('{"shopping": "milk"}\n')
    code, report = _json(capsys, folder)
    assert code == 1 and report["total"]["same"] == 2 and report["total"]["unreadable"] == 1
    code, out, _ = _replay(capsys, folder, "--set", "turn.stop_silence_min_ms=700")
    assert code == 1 and "notes.jsonl: cannot be read" in out and "2 calls" not in out.splitlines()[0]


def test_what_if_over_a_folder_pools_delays_and_cut_offs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = _json(capsys, folder, "--set", "turn.stop_silence_min_ms=700")
    assert code == 0
    total = report["total"]
    assert total["cut_offs"] == {
        "before": {"turns": 4, "cut_off": 1},
        "after": {"turns": 3, "cut_off": 0},
    }
    assert total["response_ms"]["before"]["p50"] == 320
    assert (total["response_ms"]["after"]["p50"], total["response_ms"]["after"]["p95"]) == (720, 727)
    _, out, _ = _replay(capsys, folder, "--set", "turn.stop_silence_min_ms=700")
    assert "response delay p50     320 ->    720 ms" in out
    assert "caller cut off      1 of 4 turns -> 0 of 3 turns" in out


def test_what_if_of_one_call_marks_the_turn_that_was_cut_off(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = next((folder / "tuesday").rglob("*.jsonl"))
    _, out, _ = _replay(capsys, path, "--set", "turn.stop_silence_min_ms=700")
    assert "(would not be a turn of its own)   no longer cut off" in out
    assert "response delay p95" in out and "1 of 2 turns -> 0 of 1 turns" in out


def test_an_empty_folder_is_an_error_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _replay(capsys, tmp_path)
    assert code != 0 and "there is no trace in this folder" in err


def test_settings_no_call_can_be_tried_with_are_an_error_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting in ("turn.endpointing=provider", "turn.hold=3"):
        code, _, err = _replay(capsys, folder, "--set", setting)
        assert code != 0 and "no call of this folder can be tried so" in err


def test_another_versions_difference_is_told_and_is_no_failure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _spoil(folder, b'"version":"%s"' % __version__.encode(), b'"version":"0.0.7"')
    _spoil(folder, b'"type":"CommitTurn","turn":1', b'"type":"CommitTurn","turn":7')
    code, out, _ = _replay(capsys, path)
    assert code == 0 and "made by antiphon 0.0.7, another version than this" in out
    assert "the first difference" in out
    code, report = _json(capsys, folder)
    assert code == 0 and report["total"]["other_version"] == 1
    assert {call.get("version") for call in report["calls"]} == {"0.0.7", None}


def test_a_trace_cut_short_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = next((folder / "monday").rglob("*.jsonl"))
    path.write_bytes(path.read_bytes()[:-200])
    code, out, _ = _replay(capsys, path)
    assert code == 0 and "exactly as recorded" in out and "cut short" in out


def test_a_call_that_is_not_named_is_not_every_trace_below_the_folder_we_are_in(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANTIPHON_HOME", str(folder))
    code, out, err = _replay(capsys, "")
    assert (code, out) == (2, "") and "no call is named" in err


@pytest.mark.parametrize("name", ["calls/2026-01-01/c9.jsonl", "c9.jsonl", "./c9"])
def test_a_file_that_is_not_there_is_not_looked_for_among_the_ids(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(folder))
    code, _, err = _replay(capsys, name)
    assert code == 2 and f"{name}: there is no such trace" in err


def test_another_kind_of_model_cannot_be_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _replay(capsys, next(folder.rglob("*.jsonl")), "--set", "unified=true")
    assert code == 2 and "unified=true cannot be tried" in err
