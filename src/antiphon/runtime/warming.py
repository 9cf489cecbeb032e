"""While the caller speaks, whoever will answer may read up to where we are; once for each turn."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from antiphon.agents.ports import Exchange, Reasoner, WarmsReplies
from antiphon.runtime.metering import Meter, Payer, paid_by


class ReplyWarming:
    def __init__(self, reasoner: Reasoner, meter: Meter) -> None:
        self._reasoner, self._meter = reasoner, meter
        self._warmed = -1  # Exchanges there were when a reply was last prepared for.

    def work(self, history: Sequence[Exchange]) -> Coroutine[Any, Any, None] | None:
        """What there is to do, if anything."""
        if not isinstance(self._reasoner, WarmsReplies) or len(history) == self._warmed:
            return None
        self._warmed = len(history)
        return self._warm(self._reasoner, history)

    async def _warm(self, reasoner: WarmsReplies, history: Sequence[Exchange]) -> None:
        with paid_by(Payer(meter=self._meter)):
            await reasoner.warm(history)
