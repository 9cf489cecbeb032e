"""Judges of the end of a turn that fail or hang, on virtual time: a pause never lasts longer for them."""

from __future__ import annotations

import asyncio

import pytest
from tests.doubles.virtual_loop import live, passes

from antiphon.errors import ProviderError, ProviderUnavailable
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.judges import FIRST_SCORE_MS, ONLY_SCORE_MS, FailoverEndOfTurn
from antiphon.runtime.failover.race import Candidate


class Judge:
    """Gives its score after so many ms, or fails."""

    def __init__(self, score: float | Exception, takes_ms: int = 30) -> None:
        self.verdict, self.takes_ms = score, takes_ms
        self.asked = 0

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        self.asked += 1
        await passes(self.takes_ms)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


class Bench:
    def __init__(self, *judges: Judge) -> None:
        self.judges = judges
        self.book = HealthBook()
        self.failover = FailoverEndOfTurn(
            [
                Candidate(name=f"j{i}", port=judge, health=self.book.of("eot", f"j{i}"))
                for i, judge in enumerate(judges)
            ]
        )

    async def score(self) -> tuple[float | None, int]:
        """And how long it took, ms."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            score: float | None = await self.failover.score(b"", 8000)
        except ProviderError:
            score = None
        return score, round((loop.time() - begun) * 1000)


GONE = ProviderUnavailable("judge", "the worker is gone")


def test_the_first_one_that_can_tell_tells() -> None:
    async def story() -> None:
        assert await Bench(Judge(0.9), Judge(0.1)).score() == (0.9, 30)
        assert await Bench(Judge(GONE), Judge(0.1)).score() == (0.1, 60)
        assert await Bench(Judge(0.9, takes_ms=60_000), Judge(0.1)).score() == (0.1, FIRST_SCORE_MS + 30)

    live(story())


@pytest.mark.parametrize("judge", [Judge(GONE), Judge(0.9, takes_ms=60_000)], ids=["gone", "hung"])
def test_one_that_is_lost_is_left_alone_until_its_probe_and_silence_decides_at_once(judge: Judge) -> None:
    async def story() -> None:
        bench = Bench(judge)
        waits_ms = [(await bench.score())[1] for _ in range(3)]
        assert max(waits_ms) <= ONLY_SCORE_MS < 500  # The deadline of `runtime.scoring`.
        assert [await bench.score() for _ in range(3)] == [(None, 0)] * 3
        assert judge.asked == 3
        await passes(5000)
        judge.verdict, judge.takes_ms = 0.8, 30
        assert await bench.score() == (0.8, 30)
        assert bench.book.states() == {"eot j0": "closed"}

    live(story())


def test_a_pause_that_ended_is_no_verdict() -> None:
    async def story() -> None:
        bench = Bench(Judge(0.9, takes_ms=60_000))
        for _ in range(5):
            asking = asyncio.ensure_future(bench.score())
            await passes(50)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert bench.book.states() == {"eot j0": "closed"}

    live(story())
