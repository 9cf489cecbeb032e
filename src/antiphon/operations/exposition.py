"""Counters and histograms in the text form that Prometheus reads (exposition format 0.0.4).

Source: prometheus.io, "Exposition formats" and "Metric and label naming", read 2026-11.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final, Protocol

VALUES_MAX: Final = 100  # Of one label: an agent folder or a price book hardly has more.
OTHER: Final = "other"


class Family(Protocol):
    """One metric, with all its samples."""

    def lines(self) -> Iterator[str]: ...


class _Labels:
    """Names of labels, and which values each may still take."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._known: list[set[str]] = [set() for _ in names]

    def bounded(self, values: Sequence[str]) -> tuple[str, ...]:
        assert len(values) == len(self.names), "a value for each label"
        kept: list[str] = []
        for known, value in zip(self._known, values, strict=True):
            if value not in known and len(known) >= VALUES_MAX:
                kept.append(OTHER)
                continue
            known.add(value)
            kept.append(value)
        return tuple(kept)

    def told(self, values: Sequence[str], **more: str) -> str:
        pairs = [*zip(self.names, values, strict=True), *more.items()]
        inner = ",".join(f'{name}="{escaped(value)}"' for name, value in pairs)
        return f"{{{inner}}}" if inner else ""


class Counter:
    """Amounts that only grow, by labels; as `gauge`, amounts as they are. `name` without `_total`."""

    def __init__(self, name: str, told: str, labels: Sequence[str] = (), *, kind: str = "counter") -> None:
        self._name = f"{name}_total" if kind == "counter" else name
        self._told, self._kind = told, kind
        self._labels = _Labels(labels)
        self._amounts: dict[tuple[str, ...], Decimal] = {}

    def add(self, *values: str, amount: Decimal = Decimal(1)) -> None:
        key = self._labels.bounded(values)
        self._amounts[key] = self._amounts.get(key, Decimal(0)) + amount

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, self._kind, self._told)
        for key, amount in sorted(self._amounts.items()):
            yield f"{self._name}{self._labels.told(key)} {_number(amount)}"
        if not self._amounts and not self._labels.names:
            yield f"{self._name} 0"


class Histogram:
    """How many were at most so much. `bounds` ascending, without infinity."""

    def __init__(self, name: str, told: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._name, self._told, self._bounds = name, told, tuple(bounds)
        self._labels = _Labels(labels)
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, value: float, *values: str) -> None:
        key = self._labels.bounded(values)
        counts = self._counts.setdefault(key, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[key] = self._sums.get(key, 0.0) + value

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, "histogram", self._told)
        for key, counts in sorted(self._counts.items()):
            below = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                below += count
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{self._name}_bucket{self._labels.told(key, le=le)} {below}"
            yield f"{self._name}_sum{self._labels.told(key)} {self._sums[key]:.6f}"
            yield f"{self._name}_count{self._labels.told(key)} {below}"


def text_of(families: Iterable[Family]) -> str:
    return "".join(f"{line}\n" for family in families for line in family.lines())


def escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _head(name: str, kind: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"


def _number(amount: Decimal) -> str:
    return format(amount.normalize(), "f") if amount else "0"
