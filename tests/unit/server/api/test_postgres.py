"""The API on a real PostgreSQL: what differs between databases is asked for here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.doubles.api_world import CALL, OUTSIDE, ROOT, ApiWorld, api_world, problem
from tests.doubles.databases import new_database, postgres_server

from antiphon.server.access.roles import Role
from antiphon.server.api.telling import tell


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture
async def world(tmp_path: Path, server: str) -> AsyncIterator[ApiWorld]:
    url = await new_database(server, f"api_{tmp_path.name}")
    async with api_world(tmp_path, OUTSIDE | {"ANTIPHON_DATABASE_URL": url}) as made:
        yield made
    assert not (tmp_path / "antiphon.db").exists()


async def test_everything_that_is_kept_is_kept_there(world: ApiWorld) -> None:
    stranger = await world.key(Role.OWNER, await world.organisation("Strangers"))
    async with world.client(await world.key(Role.OWNER)) as client:
        assert {call["call_id"] for call in (await client.get("/v1/calls")).json()["calls"]} == {
            CALL,
            "another",
        }
        text = (ROOT / "agents" / "clinic.yaml").read_text()
        made = [client.post("/v1/agents/clinic/versions", json={"text": text}) for _ in range(3)]
        versions = [answer.json()["version"] for answer in await asyncio.gather(*made)]
        assert len(set(versions)) == 3
        hook = (await client.post("/v1/webhooks", json={"url": "https://example.com/h"})).json()
        await tell(world.parts, "default", "call.ended", {}, event_id="call.ended:1")
        await tell(world.parts, "default", "call.ended", {}, event_id="call.ended:1")
        assert len(await world.parts.outbox.take(10, hold_ms=60_000)) == 1
        assert (await client.post(f"/v1/calls/{CALL}/feedback", json={"labels": ["a"]})).status_code == 201
        await client.post("/v1/members", json={"email": "a@b.example", "role": "owner"})
        problem(await client.post("/v1/members", json={"email": "A@b.example", "role": "owner"}), 409)
        rows = (await client.get("/v1/audit")).json()["entries"]
        assert [row["number"] for row in rows] == sorted((row["number"] for row in rows), reverse=True)
        assert all(row["outcome"] != "started" for row in rows)
        key = (await client.post("/v1/keys", json={"name": "k", "role": "auditor"})).json()
        assert (await client.delete(f"/v1/keys/{key['id']}")).status_code == 204
    async with world.client(stranger) as client:
        assert (await client.get("/v1/calls")).json()["calls"] == []
        problem(await client.delete(f"/v1/webhooks/{hook['id']}"), 404)
    async with world.client(key["key"]) as client:
        problem(await client.get("/v1/me"), 401)
