"""Pauses that end in the same instant share one inference; nobody waits for a batch to fill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest
from tests.doubles.virtual_loop import live

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local import smart_turn
from antiphon.providers.local.smart_turn import BATCH_MAX, BATCH_WAIT_S, SmartTurn


class Network:
    """Gives the mean of each input, and remembers how many it was given at a time."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.broken = False

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        (features,) = inputs.values()
        assert features.shape[1:] == (80, 800)
        self.batches.append(len(features))
        if self.broken:
            raise ValueError("no")
        return [features.mean(axis=(1, 2)).reshape(-1, 1)]

    def get_inputs(self) -> list[Any]:
        class Input:
            name = "input_features"

        return [Input()]


class Inline(Executor):
    """Runs a job where it is submitted, or refuses it."""

    def __init__(self) -> None:
        self.full = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.full:
            raise ProviderUnavailable("local", "behind")
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except ValueError as error:
            future.set_exception(error)
        return future


class Judging:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.network, self.executor = Network(), Inline()
        monkeypatch.setattr(smart_turn, "load_session", lambda *_: self.network)
        self.judge = SmartTurn(self.executor)

    def ask(self, level: int) -> asyncio.Task[float]:
        sound = np.full(8000, level, "<i2") * (-1) ** np.arange(8000) // 2
        return asyncio.ensure_future(self.judge.score(sound.astype("<i2").tobytes(), 8000))


@pytest.fixture
def judging(monkeypatch: pytest.MonkeyPatch) -> Judging:
    return Judging(monkeypatch)


def test_who_asks_in_the_same_instant_shares_an_inference_and_gets_his_own_score(judging: Judging) -> None:
    async def run() -> tuple[list[float], list[float]]:
        alone = [await judging.ask(level) for level in (100, 4000, 20000)]
        together = await asyncio.gather(*(judging.ask(level) for level in (100, 4000, 20000)))
        return alone, together

    alone, together = live(run())
    assert together == pytest.approx(alone, abs=1e-6)
    assert judging.network.batches == [1, 1, 1, 3]


def test_a_batch_is_bounded_and_a_full_one_does_not_wait(judging: Judging) -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        first = [judging.ask(1000) for _ in range(BATCH_MAX)]
        await asyncio.wait(first)
        took_s = loop.time() - begun_s
        await asyncio.gather(*(judging.ask(1000) for _ in range(BATCH_MAX + 3)))
        return took_s

    assert live(run()) == 0
    assert judging.network.batches == [BATCH_MAX, BATCH_MAX, 3]


def test_who_asks_alone_waits_no_longer_than_the_bound(judging: Judging) -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await judging.ask(1000)
        return loop.time() - begun_s

    assert live(run()) == pytest.approx(BATCH_WAIT_S)


def test_who_gives_up_is_left_out_and_the_others_are_answered(judging: Judging) -> None:
    async def run() -> float:
        leaving, staying = judging.ask(1000), judging.ask(2000)
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    live(run())
    assert judging.network.batches == [1]


def test_a_fault_reaches_everybody_of_the_batch_and_nobody_else(judging: Judging) -> None:
    async def run() -> list[float | BaseException]:
        judging.network.broken = True
        failed = await asyncio.gather(*(judging.ask(1000) for _ in range(3)), return_exceptions=True)
        judging.network.broken = False
        return [*failed, await judging.ask(1000)]

    *failed, fine = live(run())
    assert [type(error) for error in failed] == [ValueError] * 3
    assert isinstance(fine, float)


def test_a_pool_that_is_behind_refuses_the_whole_batch(judging: Judging) -> None:
    async def run() -> list[float | BaseException]:
        judging.executor.full = True
        return await asyncio.gather(*(judging.ask(1000) for _ in range(2)), return_exceptions=True)

    assert [type(error) for error in live(run())] == [ProviderUnavailable] * 2
