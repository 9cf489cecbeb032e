"""The live page's side of the API: what needs attention, following a call, and what an operator does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import websockets
from tests.doubles.api_world import LIVE, ApiWorld, api_world, problem
from tests.unit.server.api.test_events import closed, heard, served, shown

from antiphon.errors import CallFailed, ConfigError
from antiphon.operations.attention import Signals
from antiphon.server.access.roles import PERMISSIONS, Permission, Role
from antiphon.server.api.watching import CallWatch

STARTED = "2026-11-23T09:12:00-05:00"


def up(call_id: str, agent: str = "clinic") -> dict[str, Any]:
    return {"call_id": call_id, "agent": agent, "line": "phone", "started_at": STARTED}


def shows(**signals: Any) -> dict[str, Any]:
    return {
        "signals": asdict(Signals(**signals)), "phase": "listening", "turns": 3, "duration_ms": 61_000,
        "caller": "+12125550100",
    }  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        made.media.up.append(up(LIVE))
        made.media.shown[LIVE] = shows()
        yield made


@pytest.fixture
async def url(world: ApiWorld) -> AsyncIterator[str]:
    async with served(world) as address:
        yield address.removesuffix("/events")


async def test_those_who_need_a_person_most_come_first_and_say_why(world: ApiWorld) -> None:
    for number, anger in enumerate((0.3, 0.9, 0.0)):
        world.media.up.append(up(f"c{number}"))
        world.media.shown[f"c{number}"] = shows(anger=anger, silence_ms=25_000 if number == 2 else 0)
    async with world.client(await world.key(Role.OPERATOR)) as client:
        calls = (await client.get("/v1/live")).json()["calls"]
    assert [call["call_id"] for call in calls] == ["c1", "c2", "c0", LIVE]
    assert calls[1]["reasons"] == [{"kind": "silence", "words": "nobody has spoken for 25 s", "weight": 90}]
    assert calls[0]["attention"] > calls[2]["attention"] > calls[3]["attention"] == 0
    assert calls[3]["started_at_ms"] == 1_795_443_120_000
    assert (calls[0]["turns"], calls[0]["duration_ms"], calls[0]["caller"]) == (3, 61_000, "+12125550100")


async def test_a_caller_in_the_queue_and_a_worker_that_does_not_look_are_shown_all_the_same(
    world: ApiWorld,
) -> None:
    world.media.shown.clear()
    world.media.up.append(up("waits") | {"position": 2})
    async with world.client(await world.key(Role.REVIEWER)) as client:
        calls = (await client.get("/v1/live")).json()["calls"]
    assert {call["call_id"]: call["phase"] for call in calls} == {LIVE: "", "waits": "waiting"}


async def test_three_hundred_calls_are_one_quick_answer(world: ApiWorld) -> None:
    for number in range(300):
        world.media.up.append(up(f"c{number:03}"))
        world.media.shown[f"c{number:03}"] = shows(turns_stuck=number % 12)
    async with world.client(await world.key(Role.OPERATOR)) as client:
        answer = await client.get("/v1/live")
    scores = [call["attention"] for call in answer.json()["calls"]]
    assert len(scores) == 301 and scores == sorted(scores, reverse=True)
    assert len(answer.content) < 200_000


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("hold", None, ("operate", LIVE, "hold", "")),
        ("resume", None, ("operate", LIVE, "resume", "")),
        ("mute", None, ("operate", LIVE, "mute", "")),
        ("unmute", None, ("operate", LIVE, "unmute", "")),
        ("dtmf", {"digits": "1w2#"}, ("operate", LIVE, "dtmf", "1w2#")),
        ("recording/pause", None, ("operate", LIVE, "record_pause", "")),
        ("recording/stop", None, ("operate", LIVE, "record_stop", "")),
    ],
)
async def test_an_operator_steers_a_call_and_the_audit_has_it(
    world: ApiWorld, path: str, body: Any, asked: tuple[str, ...]
) -> None:
    key = await world.key(Role.OPERATOR)
    async with world.client(key) as client:
        assert (await client.post(f"/v1/live/{LIVE}/{path}", json=body)).status_code == 202
        world.media.refusal = CallFailed("this call is not recorded")
        assert (
            "not recorded" in problem(await client.post(f"/v1/live/{LIVE}/{path}", json=body), 409)["detail"]
        )
        world.media.refusal = ConfigError("it ended meanwhile")
        problem(await client.post(f"/v1/live/{LIVE}/{path}", json=body), 404)
    assert world.media.asked == [asked]
    entries = await world.parts.audit.entries("default")
    assert sorted(entry.outcome for entry in entries) == ["202", "404", "409"]
    assert {entry.target["call_id"] for entry in entries} == {LIVE}
    assert "1w2#" not in str(entries), "keys may be a secret"


async def test_acts_nobody_knows_and_keys_that_are_none_are_refused(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.OPERATOR)) as client:
        problem(await client.post(f"/v1/live/{LIVE}/explode"), 422)
        problem(await client.post(f"/v1/live/{LIVE}/recording/begin"), 422)
        for digits in ("", "hello", "1" * 41):
            problem(await client.post(f"/v1/live/{LIVE}/dtmf", json={"digits": digits}), 422)
        problem(await client.post(f"/v1/live/{LIVE}/take-over", json={"sdp": ""}), 422)
    assert world.media.asked == []


async def test_an_operator_takes_a_call_over_by_name(world: ApiWorld) -> None:
    key = await world.key(Role.OPERATOR)
    async with world.client(key) as client:
        answer = await client.post(f"/v1/live/{LIVE}/take-over", json={"sdp": "v=0"})
        assert answer.json() == {"line_id": "line", "sdp": "answer", "type": "answer"}
        world.media.refusal = CallFailed("somebody speaks with this caller already")
        problem(await client.post(f"/v1/live/{LIVE}/take-over", json={"sdp": "v=0"}), 409)
        world.media.refusal = CallFailed("the offer has no Opus audio")
        problem(await client.post(f"/v1/live/{LIVE}/take-over", json={"sdp": "v=0"}), 400)
    assert world.media.asked == [("take_over", LIVE, "v=0", f"key:{key.split('_')[1]}")]


# Following


async def test_words_and_sound_come_as_they_happen_until_the_call_is_over(world: ApiWorld, url: str) -> None:
    key = await world.key(Role.OPERATOR)
    address = f"{url}/live/{LIVE}/follow?sound=true"
    async with websockets.connect(address, additional_headers=shown(key)) as socket:
        assert await heard(socket) == {
            "type": "ready", "call_id": LIVE, "encoding": "pcm_mulaw", "sample_rate_hz": 8000,
        }  # fmt: skip
        line = {"type": "caller", "text": "<b>hello</b>", "final": True}
        world.media.news.put_nowait({"pieces": [b"\xff" * 1600], "messages": [line], "over": ""})
        assert await heard(socket) == line
        assert await socket.recv() == b"\xff" * 1600
        world.media.news.put_nowait({"pieces": [], "messages": [], "over": "ended"})
        assert await closed(socket) == 1000
    await _until_audited(world, "200")
    assert ("unfollow", "ear") in world.media.asked
    (entry,) = await world.parts.audit.entries("default")
    assert (entry.action, entry.target, entry.actor) == (
        "listen_in", {"call_id": LIVE}, f"key:{key.split('_')[1]}",
    )  # fmt: skip


async def test_who_is_too_slow_is_told_so_and_let_go(world: ApiWorld, url: str) -> None:
    key = await world.key(Role.OPERATOR)
    async with websockets.connect(f"{url}/live/{LIVE}/follow", additional_headers=shown(key)) as socket:
        await heard(socket)
        world.media.news.put_nowait({"pieces": [], "messages": [], "over": "too_slow"})
        assert await closed(socket) == 4408


@pytest.mark.parametrize("role", Role)
async def test_who_may_read_along_and_who_may_listen_in(world: ApiWorld, url: str, role: Role) -> None:
    key = await world.key(role)
    address = f"{url}/live/{LIVE}/follow"
    async with websockets.connect(address, additional_headers=shown(key)) as socket:
        assert (await heard(socket))["type"] == "ready", "everybody may read calls"
    assert await world.parts.audit.entries("default") == []
    async with websockets.connect(f"{address}?sound=true", additional_headers=shown(key)) as socket:
        if Permission.CALLS_LISTEN in PERMISSIONS[role]:
            assert (await heard(socket))["type"] == "ready"
        else:
            assert await closed(socket) == 4403
            (entry,) = await world.parts.audit.entries("default")
            assert (entry.action, entry.outcome) == ("listen_in", "denied")
    assert ("follow", LIVE, "sound", f"key:{key.split('_')[1]}") in world.media.asked or role not in (
        Role.OWNER, Role.OPERATOR,
    )  # fmt: skip


async def test_another_organisation_and_strangers_follow_nothing_of_ours(world: ApiWorld, url: str) -> None:
    stranger = await world.key(Role.OWNER, await world.organisation("Strangers", "theirs"))
    for call_id in (LIVE, "unknown", "%00", ".."):
        address = f"{url}/live/{call_id}/follow?sound=true"
        async with websockets.connect(address, additional_headers=shown(stranger)) as socket:
            assert await closed(socket) == 4404
    for credential in ("", "ak_forged_1234"):
        headers = shown(credential) if credential else {}
        async with websockets.connect(f"{url}/live/{LIVE}/follow", additional_headers=headers) as socket:
            assert await closed(socket) == 4401
    assert world.media.asked == []


async def test_a_token_for_one_agent_follows_no_other_agents_calls(world: ApiWorld, url: str) -> None:
    async with world.client(await world.key(Role.OPERATOR)) as client:
        world.media.names.append("survey")
        wish = {"scopes": ["calls:read"], "agent": "survey"}
        token = (await client.post("/v1/tokens", json=wish)).json()["token"]
    names = [websockets.Subprotocol("antiphon.v1"), websockets.Subprotocol(f"antiphon.token.{token}")]
    async with websockets.connect(f"{url}/live/{LIVE}/follow", subprotocols=names) as socket:
        assert await closed(socket) == 4404


# What changes


async def test_what_has_changed_is_told_to_who_listens_without_words_or_numbers(world: ApiWorld) -> None:
    watch = CallWatch(world.parts, world.media)  # type: ignore[arg-type]
    listener = world.parts.happenings.listen("default")
    theirs = world.parts.happenings.listen("org_other")
    assert listener is not None and theirs is not None
    await _changes(watch)
    assert [one["call_id"] for one in listener.waiting[0].data["calls"]] == [LIVE]
    listener.waiting.clear()
    await _changes(watch)
    assert not listener.waiting, "nothing has changed"
    world.media.shown[LIVE] = shows(anger=0.9)
    await _changes(watch)
    (happening,) = listener.waiting
    assert happening.type == "live.changed" and happening.data["calls"][0]["attention"] > 50
    assert "+1212" not in json.dumps(happening.told()) and not theirs.waiting


async def test_many_changes_come_in_pieces_and_webhooks_hear_of_none(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.OWNER)) as client:
        made = await client.post("/v1/webhooks", json={"url": "https://example.com/h", "events": ["*"]})
        hook = made.json()["id"]
        for number in range(250):
            world.media.up.append(up(f"c{number}"))
        listener = world.parts.happenings.listen("default")
        assert listener is not None
        await _changes(CallWatch(world.parts, world.media))  # type: ignore[arg-type]
        assert [len(one.data["calls"]) for one in listener.waiting] == [100, 100, 51]
        deliveries = await client.get(f"/v1/webhooks/{hook}/deliveries")
    assert deliveries.json()["deliveries"] == []


async def _changes(watch: CallWatch) -> None:
    for _ in range(2):  # Every other look.
        await watch.tell_changes()


async def _until_audited(world: ApiWorld, outcome: str) -> None:
    async with asyncio.timeout(10):
        while [entry.outcome for entry in await world.parts.audit.entries("default")] != [outcome]:
            pass
