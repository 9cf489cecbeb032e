"""All of a person, told and erased over the API: by number and by call, of one's own organisation only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.doubles.api_world import CALL, ApiWorld, api_world, problem

from antiphon.server.access.roles import Role

NUMBER = "+15550134"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        for call_id, agent in (("hers", "clinic"), ("hers-elsewhere", "bank")):
            path = made.put_call(call_id, agent)
            text = path.read_text()
            assert '"caller_number":""' in text
            path.write_text(text.replace('"caller_number":""', f'"caller_number":"{NUMBER}"'))
        await made.organisation("Other Ltd", "bank")
        await made.index()
        yield made


@pytest.fixture
async def owner(world: ApiWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(await world.key(Role.OWNER)) as client:
        yield client


async def test_a_person_is_told_with_everything_and_then_erased(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    said = {"rating": 1, "comment": "she was angry"}
    assert (await owner.post("/v1/calls/hers/feedback", json=said)).status_code == 201
    link = (await owner.post("/v1/calls/hers/share", json={})).json()["token"]
    asked = {"subject": NUMBER}
    (told,) = (await owner.post("/v1/people/export", json=asked)).json()["calls"]
    assert (told["summary"]["call_id"], told["summary"]["caller"]) == ("hers", NUMBER)
    assert told["feedback"][0]["comment"] == "she was angry"
    assert told["transcript"]
    gone = (await owner.post("/v1/people/erase", json=asked)).json()
    assert (gone["calls"], gone["traces"], gone["id"][:4]) == (1, 1, "era_")
    problem(await owner.get("/v1/calls/hers"), 404)
    async with world.client(link) as stranger:
        problem(await stranger.get("/v1/shared"), 404)
    assert (await owner.post("/v1/people/export", json=asked)).json() == {"calls": []}
    assert not list(world.home.rglob("hers.jsonl"))
    assert list(world.home.rglob("hers-elsewhere.jsonl")), "another organisation's"
    entries = await world.parts.audit.entries("default")
    assert {"export_person", "erase_person"} <= {entry.action for entry in entries}
    assert NUMBER not in repr(entries)


async def test_one_call_is_erased_by_its_id_and_no_others_are(owner: httpx.AsyncClient) -> None:
    for subject, count in ((CALL, 1), (CALL, 0), ("hers-elsewhere", 0), ("nobody", 0)):
        told = (await owner.post("/v1/people/erase", json={"subject": subject})).json()
        assert told["calls"] == count, subject
    assert len((await owner.get("/v1/calls")).json()["calls"]) == 2
    for body in ({}, {"subject": ""}, {"subject": "x" * 321}, {"subject": 5}, {"number": NUMBER}):
        problem(await owner.post("/v1/people/erase", json=body), 422)
