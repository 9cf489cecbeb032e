"""While the caller speaks, whoever will answer may read up to where the call is."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence

from antiphon.agents.ports import Exchange, Reasoner, WarmsReplies
from antiphon.runtime.metering import Meter, Payer, paid_by


class ReplyWarming:
    """One call's; at most once for each turn."""

    def __init__(self, reasoner: Reasoner, meter: Meter) -> None:
        self._reasoner, self._meter = reasoner, meter
        self._warmed = -1  # Exchanges there were when a reply was last prepared for.

    def due(self, history: Sequence[Exchange]) -> Coroutine[None, None, None] | None:
        """What is to be done now, None for nothing."""
        if not isinstance(self._reasoner, WarmsReplies) or len(history) == self._warmed:
            return None
        self._warmed = len(history)
        return self._warm(self._reasoner, history)

    async def _warm(self, reasoner: WarmsReplies, history: Sequence[Exchange]) -> None:
        with paid_by(Payer(meter=self._meter)):
            await reasoner.warm(history)
