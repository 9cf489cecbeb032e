"""Organisations over the API: made by the installation's operators, known to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doubles.api_world import ApiWorld, api_world, problem

from antiphon.server.access.entrance import LOCAL_OWNER
from antiphon.server.access.roles import PERMISSIONS, Permission, Role
from antiphon.server.access.tokens import Wish
from antiphon.storage.access import SharedLinkEntry

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
        seen = {name: made[name] for name in ("id", "name", "created_at_ms", "closed_at_ms")}
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


async def test_a_closed_one_is_shut_in_every_way_and_its_calls_stay(world: ApiWorld) -> None:
    theirs = await world.organisation("Theirs", "desk")
    world.put_call("their-call", "desk")
    await world.index()
    parts, key = world.parts, await world.key(Role.OWNER, theirs)
    person = replace(LOCAL_OWNER, kind="person", subject="person:ann@example.com", organisation_id=theirs)
    await parts.organisations.invite(theirs, "ann@example.com", "owner")
    await parts.organisations.memberships("issuer", "ann", "ann@example.com")
    link_of_ann, link = parts.shares.mint(person, "their-call", 3600)
    async with world.client(key) as owner:
        link_of_key = (await owner.post("/v1/calls/their-call/share", json={})).json()["token"]
        token = (await owner.post("/v1/tokens", json={})).json()["token"]
        hook = {"url": "https://example.com/hook"}
        assert (await owner.post("/v1/webhooks", json=hook)).status_code == 201
    await parts.links.add(
        SharedLinkEntry(
            id=link.id, organisation_id=theirs, call_id="their-call", created_by="ann", created_at_ms=1,
            good_until_ms=link.good_until_ms,
        )
    )  # fmt: skip
    token_of_ann, _ = parts.tokens.mint(person, Wish(scopes=frozenset({Permission.AGENTS_READ}), life_s=600))
    credentials = (key, token, token_of_ann)
    assert await statuses(world, "/v1/me", key, token_of_ann) == [200, 200]
    assert await statuses(world, "/v1/shared", link_of_ann, link_of_key) == [200, 200]

    async with world.client(await world.key(Role.OWNER)) as operator:
        assert (await operator.delete(f"{PATH}/{theirs}")).status_code == 204
        told = (await operator.get(PATH)).json()["organisations"][1]
        assert (told["id"], told["closed_at_ms"] > told["created_at_ms"] - 1) == (theirs, True)
        problem(await operator.delete(f"{PATH}/{theirs}"), 404)
        problem(await operator.patch(f"{PATH}/{theirs}", json={"name": "Again"}), 404)
    assert await statuses(world, "/v1/me", *credentials) == [401, 401, 401]
    assert await statuses(world, "/v1/shared", link_of_ann, link_of_key) == [404, 404]
    assert await parts.organisations.memberships("issuer", "ann", "ann@example.com") == []
    assert [hook.enabled for hook in await parts.outbox.of(theirs)] == [False]
    assert await parts.records.open_call(theirs, "their-call") is not None
    audit = await parts.audit.entries(theirs)
    assert (audit[0].action, audit[0].outcome) == ("close_organisation", "204")
    assert await statuses(world, "/v1/me", await world.key(Role.OWNER)) == [200]


async def statuses(world: ApiWorld, path: str, *credentials: str) -> list[int]:
    found = []
    for credential in credentials:
        async with world.client(credential) as client:
            found.append((await client.get(path)).status_code)
    return found


async def test_nobody_else_closes_anything_and_the_operators_own_stays(world: ApiWorld) -> None:
    theirs = await world.organisation("Theirs")
    async with world.client(await world.key(Role.OWNER, theirs)) as stranger:
        problem(await stranger.delete(f"{PATH}/{theirs}"), 403)
        problem(await stranger.delete(f"{PATH}/default"), 404)
    async with world.client(await world.key(Role.OWNER, scopes=("organisations:write",))) as narrow:
        problem(await narrow.delete(f"{PATH}/{theirs}"), 403)
    async with world.client(await world.key(Role.OWNER)) as operator:
        problem(await operator.delete(f"{PATH}/default"), 409)
        problem(await operator.delete(f"{PATH}/org_unknown"), 404)
    assert [one.closed_at_ms for one in await world.parts.organisations.every()] == [None, None]


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
