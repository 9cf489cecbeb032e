"""Every golden trace: it replays, it is lived again, the symptom is absent, and its cause is noticed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from antiphon import cli
from antiphon.conversation import commands as cmd
from antiphon.runtime.records.lines import CommandEntry, Entry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.what_if import compare, simulate
from tests.golden import update
from tests.golden.rows import ROWS
from tests.golden.symptoms import SYMPTOMS
from tests.golden.telling import Symptom
from tests.golden.update import FOLDER, TABLE_BEGINS, TRACES, table, trace_lines

ROOT = FOLDER.parents[1]
each = pytest.mark.parametrize("symptom", SYMPTOMS.values(), ids=SYMPTOMS)
# Delays are predicted within this: where a double does not tell its first sound, only the whole is known.
PREDICTED_WITHIN_MS = 60
# In these a double plays, hears out and hangs up at one instant, or sounds before it says so: there is no
# delay in them to learn.
NO_DELAYS = {
    "agent_answers_what_was_interrupted",
    "agent_forgets_the_call_when_the_session_drops",
    "old_sentence_leaks_into_the_next",
}


@each
def test_the_golden_trace_replays_command_by_command(symptom: Symptom) -> None:
    record = read_call(TRACES / f"{symptom.name}.jsonl")
    result = replay_exactly(record)
    assert record.complete and result.commands > 10
    assert result.difference is None, result.difference


def _causes(entries: list[Entry]) -> list[str]:
    commands = [entry.command for entry in entries if isinstance(entry, CommandEntry)]
    return [command.cause for command in commands if isinstance(command, cmd.EndCall)]


@each
def test_what_if_nothing_were_changed_the_call_would_go_as_it_went(symptom: Symptom) -> None:
    """Whatever happens in a call happens in its what-if, or a change of settings would be blamed for it."""
    record = read_call(TRACES / f"{symptom.name}.jsonl")
    policy = record.header.policy
    assert _causes(simulate(record, policy)) == _causes(record.entries) != []
    for turn in compare(record, policy):
        assert (turn.what_if_text, turn.what_if_cut_off) == (turn.text, turn.recorded_cut_off)
        if symptom.name not in NO_DELAYS:
            told = [-1 if ms is None else ms for ms in (turn.recorded_ms, turn.what_if_ms)]
            assert abs(told[1] - told[0]) <= PREDICTED_WITHIN_MS, turn


@each
def test_the_story_goes_as_it_went_and_the_symptom_is_absent(symptom: Symptom, tmp_path: Path) -> None:
    told = symptom.tell(tmp_path)
    symptom.absent(told)
    kept, lived = trace_lines(TRACES / f"{symptom.name}.jsonl"), trace_lines(told.record.path)
    different = next((pair for pair in zip(kept, lived, strict=False) if pair[0] != pair[1]), None)
    found = f"{different or (len(kept), len(lived))}"
    assert different is None and len(kept) == len(lived), (
        f"{found}: if that was meant, python -m tests.golden.update {symptom.name}"
    )


@each
def test_its_cause_put_into_the_code_is_noticed(
    symptom: Symptom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symptom.fault(monkeypatch)
    told = symptom.tell(tmp_path)  # It is told to its end: a story that falls apart shows no symptom.
    with pytest.raises(AssertionError):
        symptom.absent(told)


def test_every_invariant_and_every_pain_is_accounted_for() -> None:
    assert set(ROWS) == {f"I{n}" for n in range(1, 10)} | {f"P{n}" for n in range(1, 26)}
    shown = {row for symptom in SYMPTOMS.values() for row in symptom.rows}
    assert shown <= set(ROWS)
    for name, row in ROWS.items():
        assert name in shown or row.missing, f"{name} is neither shown nor said to be missing"


def test_the_tests_named_elsewhere_exist() -> None:
    for row in ROWS.values():
        for test in row.elsewhere:
            path, _, name = test.partition("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions = {
                n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert name in functions, test


def test_the_table_tells_what_is_there() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8").partition(TABLE_BEGINS)[2] == table()


def test_no_trace_is_left_without_a_story() -> None:
    assert {path.stem for path in TRACES.iterdir()} == set(SYMPTOMS)


def test_a_golden_trace_is_an_ordinary_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(TRACES / "cough_costs_the_sentence.jsonl")]) == 0
    assert "exactly as recorded" in capsys.readouterr().out


def test_a_story_in_which_the_symptom_shows_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "cough_costs_the_sentence"
    before = (TRACES / f"{name}.jsonl").read_bytes()
    SYMPTOMS[name].fault(monkeypatch)
    monkeypatch.setattr("sys.argv", ["update", name])
    with pytest.raises(AssertionError):
        update.main()
    assert (TRACES / f"{name}.jsonl").read_bytes() == before


def test_updating_an_unknown_story_names_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["update", "cough"])
    assert update.main() == 2
    assert "cough_costs_the_sentence" in capsys.readouterr().out
