"""Who says when the caller speaks: the vendor, or we. Pure; gives the messages to send."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from antiphon.providers.gemini import live_wire as wire
from antiphon.providers.gemini.live_wire import Outgoing

# Caller's audio kept while a reply is made: what was said over it must not be lost when it is cut.
HELD_MS = 3_000
# Audio after which a reply that was asked for and never came is not waited for.
GIVEN_UP_MS = 10_000
_BYTES_PER_MS = wire.IN_HZ * 2 // 1000
_AUDIBLE = 330  # Of 32768, some -40 dBFS: below it a line is open, and nobody speaks.


def _audible_ms(pcm: bytes) -> int:
    loud = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0) > _AUDIBLE
    return len(pcm) // _BYTES_PER_MS if loud else 0


class CallerTurns(Protocol):
    @property
    def open_ms(self) -> int:
        """Audible sound of a turn that only the vendor has and that is not over."""

    def audio(self, pcm: bytes) -> list[Outgoing]:
        """`pcm` at 16 kHz."""

    def commit(self) -> list[Outgoing]: ...

    def cut(self) -> list[Outgoing]:
        """The reply is not wanted any more: the caller has the floor."""

    def asked(self) -> list[Outgoing]:
        """A reply is about to be asked for by text."""

    def replying(self) -> None: ...

    def replied(self, *, stopped: bool) -> None:
        """A reply is over. One that was `stopped` says nothing of the reply asked for instead."""


class ProviderTurns:
    """Its detection hears everything; `commit` says that no more sound comes for now."""

    open_ms = 0

    def audio(self, pcm: bytes) -> list[Outgoing]:
        return [wire.audio(pcm)]

    def commit(self) -> list[Outgoing]:
        return [wire.stream_end()]

    def cut(self) -> list[Outgoing]:
        return []

    def asked(self) -> list[Outgoing]:
        return []

    def replying(self) -> None: ...

    def replied(self, *, stopped: bool) -> None: ...


class OurTurns:
    """Activity begins with the first sound after a reply and ends with `commit`.

    To begin it stops the reply under way, so audio is held back until the reply is over or cut.
    """

    def __init__(self) -> None:
        self.open_ms = 0
        self._open = self._replying = False
        self._wait_ms = 0  # Audio to hold back for a reply that was asked for.
        self._held: deque[bytes] = deque()
        self._held_ms = 0

    def audio(self, pcm: bytes) -> list[Outgoing]:
        length_ms = len(pcm) // _BYTES_PER_MS
        self._wait_ms -= min(length_ms, self._wait_ms)
        if self._open:
            self.open_ms += _audible_ms(pcm)
            return [wire.audio(pcm)]
        self._hold(pcm)
        return [] if self._replying or self._wait_ms else self._begin()

    def commit(self) -> list[Outgoing]:
        messages = [*self._begin(), wire.activity_end()]
        self._wait()
        return messages

    def cut(self) -> list[Outgoing]:
        self.replied(stopped=False)
        return self._begin()

    def asked(self) -> list[Outgoing]:
        messages = [wire.activity_end()] if self._open else []
        self._wait()
        return messages

    def replying(self) -> None:
        self._replying = True

    def replied(self, *, stopped: bool) -> None:
        self._replying = False
        self._wait_ms = self._wait_ms if stopped else 0

    def _wait(self) -> None:
        self._open, self.open_ms, self._wait_ms = False, 0, GIVEN_UP_MS

    def _hold(self, pcm: bytes) -> None:
        self._held.append(pcm)
        self._held_ms += len(pcm) // _BYTES_PER_MS
        while self._held_ms > HELD_MS and len(self._held) > 1:
            self._held_ms -= len(self._held.popleft()) // _BYTES_PER_MS

    def _begin(self) -> list[Outgoing]:
        if self._open:
            return []
        held = list(self._held)
        self.open_ms = sum(_audible_ms(pcm) for pcm in held)
        self._open, self._held_ms = True, 0
        self._held.clear()
        return [wire.activity_start(), *(wire.audio(pcm) for pcm in held)]
