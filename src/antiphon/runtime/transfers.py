"""How a call gets a person for its caller: what the runtime asks of whoever can place calls, above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media.ports import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A person, for this caller. `reason` and `summary` are the conversation's own; `target` is an operator's
    choice, "" for the agent's own."""

    kit: AgentKit
    arrival: Arrival
    reason: str
    summary: str
    target: str = ""


class WaitingCaller:
    """The caller's end, for whoever calls the person. Safe after the call has ended."""

    def __init__(
        self,
        call_id: str,
        line: Line,
        post: Callable[[ev.Event], None],
        note: Callable[..., None],
        target: str = "",
    ) -> None:
        self.call_id, self.line, self.target = call_id, line, target
        self._post: Callable[[ev.Event], None] = post
        self.note: Callable[..., None] = note

    @property
    def at_ms(self) -> int:
        return self.line.now_ms

    def person_joined(self) -> None:
        self._post(ev.PersonJoined(at_ms=self.at_ms))

    def handed_over(self) -> None:
        self._post(ev.HandedOver(at_ms=self.at_ms))

    def failed(self, result: str) -> None:
        self._post(ev.HandoverFailed(at_ms=self.at_ms, result=result))

    def person_left(self) -> None:
        self._post(ev.PersonLeft(at_ms=self.at_ms))

    def let_go(self) -> None:
        """The call is over: it is not told any more, and not kept alive by us."""
        self._post, self.note = _nobody, _no_note


def _nobody(event: ev.Event) -> None: ...


def _no_note(*_: object, **__: object) -> None: ...


class Transfer(Protocol):
    """A transfer under way, as the caller's call drives it. Every method is safe at any time."""

    def caller_spoke(self) -> None: ...

    def caller_left(self) -> None:
        """His call is over."""

    def call_off(self) -> None:
        """He has waited long enough and is with the agent again."""


class Transfers(Protocol):
    """Whoever can place calls to people."""

    def serves(self, kit: AgentKit, arrival: Arrival) -> bool:
        """Could a person be called for this caller, while he waits?"""

    def begin(self, wanted: Wanted, caller: WaitingCaller) -> Transfer: ...

    def target(self, kit: AgentKit, asked: str) -> str:
        """Where a call of this agent may be passed on to; "" asks for its usual target.

        Raises:
            ConfigError: No number and no SIP address, or the agent has no target.
            Denied: Not on its list.
        """


Begin = Callable[[cmd.Escalate, WaitingCaller], Transfer]


class Waits:
    """One call's transfers, one after the other; what is told of none under way goes nowhere."""

    def __init__(self, begin: Begin | None) -> None:
        self._begin = begin
        self._caller: WaitingCaller | None = None
        self._transfer: Transfer | None = None

    def begin(self, command: cmd.Escalate, caller: WaitingCaller) -> None:
        assert self._begin is not None, "a caller waits only where somebody can be called"
        self._caller = caller
        self._transfer = self._begin(command, caller)

    def caller_spoke(self) -> None:
        if self._transfer is not None:
            self._transfer.caller_spoke()

    def call_off(self) -> None:
        if self._transfer is not None:
            self._transfer.call_off()

    def over(self) -> None:
        """The call has ended."""
        if self._caller is not None and self._transfer is not None:
            self._caller.let_go()
            self._transfer.caller_left()
        self._caller = self._transfer = self._begin = None
