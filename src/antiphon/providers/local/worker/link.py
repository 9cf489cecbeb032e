"""What the remote ports need of a connection to the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from antiphon.providers.local.worker import wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long an answer may take before the fallback is the better choice, in ms."""

    score: int = 1_000
    encode: int = 10_000  # An agent's stored phrases come in hundreds, once at start.
    voice: int = 5_000  # Between one block of a synthesis and the next.
    final: int = 5_000


class Hears(Protocol):
    """A stream, as the connection sees it."""

    def take(self, heard: wire.Heard) -> None: ...

    def fail(self) -> None:
        """The engine gave this stream up; it will not come back."""

    def fall_silent(self) -> None:
        """The worker is gone."""

    def begin_again(self) -> None:
        """A new worker is there."""


class Link(Protocol):
    @property
    def deadlines(self) -> Deadlines: ...

    @property
    def connected(self) -> bool: ...

    @property
    def offer(self) -> wire.Ready: ...

    def number(self) -> int:
        """A number no request or stream has had."""

    def attach(self, stream: Hears) -> int:
        """A number under which `stream` hears what the worker says."""

    def detach(self, number: int) -> None: ...

    def send(self, message: wire.FromClient) -> bool:
        """Whether it went out; never blocks."""

    async def ask(
        self,
        provider: str,
        message: wire.FromClient,
        number: int,
        deadline_ms: int,
        on_audio: Callable[[wire.Audio], None] | None = None,
    ) -> wire.FromWorker:
        """Send a request and wait for its last answer; with `on_audio` the deadline is from block to block.

        Raises:
            ProviderUnavailable: No worker, or no answer in time.
            ProviderRejected, ProviderProtocolError, ConfigError: As the engine said.
        """
