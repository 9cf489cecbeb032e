"""Agents looked into, their tools tried, drafts compared and called before anybody else can call them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.doubles.api_world import ROOT, ApiWorld, api_world, problem

from antiphon.agents.tools import CalendarView
from antiphon.errors import ConfigError
from antiphon.server.access.roles import Role

TEXT = (ROOT / "agents" / "clinic.yaml").read_text(encoding="utf-8")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


async def test_an_agent_is_shown_with_persona_tools_and_its_flow_as_a_graph(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.AUDITOR)) as client:
        told = (await client.get("/v1/agents/clinic/inspect")).json()
    assert told["ok"] and told["persona"]["name"] == "Robin" and "AI assistant" in told["greeting"]
    tools = {tool["name"]: tool for tool in told["tools"]}
    assert tools["clinic.book"]["changes_the_world"] and not tools["clinic.find_slots"]["changes_the_world"]
    assert tools["clinic.book"]["parameters"]["type"] == "object" and tools["clinic.book"]["used"]
    ids = {node["id"] for node in told["graph"]["nodes"]}
    assert len(ids) > 20
    assert all(edge["start"] in ids and edge["end"] in ids for edge in told["graph"]["edges"])


async def test_a_draft_is_inspected_with_everything_that_is_wrong_with_it(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        wrong = TEXT.replace("language: en-US", "langage: en-US")
        told = (await client.post("/v1/agents/inspect", json={"text": wrong})).json()
        assert not told["ok"] and told["graph"] is None
        (fault,) = [one for one in told["faults"] if one["weight"] == "error"]
        assert fault["line"] == wrong.split("langage")[0].count("\n") + 1 and "language" in fault["fix"]
        renamed = TEXT.replace("name: Robin", "name: Sam")
        told = (await client.post("/v1/agents/inspect", json={"text": renamed})).json()
        assert told["persona"]["name"] == "Sam" and told["graph"]["nodes"]
    assert not list((world.home / "agents").glob(".*")), "nothing is kept"


async def test_a_version_can_be_inspected_and_compared_with_a_draft(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        draft = TEXT.replace("name: Robin", "name: Sam")
        assert (await client.post("/v1/agents/clinic/versions", json={"text": draft})).status_code == 201
        told = (await client.get("/v1/agents/clinic/inspect", params={"version": 2})).json()
        assert told["persona"]["name"] == "Sam"
        problem(await client.get("/v1/agents/clinic/inspect", params={"version": 9}), 404)
        live = (await client.post("/v1/agents/clinic/diff", json={"text": draft})).json()["diff"]
        assert "-  name: Robin" in live and "+  name: Sam" in live
        same = await client.post("/v1/agents/clinic/diff", json={"text": draft, "version": 2})
        assert same.json()["diff"] == ""


async def test_a_tool_that_only_reads_is_run_for_real(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        path = "/v1/agents/clinic/tools/clinic.opening_hours/test"
        told = (await client.post(path, json={"arguments": {}})).json()
        assert told["ran"] and told["ok"] and told["value"]
        wrong = (await client.post(path, json={"arguments": {"nonsense": 1}})).json()
        assert not wrong["ok"] and "unknown argument nonsense" in wrong["error"]


async def test_a_tool_that_changes_the_world_is_judged_and_never_run(world: ApiWorld) -> None:
    calendar = world.home / "calendars" / "clinic.db"
    async with world.client(await world.key(Role.OWNER)) as client:
        find = "/v1/agents/clinic/tools/clinic.find_slots/test"
        dates = {"from_date": f"{date.today()}", "to_date": f"{date.today() + timedelta(days=14)}"}
        wanted = {"arguments": {"appointment_type": "physical", **dates}}
        (slot, *_) = (await client.post(find, json=wanted)).json()["value"]["slots"]
        arguments = {
            "slot_id": slot["slot_id"], "first_name": "Linda", "last_name": "Chen",
            "date_of_birth": "1979-04-08", "appointment_type": "physical",
        }  # fmt: skip
        before = CalendarView(calendar).appointments("Linda", "Chen", name_likeness_min=0.7)
        path = "/v1/agents/clinic/tools/clinic.book/test"
        told = (await client.post(path, json={"arguments": arguments})).json()
        assert (told["ran"], told["ok"], told["value"]) == (False, True, None), told
        missing = (await client.post(path, json={"arguments": {}})).json()
        assert missing["ran"] is False and "missing" in missing["error"]
    assert CalendarView(calendar).appointments("Linda", "Chen", name_likeness_min=0.7) == before


async def test_tools_nobody_has_are_not_there(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        for tool in ("clinic.explode", "..", "%2e%2e%2fpasswd", "book"):
            assert (await client.post(f"/v1/agents/clinic/tools/{tool}/test", json={})).status_code in (
                404,
                405,
            )
        problem(await client.post("/v1/agents/none/tools/clinic.book/test", json={}), 404)


async def test_a_draft_is_made_callable_under_a_name_of_its_own(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        draft = TEXT.replace("name: Robin", "name: Sam")
        answer = await client.post("/v1/agents/clinic/try", json={"text": draft})
        assert answer.status_code == 201 and answer.json()["agent"].startswith("draft-")
        assert world.media.asked == [("try", draft)]
        assert not list((world.home / "agents").glob(".*")), "the draft is not kept"
        wrong = await client.post("/v1/agents/clinic/try", json={"text": "agent: other"})
        assert "another agent" in problem(wrong, 422)["detail"]
        world.media.refusal = ConfigError("too many drafts are being tried")
        problem(await client.post("/v1/agents/clinic/try", json={"text": draft}), 422)
        problem(await client.post("/v1/agents/none/try", json={"text": draft}), 404)


async def test_a_draft_may_name_no_file_outside_the_folder(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        outside = TEXT.replace("clinic/calendar.yaml", "../../etc/passwd")
        assert outside != TEXT
        told = (await client.post("/v1/agents/inspect", json={"text": outside})).json()
        assert not told["ok"] and "outside the folder" in told["faults"][0]["message"]
        assert told["tools"] == [], "nothing is made of a file that names others"
        problem(await client.post("/v1/agents/clinic/try", json={"text": outside}), 422)
