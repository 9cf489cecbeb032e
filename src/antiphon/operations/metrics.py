"""What a process counts, in the text form that Prometheus reads (exposition format 0.0.4).

Source: prometheus.io, "Exposition formats", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[^a-zA-Z0-9_]")
_GAUGES = frozenset({"providers_left_alone"})


def exposition(status: Mapping[str, Any], processes: Iterable[tuple[str, bool, int]]) -> str:
    """The media worker's status and the processes (name, ready, restarts) as metrics; values that are no
    numbers are left out."""
    lines = ["# TYPE antiphon_process_ready gauge", "# TYPE antiphon_process_restarts_total counter"]
    for name, ready, restarts in processes:
        label = f'{{process="{_escaped(name)}"}}'
        lines.append(f"antiphon_process_ready{label} {int(ready)}")
        lines.append(f"antiphon_process_restarts_total{label} {restarts}")
    for name, help_text in (("calls", "Calls that are up."), ("browser_lines", "Lines of web pages.")):
        if _is_number(status.get(name)):
            lines += _metric(f"antiphon_{name}_active", "gauge", status[name], help_text)
    for name, value in sorted(dict(status.get("counters") or {}).items()):
        if _is_number(value):
            kind = "gauge" if name in _GAUGES or name.endswith(("_ms", "_us", "_max")) else "counter"
            suffix = "_total" if kind == "counter" else ""
            lines += _metric(f"antiphon_{_NAME.sub('_', name)}{suffix}", kind, value, "")
    return "\n".join([*lines, ""])


def _metric(name: str, kind: str, value: float, help_text: str) -> list[str]:
    head = [f"# HELP {name} {help_text}"] if help_text else []
    return [*head, f"# TYPE {name} {kind}", f"{name} {value}"]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
