"""Where callers meet people: begins warm transfers, and finds the one that a line or a webhook belongs to.

Lives in the media worker, beside the calls; carriers' webhooks reach it from the control process.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import structlog

from antiphon.agents.definition import Escalation
from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.calls.control.briefing import briefing
from antiphon.calls.control.once import DialsOnce
from antiphon.calls.control.person import PersonLeg
from antiphon.calls.control.referral import Referral, Refers
from antiphon.calls.control.reports import LegReport
from antiphon.calls.control.state import Patience
from antiphon.calls.control.underway import Means, Underway
from antiphon.calls.numbers import allowed_target
from antiphon.calls.ports import Capability, CarrierControl, ColdTransfer, Dial, gathered_headers
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Arrival, CallerView, CallWatch, Switchboard
from antiphon.runtime.clock import Clock
from antiphon.runtime.exchange import Plane
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.transfers import Transfer, WaitingCaller, Wanted
from antiphon.trust.dialling import permit_transfer

log = structlog.get_logger(__name__)

LEG = "leg"  # In an arrival's metadata: whose line it is. Only a ticket of ours can put it there.
_WITHOUT_WEBHOOKS = frozenset({SIP})  # Our own lines need no address to be told by.
_CLOSE_S = 5.0
_REMEMBERED_MAX = 1000  # Ended ones too: a call that was given up for lost may still ring.


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One carrier we can place calls with."""

    control: CarrierControl
    dials: DialsOnce


