from __future__ import annotations

from typing import Any

from benchmarks.load.bounds import BOUNDS, beside
from benchmarks.load.caller import Tally
from benchmarks.load.driver import Driven
from benchmarks.load.measure import Seen
from benchmarks.load.script import Pace
from benchmarks.phone_load import row


def measured(calls: int, **values: float | None) -> dict[str, Any]:
    return {"calls": calls, **{bound.key: 0 for bound in BOUNDS}, "overhead_p99_ms": 2.0, **values}


def verdicts(*rows: dict[str, Any], sockets: bool = False) -> dict[str, str]:
    cells = [line.strip("|").split("|") for line in list(beside(rows, sockets=sockets))[2:]]
    return {f"{calls} {title}": held for calls, title, _, _, held in cells}


def test_a_bound_is_judged_at_the_number_of_calls_it_is_meant_for() -> None:
    told = verdicts(measured(25, cpu_s_per_call_minute=0.4), measured(100, cpu_s_per_call_minute=0.14))
    assert told["25 CPU-s per call-minute"] == "meant for 100 calls"
    assert told["100 CPU-s per call-minute"] == "**no**"
    assert told["100 MB per further call"] == "yes"


def test_many_calls_are_compared_with_one_of_the_same_run() -> None:
    alone = verdicts(measured(400, overhead_p99_ms=60.0))
    assert alone["400 overhead p99 over one call's, ms"].startswith("not measured")
    told = verdicts(measured(1), measured(400, overhead_p99_ms=60.0))
    assert told["400 overhead p99 over one call's, ms"] == "**no**"
    told = verdicts(measured(1), measured(150, overhead_p99_ms=51.0), sockets=True)
    assert told["150 overhead p99 over one call's, ms"] == "yes"


def test_a_run_whose_server_did_not_tell_its_counters_says_so_and_keeps_the_rest() -> None:
    seen = Seen(Driven(Tally()), cpu_s=2.0, window_s=10.0, unanswered=2)
    told = row(100, seen, Pace())
    assert told["trouble"] == "status not answered 2"
    assert told["core_pct"] == 20.0
    assert told["stalls"] is None and told["tick_max_ms"] is None
    assert verdicts({**measured(100), **told})["100 stalls over 20 ms"] == "not measured"
