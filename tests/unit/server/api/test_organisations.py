"""Organisations over the API: made by the installation's operators, known to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.doubles.api_world import ApiWorld, api_world, problem

from antiphon.server.access.roles import PERMISSIONS, Role

PATH = "/v1/organisations"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


async def test_an_organisation_is_made_and_its_first_key_opens_it_alone(world: ApiWorld) -> None:
    ours = await world.key(Role.OWNER)
    async with world.client(ours) as operator:
        answer = await operator.post(PATH, json={"name": "Other Ltd"})
        made = answer.json()
        assert answer.status_code == 201
        assert [one["name"] for one in (await operator.get(PATH)).json()["organisations"]] == [
            "Default", "Other Ltd",
        ]  # fmt: skip
        assert made["key"] not in (await operator.get(PATH)).text
        assert made["key_id"] not in (await operator.get("/v1/keys")).text
    async with world.client(made["key"]) as theirs:
        me = (await theirs.get("/v1/me")).json()
        assert (me["organisation"], me["organisation_name"]) == (made["id"], "Other Ltd")
        assert set(me["permissions"]) == PERMISSIONS[Role.OWNER]
        assert (await theirs.get("/v1/agents")).json() == {"agents": []}
        seen = {name: made[name] for name in ("id", "name", "created_at_ms")}
        assert (await theirs.get(PATH)).json() == {"organisations": [seen]}
        assert ours.split("_")[1] not in (await theirs.get("/v1/keys")).text
        assert ours.split("_")[1] not in (await theirs.get("/v1/audit")).text


async def test_an_owner_renames_his_own_and_finds_no_other(world: ApiWorld) -> None:
    theirs, third = await world.organisation("Theirs"), await world.organisation("Third")
    async with world.client(await world.key(Role.OWNER, theirs)) as stranger:
        assert (await stranger.patch(f"{PATH}/{theirs}", json={"name": "Ours"})).status_code == 204
        refused = [
            await stranger.patch(f"{PATH}/{other}", json={"name": "Mine"})
            for other in ("default", third, "org_unknown")
        ]
        assert {(one.status_code, one.content) for one in refused} == {(404, refused[-1].content)}
        problem(await stranger.post(PATH, json={"name": "One more"}), 403)
        problem(await stranger.patch(f"{PATH}/{third}", json={}), 422)
    names = {one.id: one.name for one in await world.parts.organisations.every()}
    assert names == {"default": "Default", theirs: "Ours", third: "Third"}


async def test_a_narrow_key_makes_no_owner_of_anything(world: ApiWorld) -> None:
    narrow = await world.key(Role.OWNER, scopes=("organisations:write",))
    async with world.client(narrow) as client:
        problem(await client.post(PATH, json={"name": "Mine"}), 403)
        assert (await client.patch(f"{PATH}/default", json={"name": "Main house"})).status_code == 204
    assert [one.name for one in await world.parts.organisations.every()] == ["Main house"]


async def test_what_is_done_from_outside_is_in_both_audits(world: ApiWorld) -> None:
    ours = await world.key(Role.OWNER)
    async with world.client(ours) as operator:
        made = (await operator.post(PATH, json={"name": "Other Ltd"})).json()
        assert (await operator.patch(f"{PATH}/{made['id']}", json={"name": "Another"})).status_code == 204
        problem(await operator.patch(f"{PATH}/org_unknown", json={"name": "Another"}), 404)
    told = [
        (row.actor, row.action, dict(row.target), row.outcome)
        for row in await world.parts.audit.entries("default")
    ]
    actor = f"key:{ours.split('_')[1]}"
    assert told == [
        (actor, "rename_organisation", {"organisation_id": "org_unknown"}, "404"),
        (actor, "rename_organisation", {"organisation_id": made["id"]}, "204"),
        (actor, "create_organisation", {}, "201"),
    ]
    theirs = await world.parts.audit.entries(made["id"])
    assert [(row.action, row.outcome, dict(row.target)) for row in theirs] == [
        ("rename_organisation", "204", {"organisation_id": made["id"]}),
        ("create_key", "201", {"key_id": made["key_id"]}),
    ]
    assert {row.actor for row in theirs} == {"the installation's operators"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 201},
        {"name": "a\0b"},
        {"name": 1},
        {"name": "x", "id": "y"},
    ],
)
async def test_a_name_that_cannot_be_makes_nothing(world: ApiWorld, body: dict[str, object]) -> None:
    async with world.client(await world.key(Role.OWNER)) as client:
        problem(await client.post(PATH, json=body), 422)
        problem(await client.patch(f"{PATH}/default", json=body), 422)
    assert [one.name for one in await world.parts.organisations.every()] == ["Default"]
