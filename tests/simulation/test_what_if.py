"""Any call can be tried under other settings, however badly it went: the caller says what he said."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.records.lines import CallRecord, CommandEntry, read_call
from antiphon.runtime.records.policy_overrides import override
from antiphon.runtime.records.what_if import compare, simulate
from tests.simulation import run
from tests.simulation.plan import WEATHERS
from tests.simulation.record import write_trace

SETTINGS = ["turn.stop_silence_min_ms=500", "turn.stop_silence_max_ms=2500", "turn.speculate=false"]
NEAR_MS = 50  # The line's own delay is its median.
VENDOR = "turn.provider_wait_ms=4000"  # Or the vendor would hardly ever get to decide.


def _recorded(folder: Path, seed: int, weather: str) -> CallRecord:
    world = run.simulate(seed, weather)
    return read_call(write_trace(folder / "call.jsonl", world.policy, world.steps))


@pytest.mark.parametrize(("weather", "seed"), [*product(WEATHERS, range(8))])
def test_any_call_can_be_tried_under_other_settings(weather: str, seed: int, tmp_path: Path) -> None:
    record = _recorded(tmp_path, seed, weather)
    said = {word for event in record.events for word in getattr(event, "text", "").split()}
    keys = {event.digit for event in record.events if isinstance(event, ev.DtmfReceived)}
    for policy in (record.header.policy, override(record.header.policy, [*SETTINGS, VENDOR])):
        ends = [
            entry.command
            for entry in simulate(record, policy)
            if isinstance(entry, CommandEntry) and isinstance(entry.command, cmd.EndCall)
        ]
        assert len(ends) <= 1, "none where it would go on for long after the recording"
        for turn in compare(record, policy):
            for word in turn.what_if_text.split():
                assert word in said or set(word.removeprefix("dtmf:")) <= keys


def test_with_nothing_changed_turns_are_what_they_were(tmp_path: Path) -> None:
    """Not all of them: what a reply that was given up would have said, or when, nobody knows."""
    turns = [
        turn
        for seed in range(30)
        for record in (_recorded(tmp_path, seed, "fair"),)
        for turn in compare(record, record.header.policy)
    ]
    assert len(turns) > 70
    assert sum(turn.text == turn.what_if_text for turn in turns) >= 0.95 * len(turns)
    answered = [(turn.recorded_ms, turn.what_if_ms) for turn in turns if turn.recorded_ms is not None]
    near = [then for then, now in answered if now is not None and abs(then - now) <= NEAR_MS]
    assert len(answered) > 50 and len(near) >= 0.9 * len(answered)
