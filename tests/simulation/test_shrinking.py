"""A failing seed becomes a small story on disk that `antiphon replay` understands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

import pytest

from antiphon import cli
from antiphon.runtime.records.lines import NoteEntry, read_call
from tests.simulation.faults import (
    Fault,
    effects_are_not_remembered,
    everything_given_counts_as_heard,
    finals_are_used_twice,
    timer_does_nothing,
)
from tests.simulation.plan import WEATHERS, Plan, random_plan
from tests.simulation.run import main
from tests.simulation.shrink import broken_by, explain, fewer, shrink
from tests.simulation.world import World


def _broken(invariant: str) -> Iterator[Plan]:
    """Random calls that break it and have much in them that does not matter."""
    for seed, weather in product(range(100), WEATHERS):
        plan = random_plan(seed, weather)
        if len(plan.utterances) > 5 and invariant in {violation.invariant for violation in broken_by(plan)}:
            yield plan
    raise AssertionError("the planted fault is not seen")


def _first_broken(invariant: str) -> Plan:
    return next(_broken(invariant))


def test_a_planted_fault_is_shrunk_to_what_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_given_counts_as_heard(monkeypatch)
    plan = _first_broken("context_is_what_was_heard")
    small = shrink(plan)
    assert {violation.invariant for violation in broken_by(small)} == {"context_is_what_was_heard"}
    left = len(small.utterances) + len(small.made or {})
    assert left <= 2 < len(plan.utterances), "an interruption, or a reply and its echo, is all it takes"


@pytest.mark.parametrize(
    ("invariant", "fault"),
    [
        ("pauses_are_decided", timer_does_nothing("hold")),
        ("silence_is_covered", timer_does_nothing("final_wait")),
        ("every_final_once", finals_are_used_twice),
        ("effects_once", effects_are_not_remembered),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_can_be_left_out_of_the_smallest_call(
    invariant: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    small = shrink(_first_broken(invariant))
    made = dict(small.made or {})
    assert 0 < len(small.utterances) + len(made) < 12, "somebody can read it"
    smaller = [
        dataclasses.replace(small, utterances=(*small.utterances[:index], *small.utterances[index + 1 :]))
        for index in range(len(small.utterances))
    ]
    for decision in made:
        rest = {name: value for name, value in made.items() if name != decision}
        smaller.append(dataclasses.replace(small, made=rest))
    for plan in smaller:
        assert invariant not in {violation.invariant for violation in broken_by(plan)}


def test_what_took_minutes_to_show_is_told_in_one_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most random calls break late, by the last of many things; the story is that thing alone. Of the first
    three calls two at least: one may need more to break, or keep what no smaller step takes out of it."""
    timer_does_nothing("hold")(monkeypatch)
    plans = list(islice(_broken("pauses_are_decided"), 3))
    small = [shrink(plan) for plan in plans]
    assert sorted(len(plan.utterances) + len(plan.made or {}) for plan in small)[1] <= 3
    shares = [
        len(World(made).run().steps) / len(World(plan).run().steps)
        for made, plan in zip(small, plans, strict=True)
    ]
    assert max(shares) < 1 / 3 and sorted(shares)[1] < 1 / 4


def test_the_written_trace_replays_on_the_broken_core_and_differs_on_the_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as broken:
        everything_given_counts_as_heard(broken)
        told = explain(_first_broken("context_is_what_was_heard"), tmp_path)
        command = told.splitlines()[-1].split()
        assert command[:2] == ["antiphon", "replay"]
        assert cli.main(command[1:]) == 0
        assert "exactly as recorded" in capsys.readouterr().out
    assert cli.main(command[1:]) == 1, "the repaired core decides otherwise"
    assert "the first difference" in capsys.readouterr().out
    record = read_call(Path(command[2]))
    assert record.complete
    notes = [entry for entry in record.entries if isinstance(entry, NoteEntry)]
    assert notes and "context_is_what_was_heard" in notes[0].fields["text"]


def test_the_command_line_tells_of_the_broken_call_and_how_to_see_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    timer_does_nothing("silence")(monkeypatch)
    monkeypatch.setattr("sys.argv", ["run", "--calls", "8", "--jobs", "1", "--weather", "fair"])
    assert main() == 1
    told = capsys.readouterr().out
    assert "silence_is_covered" in told and "antiphon replay" in told and "smallest" in told


def test_the_command_line_reports_speed_and_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run", "--calls", "30", "--jobs", "1"])
    assert main() == 0
    assert "30 calls, 0 broken" in capsys.readouterr().out


@pytest.mark.parametrize("needed", [(), (3,), (0, 9), (2, 3, 7), tuple(range(10))])
def test_fewer_keeps_exactly_what_is_needed(needed: tuple[int, ...]) -> None:
    kept = fewer(range(10), lambda rest: set(needed) <= set(rest))
    assert sorted(kept) == sorted(needed)
