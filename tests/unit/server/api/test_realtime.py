"""The Realtime endpoint at the API's own address: who is let in, with what, to whom, and what floods do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from openai import AsyncOpenAI, UnprocessableEntityError
from tests.doubles.api_world import SECRET, ApiWorld, api_world, problem
from tests.doubles.sdk_types import checked
from tests.doubles.served_api import Desk, realtime_desk
from tests.doubles.switchboard import NotingSwitchboard
from websockets.exceptions import InvalidStatus

from antiphon.calls.realtime import ClientSecrets
from antiphon.calls.realtime.session import BAD_MESSAGES_MAX
from antiphon.client import AsyncClient
from antiphon.server.access.roles import Role
from antiphon.server.serving import WEBSOCKET_MAX_BYTES

WITHIN_S = 10
PAGE = "https://www.example.com"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path, widget_origins=(PAGE,)) as made:
        yield made


@pytest.fixture
def board() -> NotingSwitchboard:
    """Of the agents only "clinic" answers."""
    return NotingSwitchboard()


@pytest.fixture
async def desk(world: ApiWorld, board: NotingSwitchboard) -> AsyncIterator[Desk]:
    async with realtime_desk(world, board) as made:
        yield made


def opened(desk: Desk, credential: str, agent: str = "clinic", **options: Any) -> Any:
    shown = {"Authorization": f"Bearer {credential}"} if credential else {}
    asked = f"?model={agent}" if agent else ""
    return websockets.connect(
        f"ws://{desk.host}/v1/realtime{asked}", additional_headers=shown, proxy=None, **options
    )


async def refused(desk: Desk, credential: str, agent: str = "clinic", **options: Any) -> tuple[int, str]:
    """Status, and the words of the problem document."""
    with pytest.raises(InvalidStatus) as found:
        async with opened(desk, credential, agent, **options):
            raise AssertionError("let in")
    response = found.value.response
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, json.loads(response.body)["detail"]


async def heard(socket: Any) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        event: dict[str, Any] = json.loads(await socket.recv())
        return event


async def closed(socket: Any) -> tuple[int, str]:
    async with asyncio.timeout(WITHIN_S):
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as over:
            return (over.rcvd.code, over.rcvd.reason) if over.rcvd is not None else (1006, "")


async def client_secret(world: ApiWorld, role: Role = Role.OPERATOR, **session: Any) -> str:
    wanted = {"session": {"type": "realtime", "model": "clinic", **session}}
    async with world.client(await world.key(role)) as http:
        made = await http.post("/v1/realtime/client_secrets", json=wanted)
    assert made.status_code == 200, made.text
    return str(made.json()["value"])


async def test_a_key_of_the_api_opens_a_session_with_an_agent(
    world: ApiWorld, desk: Desk, board: NotingSwitchboard
) -> None:
    async with opened(desk, await world.key(Role.OPERATOR)) as socket:
        created = await heard(socket)
        assert (created["type"], created["session"]["model"]) == ("session.created", "clinic")
        assert (await heard(socket))["type"] == "conversation.created"
        await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        assert (await heard(socket))["type"] == "session.updated"
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"}))
        await socket.send(b"\x00")
        assert (await heard(socket))["error"]["code"] == "invalid_message"
    assert [arrival.agent for arrival, _, _ in board.calls] == ["clinic"]


async def test_a_laptop_without_login_takes_whatever_key_the_sdk_sends(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}) as world, realtime_desk(world, NotingSwitchboard()) as desk:
        for credential in ("", "YOUR_KEY"):
            async with opened(desk, credential) as socket:
                assert (await heard(socket))["type"] == "session.created"
        assert (await refused(desk, "apk_wrong"))[0] == 401


@pytest.mark.parametrize("credential", ["", "apk_wrong", "YOUR_KEY", "ek_x.y", "ey.J.x"])
async def test_strangers_are_not_let_in_and_told_so(desk: Desk, credential: str) -> None:
    status, words = await refused(desk, credential)
    assert status == 401
    assert words in {
        "who asks is not known", "this credential is not valid", "client secret is not ours"
    }  # fmt: skip


async def test_a_role_that_may_not_talk_is_refused(world: ApiWorld, desk: Desk) -> None:
    assert await refused(desk, await world.key(Role.AUDITOR)) == (403, "this needs the permission talk")


async def test_another_organisations_agent_looks_as_if_there_were_none(
    world: ApiWorld, desk: Desk, board: NotingSwitchboard
) -> None:
    theirs = await world.organisation("Theirs", "bank")
    world.media.names.append("bank")
    for role_key, agent in (
        (await world.key(Role.OWNER, theirs), "clinic"),
        (await world.key(Role.OWNER), "bank"),
        (await world.key(Role.OWNER), "nobody"),
        (await world.key(Role.OWNER), ""),
    ):
        status, words = await refused(desk, role_key, agent)
        assert status == 404 and words.startswith("no such agent")
    assert not board.calls


async def test_a_talk_token_opens_its_agent_only_and_not_too_often(world: ApiWorld, desk: Desk) -> None:
    world.media.names.append("bank")
    async with world.client(await world.key(Role.OPERATOR)) as http:
        token = (await http.post("/v1/tokens", json={"agent": "clinic"})).json()["token"]
    assert (await refused(desk, token, "bank"))[0] == 404
    for _ in range(5):
        async with opened(desk, token) as socket:
            assert (await heard(socket))["type"] == "session.created"
    assert await refused(desk, token) == (429, "too many calls with this token")


async def test_the_sdk_makes_a_client_secret_in_the_documented_shape(world: ApiWorld, desk: Desk) -> None:
    key = await world.key(Role.OPERATOR)
    async with AsyncOpenAI(api_key=key, base_url=f"http://{desk.host}/v1") as client:
        session: Any = {"type": "realtime", "model": "clinic", "audio": {"input": {"turn_detection": None}}}
        made = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60}, session=session
        )
        checked(type(made), made.model_dump(exclude_unset=True))
        assert made.value.startswith("ek_")
        with pytest.raises(UnprocessableEntityError) as wrong:
            await client.realtime.client_secrets.create(
                session={"type": "realtime", "model": "clinic", "audio": {"output": {"voice": "marin"}}}
            )
    body: Any = wrong.value.body
    assert body["detail"] == "session.audio.output.voice: the agent has its own voice"
    # With it a client begins as it was arranged, and need not name the agent.
    async with opened(desk, made.value, agent="") as socket:
        created = await heard(socket)
    assert created["session"]["audio"]["input"]["turn_detection"] is None


async def test_a_secret_rings_so_often_and_no_oftener(world: ApiWorld, desk: Desk) -> None:
    secret = await client_secret(world)
    for _ in range(5):
        async with opened(desk, secret) as socket:
            assert (await heard(socket))["type"] == "session.created"
    assert (await refused(desk, secret))[0] == 429


async def test_our_own_client_makes_one_too(world: ApiWorld, desk: Desk) -> None:
    async with AsyncClient(f"http://{desk.host}", await world.key(Role.OPERATOR)) as client:
        made = await client.create_client_secret("clinic", life_s=30)
    async with opened(desk, made["value"]) as socket:
        assert (await heard(socket))["session"]["model"] == "clinic"


async def test_a_client_secret_is_for_its_agent_and_dies_with_its_key_and_its_time(
    world: ApiWorld, desk: Desk
) -> None:
    world.media.names.append("bank")
    secret = await client_secret(world)
    assert (await refused(desk, secret, "bank"))[0] == 403
    body, _, seal = secret.removeprefix("ek_").partition(".")
    assert (await refused(desk, f"ek_{body}x.{seal}"))[0] == 401
    (key,) = await world.parts.keys.of("default")
    await world.parts.keys.revoke("default", key.id)
    assert await refused(desk, secret) == (401, "the key of this client secret was revoked")
    old, _ = ClientSecrets(SECRET, clock=lambda: 0.0).mint("clinic", {})
    assert await refused(desk, old) == (401, "client secret has expired")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"session": {}}, 422),
        ({"session": {"model": 7}}, 422),
        ({"session": {"model": "nobody"}}, 404),
        ({"session": {"model": "clinic", "instructions": "x" * 7000}}, 422),
        ({"session": {"model": "clinic", "nonsense": 10**30}}, 422),
        ({"session": {"model": "clinic", "type": "transcription"}}, 422),
        ({"session": {"model": "clinic"}, "expires_after": {"seconds": 7201}}, 422),
        ({"session": {"model": "clinic"}, "expires_after": {"seconds": 9}}, 422),
    ],
)
async def test_a_secret_that_makes_no_sense_is_refused(
    world: ApiWorld, body: dict[str, Any], status: int
) -> None:
    async with world.client(await world.key(Role.OPERATOR)) as http:
        problem(await http.post("/v1/realtime/client_secrets", json=body), status)


async def test_neither_tokens_nor_reviewers_make_secrets(world: ApiWorld) -> None:
    wanted = {"session": {"type": "realtime", "model": "clinic"}}
    async with world.client(await world.key(Role.OPERATOR)) as http:
        token = (await http.post("/v1/tokens", json={})).json()["token"]
    for credential in (token, await world.key(Role.REVIEWER)):
        async with world.client(credential) as http:
            problem(await http.post("/v1/realtime/client_secrets", json=wanted), 403)
    narrow = await world.key(Role.OPERATOR, scopes=("tokens:create",))
    async with world.client(narrow) as http:
        problem(await http.post("/v1/realtime/client_secrets", json=wanted), 403)


async def test_a_page_of_a_named_site_connects_with_a_secret_and_others_do_not(
    world: ApiWorld, desk: Desk
) -> None:
    secret = await client_secret(world)
    offered: Any = ["realtime", f"openai-insecure-api-key.{secret}"]
    async with opened(desk, "", subprotocols=offered, origin=websockets.Origin(PAGE)) as socket:
        assert socket.subprotocol == "realtime"
        assert (await heard(socket))["type"] == "session.created"
    with pytest.raises(InvalidStatus) as found:
        async with opened(desk, "", subprotocols=offered, origin=websockets.Origin("https://evil.example")):
            raise AssertionError("let in")
    assert found.value.response.status_code == 403


async def test_a_flood_and_what_is_too_large_end_their_own_session_only(world: ApiWorld, desk: Desk) -> None:
    key = await world.key(Role.OPERATOR)
    async with opened(desk, key) as patient:
        async with opened(desk, key) as flood:
            for _ in range(BAD_MESSAGES_MAX + 1):
                await flood.send("{")
            assert await closed(flood) == (1008, "too many bad messages")
        async with opened(desk, key) as large:
            await large.send("x" * (WEBSOCKET_MAX_BYTES + 1))
            code, _ = await closed(large)
            assert code == 1009
        await patient.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        kinds = [(await heard(patient))["type"] for _ in range(3)]
    assert kinds[-1] == "session.updated"


async def test_a_media_worker_that_is_away_is_said_to_be(world: ApiWorld, desk: Desk) -> None:
    key = await world.key(Role.OPERATOR)
    world.media.realtime_port = 9
    assert await refused(desk, key) == (503, "the media worker cannot be reached")
    world.control.draining = True
    assert (await refused(desk, key))[0] == 503


async def test_a_client_that_goes_away_ends_the_workers_session(world: ApiWorld, desk: Desk) -> None:
    async with opened(desk, await world.key(Role.OPERATOR)) as socket:
        await heard(socket)
        assert desk.realtime.live_sessions == 1
    async with asyncio.timeout(WITHIN_S):
        while desk.realtime.live_sessions:  # noqa: ASYNC110  # Nothing of ours tells when a socket is gone.
            await asyncio.sleep(0)
