"""Calls we place on SIP lines: those an agent talks on, and those to a person whom a caller waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from antiphon.calls.sip import wire
from antiphon.calls.sip.line import News, Outbox, SipLine
from antiphon.calls.sip.orders import Orders
from antiphon.errors import CallFailed

_ANSWER_GRACE_S = 10.0  # Past its own deadline the worker is not merely slow.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Attributes:
    agent: Who talks; "" where a caller waits for whoever answers.
    metadata: Goes with the call to the switchboard, which knows by it whom it is for.
    news: Told of the answer, of a machine that answered a person's phone, and of the end.
    """

    to: str
    caller_id: str
    ring_s: float
    news: Callable[[News], None]
    agent: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class SipDials:
    """Args: lines: Every line by its leg; those of calls we place have legs below zero."""

    def __init__(self, lines: dict[int, SipLine], orders: Orders, outbox: Outbox) -> None:
        self._lines, self._orders, self._outbox = lines, orders, outbox
        self._last_leg = 0

    async def dial(self, agent: str, to: str, trunk: str, caller_id: str, timeout_s: float) -> str:
        """As `SipLines.dial`."""
        line = self._open(SipLine(self._next(), agent, to, "", self._outbox))
        order = wire.Dial(leg=line.leg, target=to, trunk=trunk, caller_id=caller_id, timeout_s=timeout_s)
        try:
            return await self._orders.dial(order, timeout_s + _ANSWER_GRACE_S)
        except CallFailed:
            if self._lines.get(line.leg) is line:
                self._outbox.tell(wire.HangUp(leg=line.leg))
            raise

    def ring(self, ring: Ring) -> str:
        """Gives our own name for the call, which nobody has answered yet."""
        line = self._open(SipLine(self._next(), ring.agent, ring.to, "", self._outbox))
        line.sip_call_id = f"sip{line.leg}"
        line.metadata, line.news = dict(ring.metadata), ring.news
        self._outbox.tell(
            wire.Dial(leg=line.leg, target=ring.to, trunk="", caller_id=ring.caller_id, timeout_s=ring.ring_s)
        )
        return line.sip_call_id

    def hang_up(self, name: str) -> None:
        """A call that was rung; one that is over needs nothing."""
        for line in self._lines.values():
            if line.news is not None and line.sip_call_id == name:
                self._outbox.tell(wire.HangUp(leg=line.leg))

    def is_wanted(self, line: SipLine) -> bool:
        """False: a call we placed was answered after all, when nobody waited any more."""
        return line.leg > 0 or line.news is not None or self._orders.is_dialling(line.leg)

    def _next(self) -> int:
        self._last_leg -= 1
        return self._last_leg

    def _open(self, line: SipLine) -> SipLine:
        self._lines[line.leg] = line
        return line
