"""Routes over the API: what is in force, what would become of a call, what is wrong with a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest
from tests.doubles.api_world import ROOT, ApiWorld, api_world, problem

from antiphon.agents.definition import load_agent
from antiphon.calls.routing import load_routes
from antiphon.server.access.roles import Role
from antiphon.server.control import MediaClient
from antiphon.server.routes_told import route_methods
from antiphon.server.rpc import RpcClient, RpcServer

TEXT = """time_zone: America/New_York
limits: {calls: 60}
hours: {office: {open: {mon-fri: "08:00-18:00"}}}
routes:
  desk:
    to: ["+12125550100", "sip:desk"]
    limit: 2
    rules:
      - {name: shut, when: {closed: office}, forward: "+12125550111"}
      - {name: usual, agent: clinic}
  rest: {to: "*", rules: [{refuse: nobody is here}]}
"""
DIGESTS = {"clinic": "0123456789ab", "theirs": "ba9876543210"}
TUESDAY_10_MS = int(datetime.fromisoformat("2026-11-24T10:00-05:00").timestamp() * 1000)
SATURDAY_10_MS = TUESDAY_10_MS + 4 * 86_400_000
EMPTY = {"agent": "", "forward": "", "busy": False, "refuse": ""}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    file = tmp_path / "routes.yaml"
    file.write_bytes(TEXT.encode())
    async with api_world(tmp_path / "home", routes=file) as made:
        made.media.table = load_routes(file, DIGESTS)
        yield made


async def test_what_is_in_force_is_read_with_its_text(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.AUDITOR)) as client:
        told = (await client.get("/v1/routes")).json()
    desk, rest = told.pop("routes")
    assert told == {
        "in_force": True, "changed": False, "text": TEXT, "file_text": TEXT, "file_sha256": instead_of(TEXT),
        "time_zone": "America/New_York", "calls_max": 60,
    }  # fmt: skip
    assert (desk["name"], desk["to"], desk["limit"]) == ("desk", ["+12125550100", "sip:desk"], 2)
    assert desk["rules"] == [
        {
            "name": "shut",
            "always": False,
            "when": {"closed": ["office"]},
            "agents": {},
            "answer": EMPTY | {"forward": "+12125550111"},
        },
        {"name": "usual", "always": True, "when": {}, "agents": {"clinic": 100.0}, "answer": EMPTY},
    ]  # fmt: skip
    assert rest["rules"][0]["answer"] == EMPTY | {"refuse": "nobody is here"}


async def test_a_file_that_says_something_else_by_now_is_told(world: ApiWorld) -> None:
    file = world.control.settings.routes
    assert file is not None
    async with world.client(await world.key(Role.OPERATOR)) as client:
        for change in (lambda: file.write_text(TEXT.replace("60", "61")), file.unlink):
            change()
            told = (await client.get("/v1/routes")).json()
            assert (told["changed"], told["text"]) == (True, TEXT)
            assert told["file_text"] == (file.read_text() if file.exists() else "")
        file.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
        assert not (await client.get("/v1/routes")).json()["changed"]


def instead_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


async def test_a_file_is_written_whole_and_answers_from_the_next_start_on(world: ApiWorld) -> None:
    file = world.control.settings.routes
    assert file is not None
    new = TEXT.replace("calls: 60", "calls: 61")
    async with world.client(await world.key(Role.BUILDER)) as client:
        wanted = {"text": new, "instead_of": instead_of(TEXT)}
        told = (await client.put("/v1/routes", json=wanted)).json()
        assert (told["changed"], told["text"], told["file_text"], told["calls_max"]) == (True, TEXT, new, 60)
        assert (file.read_text(), list(file.parent.glob(".routes*"))) == (new, [])
        # Somebody who still has the old one in his editor overwrites nothing.
        problem(await client.put("/v1/routes", json=wanted), 409)
        wanted = {"text": new.replace("agent: clinic", "agent: clinick"), "instead_of": instead_of(new)}
        refused = problem(await client.put("/v1/routes", json=wanted), 422)
        assert refused["detail"].startswith("line 10: ") and "clinic" in str(refused)
        for wrong in ({}, {"text": new}, {"text": "", "instead_of": instead_of(new)}, wanted | {"more": 1}):
            problem(await client.put("/v1/routes", json=wrong), 422)
    async with world.client(await world.key(Role.OPERATOR)) as client:
        problem(await client.put("/v1/routes", json=wanted), 403)
    async with world.client(await world.key(Role.OWNER, await world.organisation("Strangers"))) as client:
        problem(await client.put("/v1/routes", json={"text": TEXT, "instead_of": instead_of(new)}), 404)
    assert file.read_text() == new


async def test_a_call_is_explained_rule_by_rule(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        asked = {"called": "+1 (212) 555-0100", "caller": "+14155550100", "at_ms": TUESDAY_10_MS}
        told = (await client.post("/v1/routes/explain", json=asked)).json()
        assert told == {
            "called": "+12125550100", "at": "2026-11-24T10:00:00-05:00", "route": "desk", "rule": "usual",
            "why": ["shut: office is open", "usual: holds"], "answer": EMPTY | {"agent": "clinic"},
        }  # fmt: skip
        asked["at_ms"] = SATURDAY_10_MS
        told = (await client.post("/v1/routes/explain", json=asked)).json()
        assert told["answer"] == EMPTY | {"forward": "+12125550111"}
        assert "+1415" not in str([dict(row.target) for row in await world.parts.audit.entries("default")])
        now = (await client.post("/v1/routes/explain", json={"called": "sip:desk@pbx.example"})).json()
        assert (now["called"], now["route"]) == ("sip:desk", "desk")
        for wrong in ({"called": ""}, {"called": "x", "caller": "me"}, {"called": "x", "at_ms": -1}, {}):
            problem(await client.post("/v1/routes/explain", json=wrong), 422)


async def test_another_organisations_agent_looks_as_if_there_were_none(world: ApiWorld) -> None:
    await world.organisation("Strangers", "theirs")
    async with world.client(await world.key(Role.OWNER)) as client:
        theirs, nobody = [
            (await client.post("/v1/routes/explain", json={"called": name, "at_ms": 0})).json()
            for name in ("theirs", "nobody")
        ]
        assert {**theirs, "called": ""} == {**nobody, "called": ""}
        assert theirs["answer"] == EMPTY | {"refuse": "nobody is here"}
        clinic = (await client.post("/v1/routes/explain", json={"called": "clinic"})).json()
        assert clinic["answer"] == EMPTY | {"agent": "clinic"}


async def test_an_agent_the_file_names_is_known_to_who_reads_the_file(world: ApiWorld) -> None:
    copied = (ROOT / "agents" / "clinic.yaml").read_text().replace("agent: clinic", "agent: theirs", 1)
    (world.parts.serve.agents / "theirs.yaml").write_text(copied)
    await world.organisation("Strangers", "theirs")
    text = "routes: {r: {to: '+12125550100', rules: [{agent: theirs}]}}"
    async with world.client(await world.key(Role.BUILDER)) as client:
        judged = (await client.post("/v1/routes/check", json={"text": text})).json()
        assert [fault["message"] for fault in judged["faults"]] == ["unknown agent 'theirs'"]
        file = world.control.settings.routes
        assert file is not None
        file.write_text(text)
        world.media.table = load_routes(file, DIGESTS)
        judged = (await client.post("/v1/routes/check", json={"text": text})).json()
        assert judged == {"ok": True, "faults": []}


async def test_a_file_is_judged_with_line_field_and_fix_and_not_kept(world: ApiWorld) -> None:
    digest = load_agent(ROOT / "agents" / "clinic.yaml").digest
    wrong = TEXT.replace("agent: clinic", "agent: clinc").replace("closed: office", "closed: ofice")
    async with world.client(await world.key(Role.BUILDER)) as client:
        right = (await client.post("/v1/routes/check", json={"text": TEXT})).json()
        assert right == {"ok": True, "faults": []}
        pinned = TEXT.replace("agent: clinic", f"agent: clinic@{digest[:8]}")
        assert (await client.post("/v1/routes/check", json={"text": pinned})).json()["ok"]
        judged = (await client.post("/v1/routes/check", json={"text": wrong})).json()
        assert not judged["ok"]
        assert [(fault["line"], fault["field"]) for fault in judged["faults"]] == [
            (9, "routes.desk.rules[0].when.closed"),
            (10, "routes.desk.rules[1].agent"),
        ]
        for broken in ("- a list", "a: [", "&a [*a]", "x: " + "[" * 500, "\t- tab"):
            judged = (await client.post("/v1/routes/check", json={"text": broken})).json()
            assert not judged["ok"]
            assert all(fault["message"] for fault in judged["faults"])
        assert (await client.get("/v1/routes")).json()["text"] == TEXT


async def test_no_other_organisation_is_told_of_the_routes(world: ApiWorld) -> None:
    stranger = await world.key(Role.OWNER, await world.organisation("Strangers", "theirs"))
    async with world.client(stranger) as client:
        answers = [
            await client.get("/v1/routes"),
            await client.post("/v1/routes/explain", json={"called": "theirs"}),
            await client.post("/v1/routes/check", json={"text": TEXT}),
        ]
    assert len({answer.content for answer in answers}) == 1
    assert "clinic" not in problem(answers[0], 404)["detail"]


async def test_where_agents_are_called_by_name_nothing_is_in_force(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world, world.client(await world.key(Role.OWNER)) as client:
        told = (await client.get("/v1/routes")).json()
        assert (told["in_force"], told["changed"], told["routes"]) == (False, False, [])
        fix = problem(await client.post("/v1/routes/explain", json={"called": "clinic"}), 409)["fix"]
        assert fix == "antiphon serve --routes FILE"
        assert (await client.post("/v1/routes/check", json={"text": TEXT})).json()["ok"]


async def test_it_goes_over_the_socket_of_the_worker(tmp_path: Path) -> None:
    file, socket = tmp_path / "routes.yaml", tmp_path / "s"
    file.write_text(TEXT)
    worker = RpcServer(socket, route_methods(load_routes(file, DIGESTS)))
    await worker.start()
    media = MediaClient(RpcClient(socket))
    try:
        assert (await media.routes())["agents"] == ["clinic"]
        for hidden, answer in (([], {"agent": "theirs"}), (["theirs"], {"refuse": "nobody is here"})):
            told = await media.explain_route(
                "theirs", caller="", at_ms=TUESDAY_10_MS, language="", hidden=hidden
            )
            assert told["answer"] == EMPTY | answer
    finally:
        await media.close()
        await worker.stop()
