"""How a fetch looks: one bar redrawn in place on a terminal, plain lines everywhere else."""

from __future__ import annotations

from typing import TextIO

from antiphon.providers.local.models.manifest import Model

_BAR_CELLS = 24
_PLAIN_STEP_PERCENT = 25


class FetchProgress:
    """A `FetchReport` that writes to a stream."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._redraw = out.isatty()
        self._plain_percent = -_PLAIN_STEP_PERCENT

    def already(self, model: Model) -> None:
        self._line(f"{model.name:<16} {megabytes(model.size_bytes):>9}  already there")

    def waiting(self, model: Model) -> None:
        self._line(f"{model.name:<16} another process is fetching it; waiting")

    def progress(self, model: Model, done_bytes: int) -> None:
        total = max(1, model.download_bytes)
        percent = min(100, done_bytes * 100 // total)
        amounts = f"{megabytes(done_bytes):>9} of {megabytes(total)}"
        if self._redraw:
            cells = percent * _BAR_CELLS // 100
            bar = "#" * cells + "-" * (_BAR_CELLS - cells)
            self._out.write(f"\r{model.name:<16} [{bar}] {percent:3d} % {amounts}  ")
            self._out.flush()
        elif percent >= self._plain_percent + _PLAIN_STEP_PERCENT or percent < self._plain_percent:
            self._plain_percent = percent - percent % _PLAIN_STEP_PERCENT
            self._line(f"{model.name:<16} {percent:3d} % {amounts}")

    def installed(self, model: Model) -> None:
        self._plain_percent = -_PLAIN_STEP_PERCENT
        self._line(f"{model.name:<16} {megabytes(model.size_bytes):>9}  installed, SHA-256 verified")

    def _line(self, text: str) -> None:
        erase = "\r\x1b[K" if self._redraw else ""
        self._out.write(f"{erase}{text}\n")
        self._out.flush()


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB"
