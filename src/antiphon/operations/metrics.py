"""What a process counts, in the text form that Prometheus reads (exposition format 0.0.4).

Source: prometheus.io, "Exposition formats" and "Metric and label naming", read 2026-11: base units, `_total`
for what only grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from antiphon.operations.exposition import Family, escaped, text_of
from antiphon.operations.measures import provider_states

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[^a-zA-Z0-9_]+")
_GAUGES = frozenset({"providers_left_alone", "telemetry_calls_waiting", "webhook_deliveries_waiting"})
# Measured in what is handy, told in seconds.
_PER_SECOND: Final = {"_ms": 1_000, "_us": 1_000_000}


def exposition(
    status: Mapping[str, Any],
    processes: Iterable[tuple[str, bool, int]],
    counted: Mapping[str, int] | None = None,
    families: Iterable[Family] = (),
) -> str:
    """The media worker's status, the processes (name, ready, restarts), what the control process counted and
    its metrics; values that are no numbers are left out."""
    lines = list(_processes(processes))
    for name, told in (("calls", "Calls that are up."), ("browser_lines", "Lines of web pages.")):
        if _is_number(status.get(name)):
            lines += _metric(f"antiphon_{name}_active", "gauge", status[name], told)
    told_of = {"media worker": dict(status.get("counters") or {}), "control process": dict(counted or {})}
    for process, counters in told_of.items():
        for name, value in sorted(counters.items()):
            if _is_number(value):
                lines += _counted(name, value, process)
    states = provider_states(dict(status.get("providers") or {}))
    return "\n".join([*lines, ""]) + text_of([*states, *families])


def _processes(processes: Iterable[tuple[str, bool, int]]) -> Iterator[str]:
    ready, restarts = [], []
    for name, is_ready, count in processes:
        label = f'{{process="{escaped(name)}"}}'
        ready.append(f"antiphon_process_ready{label} {int(is_ready)}")
        restarts.append(f"antiphon_process_restarts_total{label} {count}")
    yield "# HELP antiphon_process_ready Whether a process does its work."
    yield "# TYPE antiphon_process_ready gauge"
    yield from ready
    yield "# HELP antiphon_process_restarts_total How often it was started again."
    yield "# TYPE antiphon_process_restarts_total counter"
    yield from restarts


def _counted(name: str, value: float, process: str) -> list[str]:
    told = f"{name.replace('_', ' ')}, of the {process}.".replace("\n", " ").replace("\\", " ")
    clean = _NAME.sub("_", name).strip("_")
    unit = clean[-3:]
    if unit in _PER_SECOND:
        return _metric(f"antiphon_{clean[:-3]}_seconds", "gauge", value / _PER_SECOND[unit], told)
    if name in _GAUGES or name.endswith("_max"):
        return _metric(f"antiphon_{clean}", "gauge", value, told)
    return _metric(f"antiphon_{clean}_total", "counter", value, told)


def _metric(name: str, kind: str, value: float, told: str) -> list[str]:
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}", f"{name} {shown}"]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
