"""Several judges of the end of a turn as one, within the time a pause has for them."""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.runtime.failover.preference import Preference
from antiphon.runtime.failover.race import Attempt, Candidate, RaceRules, race
from antiphon.speech.ports import EndOfTurn

# The core waits for nobody: without a score it takes the turn after a fixed silence of about half a second.
FIRST_SCORE_MS, ONLY_SCORE_MS = 200, 400


class FailoverEndOfTurn:
    """`EndOfTurn` over candidates in order of preference. Behind them stands the core's fixed silence, so one
    that is left alone is not asked.

    Raises:
        RaceLost: (a ProviderError) Nobody could tell.
    """

    def __init__(self, candidates: Sequence[Candidate[EndOfTurn]]) -> None:
        assert candidates, "somebody must judge"
        first_ms = FIRST_SCORE_MS if len(candidates) > 1 else ONLY_SCORE_MS
        self._rules = RaceRules(note="end_of_turn_failed", first_ms=first_ms, backed=True)
        self._candidates = candidates

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        """As `EndOfTurn`."""

        async def judge(attempt: Attempt[EndOfTurn]) -> float:
            return await attempt.candidate.port.score(pcm, sample_rate_hz)

        order = Preference(self._candidates).admitted(backed=self._rules.backed)
        score, _ = await race(order, self._rules, judge)
        return score
