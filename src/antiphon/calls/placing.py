"""Calls an agent places for an operator: permitted first, dialled once, through a carrier's interface or SIP.

Lives in the media worker, beside the calls; carriers' webhooks reach it from the control process.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog

from antiphon.calls.control.once import DialsOnce
from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import Capability, CarrierControl, Dial
from antiphon.calls.sip import SipLines
from antiphon.errors import ConfigError, DeadlineExceeded
from antiphon.trust.dialling import DialPermit, DialRules, permit_call
from antiphon.trust.numbers import e164

log = structlog.get_logger(__name__)

SIP = "sip"  # In place of a carrier: through a trunk of ours.
RING_S = 30
_REMEMBERED_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call an operator wants.

    Attributes:
        through: A carrier, or `SIP`; "" where there is only one way.
        caller_id: A number of ours that is shown; a trunk has its own.
    """

    agent: str
    number: str
    through: str = ""
    caller_id: str = ""
    ring_s: int = RING_S


@dataclass(slots=True, kw_only=True)
class PlacedCall:
    """`state` as carriers tell it; "unknown" where nobody knows whether it was placed."""

    key: str
    agent: str
    through: str
    basis: str
    state: str = "placed"
    how: str = ""

    def told(self) -> dict[str, str]:
        return {
            name: str(getattr(self, name)) for name in ("key", "agent", "through", "basis", "state", "how")
        }


class CallPlacer:
    """One per media worker.

    Args:
        agents: Who can be given a call.
        controls: By carrier.
        base_url: How carriers reach our webhooks; "" where they do not.
        sip: None where SIP is not spoken.
    """

    def __init__(
        self,
        rules: DialRules,
        *,
        agents: Collection[str],
        controls: Mapping[str, CarrierControl],
        base_url: str,
        sip: SipLines | None = None,
    ) -> None:
        self._rules, self._agents, self._sip = rules, agents, sip
        self._base_url = base_url.rstrip("/")
        self._controls = {
            name: (control, DialsOnce(control.dial))
            for name, control in controls.items()
            if Capability.DIAL in control.capabilities
        }
        self._placed: OrderedDict[str, PlacedCall] = OrderedDict()

    async def place(self, wanted: Wanted) -> dict[str, str]:
        """Give what became of it so far; through SIP, once it is answered.

        Raises:
            Denied: The number may not be called; says by which rule.
            ConfigError: No such agent or way to dial, or no number to show.
            CallFailed, ProviderError: It was not placed, or not answered.
        """
        if wanted.agent not in self._agents:
            known = ", ".join(sorted(self._agents)) or "none"
            raise ConfigError(f"there is no agent {wanted.agent!r}", fix=f"agents here: {known}")
        permit = permit_call(wanted.number, self._rules)
        through = self._way(wanted.through)
        call = PlacedCall(key=secrets.token_hex(8), agent=wanted.agent, through=through, basis=permit.basis)
        # Numbers stay out of the log.
        log.info("call_permitted", key=call.key, agent=call.agent, through=through, basis=permit.basis)
        self._placed[call.key] = call
        while len(self._placed) > _REMEMBERED_MAX:
            self._placed.popitem(last=False)
        try:
            await self._dial(call, permit, wanted)
        except DeadlineExceeded:
            call.state = "unknown"
            raise
        except BaseException:
            call.state = "ended"
            raise
        return call.told()

    def report(self, key: str, report: LegReport) -> bool:
        """A webhook's news. False: that call is over, or not ours."""
        call = self._placed.get(key)
        if call is None or call.state == "ended":
            return False
        call.state, call.how = report.state, report.how if report.state == "ended" else ""
        log.info("placed_call", key=key, state=call.state, how=call.how)
        return call.state != "ended"

    def told(self, key: str) -> dict[str, str]:
        """Raises: ConfigError: No such call."""
        call = self._placed.get(key)
        if call is None:
            raise ConfigError(f"no call {key!r} was placed")
        return call.told()

    def _way(self, asked: str) -> str:
        ways = [*self._controls, *([SIP] if self._sip is not None else [])]
        if asked in ways or (not asked and len(ways) == 1):
            return asked or ways[0]
        if not ways:
            raise ConfigError(
                "nothing can be dialled with",
                fix="set a carrier's credentials, or serve with --sip and a trunk",
            )
        what = f"calls cannot be placed through {asked!r}" if asked else "there are several ways to dial"
        raise ConfigError(what, fix=f"name one with --through: {', '.join(ways)}")

    async def _dial(self, call: PlacedCall, permit: DialPermit, wanted: Wanted) -> None:
        if call.through == SIP:
            assert self._sip is not None, "the way was looked for"
            ring_s = float(wanted.ring_s)
            await self._sip.dial(
                agent=call.agent, permit=permit, caller_id=wanted.caller_id, timeout_s=ring_s
            )
            call.state = "answered"
            return
        if not self._base_url:
            raise ConfigError("nobody knows how the carrier reaches us", where="ANTIPHON_PUBLIC_URL")
        if not wanted.caller_id:
            raise ConfigError("there is no number to show", fix="name one of yours with --caller-id")
        answer_url = f"{self._base_url}/calls/{call.through}/{quote(call.agent)}/placed/{call.key}"
        _, once = self._controls[call.through]
        await once.dial(
            Dial(
                key=call.key,
                permit=permit,
                caller_id=e164(wanted.caller_id),
                answer_url=answer_url,
                status_url=f"{answer_url}/status",
                ring_s=wanted.ring_s,
            )
        )


def wanted_from(asked: Mapping[str, Any]) -> Wanted:
    """Of one request between our processes."""
    return Wanted(**asked)
