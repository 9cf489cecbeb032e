"""What one call pays for a provider that hangs, and what all calls of a process share, on virtual time."""

from __future__ import annotations

import asyncio

import pytest
from tests.doubles.scripted_ports import ScriptedModel
from tests.doubles.virtual_loop import live, passes
from tests.unit.runtime.failover_table import ASK, DOWN, Table

from antiphon.errors import ProviderError


def test_a_model_that_hung_is_asked_after_the_others_for_the_rest_of_that_call_only() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(60_000), ScriptedModel("Hello."), first_ms=500)
        waits_ms = [await table.timed_ms() for _ in range(4)]
        assert waits_ms == pytest.approx([500, 0, 0, 0], abs=20)
        assert (len(table.models[0].asked), len(table.models[1].asked)) == (1, 4)
        assert table.book.states()["llm m0"] == "closed"  # Once is no breaker's business.
        table.another_call()
        assert await table.timed_ms() == pytest.approx(500, abs=20)

    live(story())


def test_when_the_one_it_went_to_fails_the_one_that_hung_is_asked_again() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(60_000), ScriptedModel("Hello."), first_ms=500)
        await table.ask()
        table.models[0].steps, table.models[1].steps = ("Good morning.",), (DOWN,)
        table.said.clear()
        await table.ask()
        assert table.text == "Good morning."

    live(story())


def test_a_model_that_refuses_at_once_is_asked_first_again() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(DOWN), ScriptedModel("Hello."))
        await table.ask()
        table.models[0].steps = ("Good morning.",)
        table.said.clear()
        await table.ask()
        assert table.text == "Good morning."

    live(story())


def test_a_model_left_alone_is_not_asked_while_a_flow_is_behind_it() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(60_000), first_ms=500, backed=True)
        for _ in range(3):
            with pytest.raises(ProviderError):
                await table.ask()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(ProviderError):
            await table.ask()
        assert loop.time() == begun
        assert len(table.models[0].asked) == 3
        await passes(5000)
        table.models[0].steps = ("I am well again.",)
        await table.ask()
        assert table.text == "I am well again."

    live(story())


def test_calls_of_a_process_share_one_probe() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(DOWN), ScriptedModel("From the second."))
        for _ in range(3):
            await table.ask()
        await passes(5000)
        table.models[0].steps = (400, "From the first.")
        table.said.clear()
        calls = [table.all_calls.for_call() for _ in range(5)]
        said: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            for call in calls:
                tasks.create_task(call.complete(ASK, (), said.append))
        assert len(table.models[0].asked) == 3 + 1
        assert sorted(said) == ["From the first.", *["From the second."] * 4]
        await table.ask()
        assert table.text == "From the first."

    live(story())
