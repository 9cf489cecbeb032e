from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.load.peer_lines import COLUMNS, bounds_of, result, table
from benchmarks.load.script import (
    FIRST_SENTENCE_TOKENS,
    MS_PER_CHARACTER,
    RATE_HZ,
    TOKENS,
    TRANSCRIPT,
    Pace,
    tone,
)
from benchmarks.referee import PEERS, apart, compete, cores, entrants, heats

FAKES: dict[str, Any] = {
    "TRANSCRIPT": TRANSCRIPT,
    "TOKENS": list(TOKENS),
    "FIRST_SENTENCE_TOKENS": FIRST_SENTENCE_TOKENS,
    "MS_PER_CHAR": MS_PER_CHARACTER,
    "RATE": RATE_HZ,
    "CHUNK": tone(),
    "STT_S": 0.0,
    "TTFT_S": 0.0,
    "TPS": 50.0,
    "TTFB_S": 0.0,
}


def line(label: str = "antiphon", calls: int = 100, **changed: Any) -> str:
    """What `run_bench.py` writes, as far as it is read."""
    return json.dumps(
        {
            "label": label,
            "calls": calls,
            "duration_s": 30.0,
            "ramp_s": 8.0,
            "known_constants_ms": 300.0,
            "response_ms": {"n": 186, "p50": 200.4, "p99": 208.0},
            "barge_clear_ms": {"n": 62, "p50": 63.0, "p99": 84.5},
            "late_pct": 0.0,
            "errors": {},
            "dropped_replies": 0,
            "calls_completed": 90,
            "driver": {"cpu_s_total": 10.0, "sent_over_10ms_late_pct": 0.012},
            "server": {"cpu_s_per_call_minute": 0.12, "cpu_pct_of_one_core": 20.1, "rss_per_call_mb": 0.28},
            "foreign_cpu_s_approx": 0.6,
            "window_s": 30.0,
            **changed,
        }
    )


def cells(row: str) -> dict[str, str]:
    return dict(zip(COLUMNS, row.strip("|").split("|"), strict=True))


def test_a_line_becomes_a_row_with_overhead_over_both_constants() -> None:
    row = cells(list(table([result(line())], clause_ms=200))[2])
    assert row["response p50 / p99 ms (n)"] == "200.4 / 208 (186)"
    assert row["overhead p50 / p99 ms"] == "-99.6 / -92"
    assert row["over stop silence p50 / p99 ms"] == "0.4 / 8"
    assert row["barge-in p50 / p99 ms (n)"] == "63 / 84.5 (62)"
    assert row["driver late %, core %"] == "0.012, 25.0"
    assert row["other work %"] == "2.0"


def test_what_went_wrong_is_told_and_what_was_not_heard_is_no_number() -> None:
    silent = {"n": 0, "p50": None, "p99": None}
    seen = result(line(errors={"no_response": 3}, dropped_replies=2, response_ms=silent, late_pct=None))
    row = cells(list(table([seen], clause_ms=200))[2])
    assert row["trouble"] == "no_response 3, short replies 2"
    assert row["response p50 / p99 ms (n)"] == "– / – (0)"
    assert row["late frames %"] == "–"


def test_a_line_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not a line of run_bench\.py"):
        result('{"label": "antiphon"}')
    with pytest.raises(ValueError, match="column"):
        result("N=1 resp 200")


def test_only_our_rows_stand_beside_the_bounds() -> None:
    results = [result(line()), result(line("pipecat 1.14.0", 20))]
    rows = [row.strip("|").split("|") for row in list(bounds_of(results, 200))[2:]]
    held = {(calls, title): verdict for calls, title, _, _, verdict in rows}
    assert {calls for calls, _ in held} == {"100"}
    assert held["100", "overhead p99, ms"] == "yes"
    assert held["100", "CPU-s per call-minute"] == "yes"
    assert held["100", "stalls over 20 ms"] == "not measured"


def test_doubles_that_differ_are_named() -> None:
    assert apart(FAKES, Pace()) == []
    assert apart({**FAKES, "TPS": 40.0}, Pace()) == ["TPS: 50 here, 40.0 there"]
    assert apart(FAKES, Pace(stt_ms=100)) == ["STT_S: 0.1 here, 0.0 there"]


def test_servers_take_turns_and_a_peer_without_an_interpreter_is_left_out() -> None:
    (ours,) = entrants({})
    assert ours.name == "antiphon"
    turns = [(entrant.name, calls) for entrant, calls in heats([ours, ours], [1, 5], [100])]
    assert turns == [("antiphon", 1), ("antiphon", 1), ("antiphon", 5), ("antiphon", 5), ("antiphon", 100)]


BENCH = """
import json, pathlib, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if options["--calls"] == "5":
    raise SystemExit("server did not listen")
told = json.loads(pathlib.Path(__file__).with_name("line.json").read_text())
told |= {"label": options["--label"], "calls": int(options["--calls"])}
pathlib.Path(options["--out"]).write_text(json.dumps(told) + "\\n")
"""


@pytest.mark.skipif(len(cores()) < 2, reason="one core for the server, one for the caller")
def test_a_server_that_does_not_start_is_told_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for variable, _ in PEERS.values():
        monkeypatch.delenv(variable, raising=False)
    bench = tmp_path / "peer-bench"
    bench.mkdir()
    (bench / "fakes.py").write_text("\n".join(f"{name} = {value!r}" for name, value in FAKES.items()))
    (bench / "run_bench.py").write_text(BENCH)
    (bench / "line.json").write_text(line())
    keep = tmp_path / "kept" / "lines.jsonl"
    args = argparse.Namespace(
        peer_bench=bench, calls=[1, 5], more=[100], seconds=1.0, real_time=False, keep=keep
    )
    results, complete = compete(args)
    assert [(seen.server, seen.calls) for seen in results] == [("antiphon", 1), ("antiphon", 100)]
    assert not complete
    assert "antiphon, 5 calls: not measured" in capfd.readouterr().err
    assert [result(kept) for kept in keep.read_text().splitlines()] == results
    assert sorted(path.name for path in bench.iterdir()) == ["fakes.py", "line.json", "run_bench.py"]
