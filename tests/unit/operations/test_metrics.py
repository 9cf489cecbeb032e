"""What Prometheus reads."""

from __future__ import annotations

import re

from antiphon.operations.metrics import exposition

_LINE = re.compile(r'[a-zA-Z_][a-zA-Z0-9_]*(\{[a-z_]+="(?:[^"\\]|\\.)*"\})? -?[0-9.e+]+')


def test_every_line_is_a_sample_or_a_comment() -> None:
    status = {"calls": 3, "ready": True, "counters": {"ticks_late": 2, "tick_p99_us": 900, "odd name!": 1}}
    text = exposition(status, [("media", True, 1), ('a "quoted"\nname', False, 0)])
    for line in text.splitlines():
        assert line.startswith("# ") or _LINE.fullmatch(line), line
    assert "antiphon_calls_active 3\n" in text
    assert "antiphon_ticks_late_total 2\n" in text and "antiphon_tick_p99_us 900\n" in text
    assert 'antiphon_process_restarts_total{process="media"} 1' in text
    assert "antiphon_odd_name__total 1" in text and "ready 1\n" not in text.replace("process_ready", "")


def test_without_a_worker_only_the_processes_are_told() -> None:
    text = exposition({}, [("media", False, 4)])
    assert 'antiphon_process_ready{process="media"} 0' in text
    assert "antiphon_calls_active" not in text
