"""The official SDK, unmodified, talks with the clinic at the API's own address: a tool call and an
interruption, with its asynchronous client and its blocking one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import pytest_asyncio
from openai import AsyncOpenAI, OpenAIError
from tests.audio.real_lines import Watched, assert_replays_exactly
from tests.audio.realtime_talks import RATE_HZ, Conversation, steps, talk, talk_blocking
from tests.doubles.api_world import api_world
from tests.doubles.served_api import realtime_desk
from websockets.exceptions import InvalidStatus

from antiphon.server.access.roles import Role
from antiphon.server.realtime import offers_of
from antiphon.storage.traces import list_calls

pytestmark = [pytest.mark.models, pytest.mark.light, pytest.mark.asyncio(loop_scope="module")]

QUESTION = "I would like to book a physical on Friday."
INTERRUPTION = "Sorry, wait, do you take Aetna insurance?"


@asynccontextmanager
async def serving(watched: Watched) -> AsyncIterator[tuple[str, str]]:
    """The API's address, and a key."""
    exchange = watched.stack.exchange
    home = watched.home / f"api-{len(list(watched.home.iterdir()))}"
    async with api_world(home) as world:
        world.media.offers = offers_of(exchange.agents)
        async with realtime_desk(world, exchange) as desk:
            yield f"http://{desk.host}/v1", await world.key(Role.OPERATOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["async", "sync"])
async def told(watched: Watched, request: pytest.FixtureRequest) -> Conversation:
    spoken = [
        (await watched.render(text, rate_hz=RATE_HZ)).astype("<i2").tobytes()
        for text in (QUESTION, INTERRUPTION)
    ]
    scenario = steps(spoken[0], spoken[1])
    async with serving(watched) as (url, key):
        if request.param == "async":
            return await talk(url, key, scenario)
        return await asyncio.to_thread(talk_blocking, url, key, scenario)


async def test_the_greeting_and_the_turns_are_told(told: Conversation) -> None:
    assert told.events[0].type == "session.created"
    assert not told.named("error")
    greeting = told.named("response.done")[0].response
    assert greeting.status == "completed" and "Willow Street" in greeting.output[0].content[0].transcript
    heard = told.named("conversation.item.input_audio_transcription.completed")[0].transcript
    assert "physical" in heard.lower()


async def test_a_tool_of_the_agents_was_used(told: Conversation) -> None:
    assert told.tools and told.tools[0].name == "clinic.find_slots" and told.tools[0].output


async def test_the_interruption_cut_the_answer(told: Conversation) -> None:
    assert told.cut and told.cut[0].status_details.reason == "turn_detected"
    assert told.named("output_audio_buffer.cleared")


async def test_audio_came_in_real_time_at_24_khz(told: Conversation) -> None:
    samples = np.frombuffer(told.audio, "<i2")
    assert len(samples) > 3 * RATE_HZ and np.abs(samples).max() > 1000


async def test_a_wrong_key_opens_nothing(watched: Watched) -> None:
    async with serving(watched) as (url, _):
        with pytest.raises((OpenAIError, InvalidStatus), match="401"):
            async with AsyncOpenAI(api_key="apk_wrong", base_url=url).realtime.connect(model="clinic"):
                raise AssertionError("let in")


async def test_the_record_replays(watched: Watched, told: Conversation) -> None:
    assert told.events
    kept = list_calls(watched.home / "calls", limit=10)
    calls = [call for call in kept if call.header["line"] == "realtime"]
    assert calls
    async with asyncio.timeout(30):
        await watched.stack.exchange.wait_ended(calls[0].call_id)
    assert_replays_exactly(watched.record(calls[0].call_id))
    assert not watched.errors
