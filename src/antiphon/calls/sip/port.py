"""What the SIP worker asks of a SIP and RTP library, so that another one can take its place.

Everything is called on the event loop's thread. A leg is one SIP dialog and its audio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """An INVITE that waits. `user` is the user part of the request URI, `caller` that of From."""

    user: str
    caller: str
    call_id: str
    trunk: str = ""


class LegEvents(Protocol):
    """What befalls one leg, in order; nothing follows `ended`."""

    def established(self) -> None:
        """Answered: audio flows, mono s16le at 8000 Hz."""

    def pressed(self, digit: str) -> None:
        """One key (RFC 4733 or SIP INFO): 0-9, *, #, A-D."""

    def released(self) -> None:
        """The key is up again."""

    def held(self, held: bool) -> None:
        """The far end put us on hold, or took us off it."""

    def transfer_asked(self, target: str) -> None:
        """The far end sent a REFER to this SIP URI; answer by `accept_transfer` or `refuse_transfer`."""

    def ended(self, cause: str) -> None:
        """As in `wire.Ended`. Ports and threads of the leg are free or about to be."""


class SipLeg(Protocol):
    """Methods that speak to the far end return when the request is out; those of audio never wait."""

    @property
    def call_id(self) -> str: ...

    @property
    def stats(self) -> dict[str, int]:
        """Packets received, sent, lost, late, out of sequence, as far as the library counted them."""

    def watch(self, events: LegEvents | None) -> None:
        """Told from now on; None: nobody cares any more."""

    async def answer(self) -> None: ...

    async def refuse(self) -> None:
        """Busy."""

    async def hang_up(self) -> None:
        """In any state: BYE, CANCEL or a refusal; nothing when the leg is gone already."""

    async def hold(self, held: bool) -> None:
        """Raises: CallFailed: The far end refused, or is in the middle of something else."""

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """REFER; returns when the far end talks to `target` and the leg has ended.

        `headers` are asked for in what `target` is sent, without the "X-" before each name.

        Raises:
            CallFailed: Refused, or it failed there; the leg is still up.
        """

    async def accept_transfer(self) -> SipLeg:
        """Dial what the far end asked for; that leg takes this one's place once it is established."""

    async def refuse_transfer(self) -> None: ...

    async def press(self, digits: str) -> None:
        """RFC 4733 events, one after the other."""

    def read(self) -> bytes:
        """Everything decoded since the last time, mono s16le; lost packets are simply not there."""

    def write(self, pcm: bytes) -> int:
        """Queue for sending; gives the bytes taken."""

    def unsent_bytes(self) -> int: ...

    def clear(self) -> None:
        """Drop what was written and not yet sent."""


class EndpointEvents(Protocol):
    def invited(self, invite: Invite, leg: SipLeg) -> None: ...

    def registered(self, trunk: str, problem: str) -> None:
        """`problem` is "" when the registrar took us."""

    def died(self) -> None:
        """The library is beyond repair; this process has to go."""


class SipEndpoint(Protocol):
    async def start(self) -> None:
        """Open the ports and register. Raises: ConfigError: A port is taken, or the library is missing."""

    async def route(self, users: Sequence[str], *, catch_all: bool) -> None:
        """Answer these user parts of request URIs; others get 404 unless `catch_all`."""

    async def dial(self, target: str, trunk: str, caller_id: str) -> SipLeg:
        """Send an INVITE; the outcome comes as an event.

        Raises:
            ConfigError: No such trunk, or it does not let us show this number.
            CallFailed: Nothing could be sent.
        """

    def counts(self) -> dict[str, int]:
        """What was refused before it became a call."""

    async def close(self) -> None: ...
