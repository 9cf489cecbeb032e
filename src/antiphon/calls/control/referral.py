"""A caller whose own line is asked to call the person in our place (SIP's REFER); it says how that went.

He waits with us meanwhile, with music and comfort, and is the agent's again when nobody took him.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from antiphon.calls.ports import CallEnd, ColdTransfer
from antiphon.runtime.transfers import WaitingCaller


class Refers(Protocol):
    """Lines that can be asked so."""

    async def refer(self, call_id: str, transfer: ColdTransfer) -> CallEnd:
        """Gives "completed" once the caller is on his way, or why he is still here."""


class Referral:
    """Implements `runtime.transfers.Transfer`. Asked once; it cannot be taken back.

    Args:
        line: The caller's call, by its id at the carrier.
    """

    def __init__(self, caller: WaitingCaller, lines: Refers, line: str, transfer: ColdTransfer) -> None:
        self._caller, self._lines, self._line, self._transfer = caller, lines, line, transfer
        self._waits = True

    def begin(self) -> asyncio.Task[None]:
        self._caller.note("transfer_referred", headers=sorted(self._transfer.headers))
        work = self._ask()
        return asyncio.get_running_loop().create_task(work, name=f"refer {self._caller.call_id}")

    async def _ask(self) -> None:
        began_ms = self._caller.at_ms
        end = await self._lines.refer(self._line, self._transfer)
        if end == "completed":
            return  # His line is gone, which his call was told already.
        self._caller.note("transfer_failed", result=end, after_ms=self._caller.at_ms - began_ms)
        if self._waits:
            self._waits = False
            self._caller.failed(end)

    # `Transfer`: from the caller's call.

    def caller_spoke(self) -> None: ...

    def caller_left(self) -> None:
        self._waits = False

    def call_off(self) -> None:
        self._waits = False
