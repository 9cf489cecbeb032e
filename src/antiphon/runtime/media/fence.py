"""Between the plane and one call's own code: what breaks in there ends that call and no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from antiphon.audio.line_quality import LineSecond

if TYPE_CHECKING:
    from antiphon.runtime.media.line import LiveCall

Told = TypeVar("Told")


class Fence:
    """A `BankCall` that never raises: out of a tick an error would stop the clock of every call."""

    def __init__(self, call: LiveCall) -> None:
        self._call = call

    def hear(self, pcm: bytes) -> None:
        self._do(self._call.hear, pcm)

    def speech_started(self, onset_sample: int) -> None:
        self._do(self._call.speech_started, onset_sample)

    def speech_stopped(self, end_sample: int) -> None:
        self._do(self._call.speech_stopped, end_sample)

    def line_measured(self, second: LineSecond) -> None:
        self._do(self._call.line_measured, second)

    def pump(self, now_ns: int) -> None:
        self._do(self._call.pump, now_ns)

    def _do(self, act: Callable[[Told], None], told: Told) -> None:
        try:
            act(told)
        except Exception as error:  # The owner of a row.
            self._broke(f"error: {type(error).__name__}: {error}")

    def _broke(self, reason: str) -> None:
        """Its row is free, its line is closed, and its driver told why, as when a line is gone."""
        call = self._call
        if not call.open:
            return
        call.counters.calls_broken += 1
        sink, listener = call.leave(clear=False)
        with suppress(Exception):  # Either may be what broke; the other still learns that the call is over.
            sink.end()
        with suppress(Exception):
            listener.line_closed(reason)
