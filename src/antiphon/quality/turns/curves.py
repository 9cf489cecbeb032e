"""Delay against cut-offs as points and curves, and their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _MARGIN, _GAP = 460, 320, 56, 40
_DELAY_MAX_MS = 1600.0
_STYLES = {
    "fixed": ("fixed silence", "#8a8a8a"),
    "model": ("end-of-turn model alone", "#c77700"),
    "sweep": ("Antiphon, other settings", "#1f6fb2"),
    "presets": ("Antiphon, presets", "#0b3c66"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One rule on many turns: share of turns cut off, mean and p90 delay at true ends in ms."""

    name: str
    cut_rate: float
    delay_ms: float
    p90_ms: float


def at_most_cut(points: Sequence[Point], cut_rate: float) -> Point | None:
    """The quickest of those that cut off no more."""
    fit = [point for point in points if point.cut_rate <= cut_rate + 1e-9]
    return min(fit, key=lambda point: point.delay_ms, default=None)


def at_most_delay(points: Sequence[Point], delay_ms: float) -> Point | None:
    """The one that cuts off fewest of those that are as quick."""
    fit = [point for point in points if point.delay_ms <= delay_ms]
    return min(fit, key=lambda point: point.cut_rate, default=None)


def frontier(points: Sequence[Point]) -> list[Point]:
    """Those that no other beats in both, by growing delay."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.delay_ms, point.cut_rate)):
        if not best or point.cut_rate < best[-1].cut_rate:
            best.append(point)
    return best


def plot(left: dict[str, list[Point]], right: dict[str, list[Point]]) -> str:
    """Two charts side by side as SVG: unfinished phrases, and all turns."""
    total = 2 * (_WIDTH + _MARGIN) + 2 * _GAP
    body = [
        _chart(left, _MARGIN, "Unfinished phrases, 1.2 s of silence each"),
        _chart(right, 2 * _MARGIN + _WIDTH + _GAP, "All turns of the recordings"),
        _legend(_MARGIN, _HEIGHT + 96),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {_HEIGHT + 130}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _chart(runs: dict[str, list[Point]], left: int, title: str) -> str:
    top = 36
    highest = max(0.1, *(point.cut_rate for points in runs.values() for point in points))

    def place(point: Point) -> tuple[float, float]:
        x = left + _WIDTH * min(1.0, point.delay_ms / _DELAY_MAX_MS)
        return round(x, 1), round(top + _HEIGHT * (1 - point.cut_rate / highest), 1)

    parts = [f'<text x="{left}" y="20" font-size="14">{escape(title)}</text>']
    for step in range(5):
        x, y = left + _WIDTH * step / 4, top + _HEIGHT * step / 4
        delay_ms, rate = _DELAY_MAX_MS * step / 4, highest * (1 - step / 4)
        parts.append(f'<path d="M{x} {top}V{top + _HEIGHT}M{left} {y}H{left + _WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{top + _HEIGHT + 18}" text-anchor="middle">{delay_ms:.0f}</text>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{100 * rate:.0f} %</text>')
    middle = left + _WIDTH / 2
    parts.append(
        f'<text x="{middle}" y="{top + _HEIGHT + 36}" text-anchor="middle">'
        "mean delay after the end of the turn, ms</text>"
    )
    for key, points in runs.items():
        _, colour = _STYLES[key]
        if key == "presets":
            for number, point in enumerate(points):
                x, y = place(point)
                beside = y - 6 if number % 2 else y + 18  # Presets may lie close together.
                parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>')
                parts.append(f'<text x="{x + 8}" y="{beside}">{escape(point.name)}</text>')
        else:
            line = " ".join(f"{x},{y}" for x, y in map(place, frontier(points)))
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return "\n".join(parts)


def _legend(left: int, top: int) -> str:
    parts = []
    for number, (label, colour) in enumerate(_STYLES.values()):
        x = left + 230 * number
        parts.append(f'<rect x="{x}" y="{top}" width="14" height="14" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20}" y="{top + 12}">{escape(label)}</text>')
    return "\n".join(parts)
