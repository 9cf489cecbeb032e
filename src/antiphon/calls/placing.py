"""Calls an agent places for an operator: permitted first, dialled once, through a carrier's interface or SIP.

Lives in the media worker, beside the calls; carriers' webhooks reach it from the control process. There is no
other way to have an agent call somebody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import structlog

from antiphon.calls.control.once import DialsOnce
from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import Capability, CarrierControl, Dial
from antiphon.calls.sip import SipLines
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.calls.sip.control import reported
from antiphon.calls.sip.line import News
from antiphon.errors import CallFailed, ConfigError, DeadlineExceeded, ProviderError, ProviderRejected
from antiphon.runtime.exchange import Outcome
from antiphon.trust.dialling import DialPermit, DialRules, permit_call
from antiphon.trust.numbers import e164

log = structlog.get_logger(__name__)

RING_S = 30
_REMEMBERED_MAX = 10_000
_OVER: Final = frozenset({"ended", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call an operator wants.

    Attributes:
        key: The intent's own; whoever asks twice with one key means one call.
        carrier: Whose interface, or "sip" for a trunk of ours; "" where there is only one way.
        caller_id: A number of ours that is shown; a trunk has its own.
    """

    key: str
    agent: str
    number: str
    carrier: str = ""
    caller_id: str = ""
    ring_s: int = RING_S


@dataclass(slots=True, kw_only=True)
class PlacedCall:
    """Attributes:
    state: "placed", "ringing", "answered", "ended"; "failed": nobody was rung; "asked": no answer came,
        so nobody knows.
    how: Of "ended": as carriers tell it. Of "failed": "rejected" (asking again cannot help) or "unavailable".
    basis: The rule that allowed it.
    carrier_call_id: The carrier's name for it, once it is known.
    names: All its names; a webhook's may be another than the interface's.
    outcome: How the conversation ended, which carriers do not know: to them a voicemail is a completed call.
    """

    key: str
    agent: str
    carrier: str
    basis: str
    state: str = "asked"
    how: str = ""
    carrier_call_id: str = ""
    names: set[str] = field(default_factory=set)
    outcome: Outcome | None = None

    def named(self, name: str) -> None:
        self.carrier_call_id = self.carrier_call_id or name
        self.names |= {name} - {""}

    def told(self) -> dict[str, str]:
        names = ("key", "agent", "carrier", "basis", "state", "how", "carrier_call_id")
        known = {name: str(getattr(self, name)) for name in names}
        if (end := self.outcome) is not None:
            known |= {"call_id": end.call_id, "end_cause": end.cause, "answered_by": end.answered_by}
        return known


