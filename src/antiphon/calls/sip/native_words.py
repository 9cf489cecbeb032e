"""What the native stack says on standard error, and nowhere else: messages it could not read. Counted here,
and not repeated: they quote what a stranger sent."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter

_STDERR = 2
_KNOWN = (("sip: msg decode err", "messages_malformed"), ("unhandled request", "requests_unknown"))
_TAIL_MAX = 4096


class NativeWords:
    """Takes file descriptor 2 from the stack; Python's own `sys.stderr` goes on as before."""

    def __init__(self, counted: Counter[str]) -> None:
        self._counted = counted
        self._tail = b""
        sys.stderr.flush()
        own = os.dup(_STDERR)
        self._reader, writer = os.pipe()
        os.set_blocking(
            writer, False
        )  # A flood of garbage must not stop the stack: it loses words, not time.
        os.set_blocking(self._reader, False)
        os.dup2(writer, _STDERR)
        os.close(writer)
        sys.stderr = os.fdopen(own, "w", buffering=1, encoding="utf-8", errors="replace")

    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def _read(self) -> None:
        try:
            said = os.read(self._reader, 65536)
        except BlockingIOError:
            return
        if not said:
            asyncio.get_running_loop().remove_reader(self._reader)
            return
        *lines, tail = (self._tail + said).split(b"\n")
        self._tail = tail[-_TAIL_MAX:]
        for line in lines:
            self.note(line.decode("utf-8", "replace"))

    def note(self, line: str) -> None:
        for words, name in _KNOWN:
            if line.startswith(words):
                self._counted[name] += 1
                return
        self._counted["native_lines"] += bool(line.strip())