class TransferDesk:
    """Implements `runtime.transfers.Transfers`.

    Args:
        controls: By carrier. A caller's own carrier places the call, unless the agent file names another.
        base_url: How carriers reach our webhooks ("https://voice.example.com").
        own_lines: Where callers wait with us while their line is asked to pass them on, cold.
    """

    def __init__(
        self,
        *,
        plane: Plane,
        controls: Mapping[str, CarrierControl],
        base_url: str,
        clock: Clock,
        patience: Patience | None = None,
        own_lines: Refers | None = None,
    ) -> None:
        self._own_lines = own_lines
        self._referring: set[asyncio.Task[None]] = set()
        self._plane, self._base_url, self._clock = plane, base_url.rstrip("/"), clock
        self._patience = patience
        self._accounts = {
            name: Account(control=control, dials=DialsOnce(control.dial))
            for name, control in controls.items()
        }
        self._underway: OrderedDict[str, Underway] = OrderedDict()

    def serves(self, kit: AgentKit, arrival: Arrival) -> bool:
        return self._can_call(kit, arrival) or self._can_refer(kit, arrival)

    def _can_refer(self, kit: AgentKit, arrival: Arrival) -> bool:
        is_ours = self._own_lines is not None and arrival.metadata.get("carrier") == SIP
        return is_ours and bool(kit.definition.escalation.target)

    def _can_call(self, kit: AgentKit, arrival: Arrival) -> bool:
        escalation = kit.definition.escalation
        account = self._accounts.get(_carrier(escalation, arrival))
        if account is None or escalation.mode != "warm":
            return False
        if not self._base_url and account.control.carrier not in _WITHOUT_WEBHOOKS:
            return False
        able = Capability.DIAL in account.control.capabilities
        return able and bool(escalation.target) and bool(_caller_id(escalation, arrival))

    def begin(self, wanted: Wanted, caller: WaitingCaller) -> Transfer:
        if self._can_call(wanted.kit, wanted.arrival):
            return self._call(wanted, caller)
        return self._refer(wanted, caller)

    def _refer(self, wanted: Wanted, caller: WaitingCaller) -> Referral:
        assert self._own_lines is not None, "it said that it serves this caller"
        transfer = ColdTransfer(
            to=self.target(wanted.kit, wanted.target),
            headers=gathered_headers(wanted.reason, wanted.summary),
        )
        line = wanted.arrival.metadata.get("carrier_call", "")
        referral = Referral(caller, self._own_lines, line, transfer)
        task = referral.begin()
        self._referring.add(task)
        task.add_done_callback(self._referring.discard)
        return referral

    def _call(self, wanted: Wanted, caller: WaitingCaller) -> Underway:
        escalation, arrival = wanted.kit.definition.escalation, wanted.arrival
        account = self._accounts[_carrier(escalation, arrival)]
        leg = secrets.token_hex(8)
        answer_url = self._url(account.control.carrier, wanted.kit.definition.name, leg)
        dial = Dial(
            key=leg,
            permit=permit_transfer(self.target(wanted.kit, wanted.target), escalation.allowed),
            caller_id=_caller_id(escalation, arrival),
            answer_url=answer_url,
            status_url=f"{answer_url}/status",
            ring_s=escalation.ring_ms // 1000,
            detect_machine=Capability.MACHINE_DETECTION in account.control.capabilities,
        )
        means = Means(
            control=account.control,
            place=account.dials.dial,
            dial=dial,
            briefing=briefing(wanted),
            question=escalation.question,
            clock=self._clock,
            patience=self._patience or Patience(ring_ms=escalation.ring_ms),
            ended=partial(log.info, "transfer_over", call=caller.call_id),
        )
        underway = self._underway[leg] = Underway(wanted, caller, means)
        while len(self._underway) > _REMEMBERED_MAX:
            self._underway.popitem(last=False)
        underway.begin()
        return underway

    def target(self, kit: AgentKit, asked: str) -> str:
        escalation = kit.definition.escalation
        if not escalation.target:
            raise ConfigError(
                f"the agent {kit.definition.name} has nobody to pass a call on to",
                fix="name somebody under `escalation: target:` in its file",
            )
        named = escalation.targets.get(asked, asked)
        return allowed_target(named or escalation.target, escalation.allowed)

    def _url(self, carrier: str, agent: str, leg: str) -> str:
        return f"{self._base_url}/calls/{carrier}/{quote(agent)}/legs/{leg}"

    # ------------------------------------------------------------------ from carriers

    def report(self, leg: str, report: LegReport) -> bool:
        """A webhook's news of a call we placed. False: that call is of no use any more, or not ours."""
        underway = self._underway.get(leg)
        if underway is None:
            return False
        underway.post(report.event(underway.at_ms))
        return underway.awaits_person

    def answer_leg(self, leg: str, arrival: Arrival, sink: MediaSink) -> tuple[str, MediaSource]:
        """The person's line is up.

        Raises:
            CallFailed: Nobody waits for him.
        """
        underway = self._underway.get(leg)
        if underway is None or not underway.awaits_person:
            raise CallFailed("nobody waits for this call any more")
        call_id = arrival.metadata.get("carrier_call", "")
        person = PersonLeg(underway.wanted.kit, call_id, underway.happened, underway.caller.note)
        source, line = self._plane.attach(arrival.line_format, sink, person, arrival.lead_ms)
        person.begin(line)
        underway.person_is_there(person)
        return f"{underway.caller.call_id}.person", source

    async def close(self) -> None:
        """Hang up whom we still owe it to, then let go of the carriers."""
        for task in self._referring:
            task.cancel()  # Where nobody waits any more, nothing depends on what becomes of it.
        owed = {task for underway in self._underway.values() for task in underway.tasks}
        if owed:
            await asyncio.wait(owed, timeout=_CLOSE_S)
        for account in self._accounts.values():
            await account.control.close()


class LegsFirst:
    """Implements `Switchboard`: a person's line goes to the desk, everybody else's to the exchange."""

    def __init__(self, exchange: Switchboard, desk: TransferDesk) -> None:
        self._exchange, self._desk = exchange, desk

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        leg = arrival.metadata.get(LEG, "")
        if leg:
            return self._desk.answer_leg(leg, arrival, sink)
        return self._exchange.answer(arrival, sink, view)


def _carrier(escalation: Escalation, arrival: Arrival) -> str:
    return escalation.carrier or arrival.metadata.get("carrier", "")


def _caller_id(escalation: Escalation, arrival: Arrival) -> str:
    """A number of ours: the one that was called, as a rule."""
    return escalation.caller_id or arrival.metadata.get("called_number", "")