class CallPlacer:
    """One per media worker.

    Args:
        agents: Who can be given a call.
        controls: By carrier.
        base_url: How carriers reach our webhooks; "" where they do not.
        sip: None where SIP is not spoken.
        outcome: How a conversation ended, by the carrier's name for the call; None while it is up.
    """

    def __init__(
        self,
        rules: DialRules,
        *,
        agents: Collection[str],
        controls: Mapping[str, CarrierControl],
        base_url: str,
        sip: SipLines | None = None,
        outcome: Callable[[str], Outcome | None] = lambda name: None,
    ) -> None:
        self._outcome = outcome
        self._rules, self._agents, self._sip = rules, agents, sip
        self._base_url = base_url.rstrip("/")
        self._controls = {
            name: DialsOnce(control.dial)
            for name, control in controls.items()
            if Capability.DIAL in control.capabilities
        }
        self._placed: OrderedDict[str, PlacedCall] = OrderedDict()

    async def place(self, wanted: Wanted) -> dict[str, str]:
        """Give what became of it so far; of an intent that is known nobody is dialled again.

        Raises, and then nobody was dialled and the intent is as new:
            Denied: The number may not be called; says by which rule.
            ConfigError: No such agent or way to dial, or no number to show.
        """
        known = self._placed.get(wanted.key)
        if known is not None:
            return self._told(known)
        if wanted.agent not in self._agents:
            names = ", ".join(sorted(self._agents)) or "none"
            raise ConfigError(f"there is no agent {wanted.agent!r}", fix=f"agents here: {names}")
        permit = permit_call(wanted.number, self._rules)
        carrier = self._way(wanted.carrier)
        call = PlacedCall(key=wanted.key, agent=wanted.agent, carrier=carrier, basis=permit.basis)
        dial = self._dial_of(call, permit, wanted) if carrier != SIP else None
        # Numbers stay out of the log.
        log.info("call_permitted", key=call.key, agent=call.agent, carrier=carrier, basis=permit.basis)
        self._placed[call.key] = call
        while len(self._placed) > _REMEMBERED_MAX:
            self._placed.popitem(last=False)
        try:
            await (self._dial(call, dial) if dial is not None else self._ring(call, permit, wanted))
        except (CallFailed, ProviderError) as error:
            call.state, call.how = "failed", _why(error)
            log.warning("call_not_placed", key=call.key, carrier=carrier, reason=str(error))
        except DeadlineExceeded as error:
            # Whether it rings is told by a webhook, or never: it is not to ring twice.
            log.warning("call_may_ring", key=call.key, carrier=carrier, reason=str(error))
        return call.told()

    def report(self, key: str, report: LegReport) -> bool:
        """A webhook's news. False: that call is over, or not ours."""
        call = self._placed.get(key)
        if call is None or call.state in _OVER:
            return False
        call.named(report.call_id)
        if report.state == "ended":
            unanswered = call.state != "answered" and report.how == "completed"
            call.state, call.how = "ended", "no_answer" if unanswered else report.how
            self._told(call)  # Now: the exchange forgets sooner than we do.
        elif call.state != "answered":  # Later news of an earlier moment takes nothing back.
            call.state = report.state
        log.info("placed_call", key=key, state=call.state, how=call.how)
        return call.state not in _OVER

    def told(self, key: str) -> dict[str, str]:
        """Raises: ConfigError: No such call."""
        call = self._placed.get(key)
        if call is None:
            raise ConfigError(f"no call {key!r} was placed")
        return self._told(call)

    def _told(self, call: PlacedCall) -> dict[str, str]:
        if call.outcome is None:
            call.outcome = next(filter(None, map(self._outcome, call.names)), None)
        return call.told()

    def _way(self, asked: str) -> str:
        ways = [*self._controls, *([SIP] if self._sip is not None else [])]
        if asked in ways or (not asked and len(ways) == 1):
            return asked or ways[0]
        if not ways:
            raise ConfigError(
                "nothing can be dialled with",
                fix="set a carrier's credentials, or serve with --sip and a trunk (docs/telephony)",
            )
        what = f"calls cannot be placed through {asked!r}" if asked else "there are several ways to dial"
        raise ConfigError(what, fix=f"name one as `carrier` (--carrier): {', '.join(ways)}")

    def _dial_of(self, call: PlacedCall, permit: DialPermit, wanted: Wanted) -> Dial:
        if not self._base_url:
            raise ConfigError(
                "nobody knows how the carrier reaches us",
                where="ANTIPHON_PUBLIC_URL",
                fix="set it to the address of `antiphon serve`, as https://voice.example.com",
            )
        if not wanted.caller_id:
            raise ConfigError(
                "there is no number to show",
                fix="name one of yours as `caller_id` (--caller-id); `antiphon numbers list` has them",
            )
        answer_url = f"{self._base_url}/calls/{call.carrier}/{quote(call.agent)}/placed/{call.key}"
        return Dial(
            key=call.key,
            permit=permit,
            caller_id=e164(wanted.caller_id),
            answer_url=answer_url,
            status_url=f"{answer_url}/status",
            ring_s=wanted.ring_s,
        )

    async def _dial(self, call: PlacedCall, dial: Dial) -> None:
        named = await self._controls[call.carrier].dial(dial)
        call.named(named)
        call.carrier_call_id = named or call.carrier_call_id
        if call.state == "asked":  # A webhook may have been quicker than the carrier's answer.
            call.state = "placed"

    async def _ring(self, call: PlacedCall, permit: DialPermit, wanted: Wanted) -> None:
        assert self._sip is not None, "the way was looked for"

        def news(what: News) -> None:
            self.report(call.key, reported(call.carrier_call_id, what))

        placed = self._sip.place(
            agent=call.agent,
            permit=permit,
            caller_id=wanted.caller_id,
            ring_s=float(wanted.ring_s),
            news=news,
        )
        call.named(placed)
        call.state = "placed"


def _why(error: Exception) -> str:
    return "rejected" if isinstance(error, ProviderRejected) else "unavailable"


def wanted_from(asked: Mapping[str, Any]) -> Wanted:
    """Of one request between our processes."""
    return Wanted(**asked)
