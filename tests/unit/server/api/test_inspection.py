"""What the pages of one call and of all calls are given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest
from tests.doubles.api_world import CALL, ApiWorld, api_world, problem

from antiphon.agents.definition import load_agent
from antiphon.calls.recording.shelf import recording_path, recordings_directory
from antiphon.server.access.roles import Role
from antiphon.server.api.inspection import outline
from antiphon.server.api.overview import DAY_MS, HOUR_MS, stretch_ms
from antiphon.storage.sealed import SealedWriter


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


@pytest.fixture
async def owner(world: ApiWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(await world.key(Role.OWNER)) as client:
        yield client


async def test_a_timeline_has_every_stage_on_one_clock(owner: httpx.AsyncClient) -> None:
    told = (await owner.get(f"/v1/calls/{CALL}/timeline")).json()
    (turn,) = told["turns"]
    stages = {stage["name"]: stage for stage in turn["stages"]}
    assert turn["total_ms"] == stages["playout"]["to_ms"]
    assert stages["endpointing"]["to_ms"] == turn["committed_at_ms"] - turn["ended_ms"]
    assert told["budget_ms"]["vad"] == [50, 100]
    assert told["replies"][0]["heard"].startswith("Hello, this is the clinic.")
    assert told["instructions"] == ""  # The golden call was made with no file of ours.


async def test_requests_to_models_come_with_their_tokens_and_the_instructions_they_had(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    path = world.put_call("asked", "clinic")
    header, *rest = path.read_bytes().splitlines()
    digest = load_agent(world.home / "agents" / "clinic.yaml").digest
    facts = msgspec.json.decode(header) | {"definition_hash": digest}
    usage = {
        "t": 4990, "k": "note", "type": "usage", "role": "llm", "provider": "acme/large", "reply": "r2",
        "input_tokens": 900, "cached_tokens": 768, "output_tokens": 12, "cost_usd": "0.0011", "request": 2,
    }  # fmt: skip
    asked = {
        "t": 4000, "k": "note", "type": "prompt", "provider": "acme/large", "reply": "r2", "tools": ["t"],
        "request": 2, "prompt": [1, 0],
        "said": {"0": {"role": "user", "content": "<b>"}, "1": {"role": "system", "content": "s"}},
    }  # fmt: skip
    before = usage | {"request": 1}
    spoken = {"t": 5000, "k": "note", "type": "usage", "role": "tts", "provider": "acme/v", "characters": 9}
    consent = {"t": 10, "k": "note", "type": "recording_began", "basis": "announced", "since_ms": 0}
    lines = [facts, consent, *map(msgspec.json.decode, rest[:-1]), asked, before, usage, spoken]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b"\n")
    told = (await owner.get("/v1/calls/asked/timeline")).json()
    lost, call = told["model_calls"]
    assert lost["prompt"] is None, "its message is not in the trace"
    assert [told["messages"][place]["role"] for place in call["prompt"]] == ["system", "user"]
    assert (call["provider"], call["input_tokens"], call["cached_tokens"]) == ("acme/large", 900, 768)
    assert (call["cost_usd"], call["wasted"], call["cache_write_tokens"]) == ("0.0011", False, 0)
    assert "You are an AI" in told["instructions"]
    assert [note["type"] for note in told["notes"]] == ["recording_began"]
    clinic = world.home / "agents" / "clinic.yaml"
    clinic.write_text(clinic.read_text().replace("Just a second.", "One second."))
    assert (await owner.get("/v1/calls/asked/timeline")).json()["instructions"] == ""


async def test_a_recordings_outline_comes_by_channel_with_its_consent(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    loud = np.zeros((2, 8000), dtype="<i2")
    loud[0, 4000:] = 16384
    loud[1, :100] = -32768
    now = datetime.now(UTC)
    head = {
        "call": CALL, "encoding": "l16", "sample_rate_hz": 8000, "since_ms": 250,
        "retain_until": (now + timedelta(days=1)).isoformat(), "consent": {"basis": "announced"},
    }  # fmt: skip
    writer = SealedWriter(
        recording_path(recordings_directory(world.home), CALL, now), world.parts.keyring, head
    )
    writer.write(loud[0].tobytes() + loud[1].tobytes())
    writer.close()
    told = (await owner.get(f"/v1/calls/{CALL}/peaks", params={"count": 10})).json()
    assert (told["since_ms"], told["duration_ms"]) == (250, 1000)
    assert told["caller"] == [0] * 5 + [50] * 5
    assert told["agent"] == [100] + [0] * 9
    assert told["consent"] == {"basis": "announced"}
    problem(await owner.get("/v1/calls/another/peaks"), 404)
    problem(await owner.get(f"/v1/calls/{CALL}/peaks", params={"count": 10**6}), 422)


def test_an_outline_of_little_is_little() -> None:
    assert outline(np.zeros(0, dtype=np.int16), 10) == []
    assert outline(np.array([1, -32768, 32767], dtype=np.int16), 10) == [0, 100, 100]


async def test_the_overview_adds_up_what_is_on_record(world: ApiWorld, owner: httpx.AsyncClient) -> None:
    at_ms = 1_790_000_000_000
    world.put_call("early", "clinic", at_ms=at_ms)
    world.put_call("late", "clinic", at_ms=at_ms + DAY_MS)
    other = await world.organisation("Other Ltd", "bank")
    world.put_call("theirs", "bank", at_ms=at_ms)
    await world.index()
    asked = {"from_ms": at_ms, "to_ms": at_ms + 2 * DAY_MS}
    told = (await owner.get("/v1/overview", params=asked)).json()
    assert (told["total"]["calls"], told["total"]["contained"], told["each_ms"]) == (2, 2, HOUR_MS)
    assert [one["calls"] for one in told["stretches"]] == [1, 1]
    assert [one["agent"] for one in told["agents"]] == ["clinic"]
    assert told["endings"] == [{"end_cause": "goal_reached", "calls": 2}]
    assert told["response_p50_ms"] > 0
    assert float(told["cost_per_minute_usd"]) == 0
    nothing = (await owner.get("/v1/overview", params={"from_ms": 0, "to_ms": 1})).json()
    assert (nothing["total"]["calls"], nothing["cost_per_resolved_usd"]) == (0, None)
    problem(await owner.get("/v1/overview", params={"from_ms": 5, "to_ms": 5}), 422)
    async with world.client(await world.key(Role.OWNER, other)) as theirs:
        told = (await theirs.get("/v1/overview", params=asked)).json()
        assert [one["agent"] for one in told["agents"]] == ["bank"]


def test_stretches_are_hours_then_days_and_never_too_many_to_draw() -> None:
    assert stretch_ms(DAY_MS) == HOUR_MS
    assert stretch_ms(30 * DAY_MS) == DAY_MS
    assert stretch_ms(365 * DAY_MS) == 4 * DAY_MS
