"""Who may call an agent from a page: talk tokens, and pages of other sites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.doubles.api_world import ApiWorld, api_world, problem

from antiphon.errors import ConfigError
from antiphon.server.access.roles import Role
from antiphon.server.access.tokens import BrowserTokens, Wish
from antiphon.server.settings import _origins

OFFER = {"sdp": "v=0", "type": "offer"}
CALL = "/calls/browser/clinic/offer"
PAGE = "https://www.example.com"
EVIL = "https://evil.example"
ASKS_FIRST = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path, widget_origins=(PAGE,)) as made:
        (made.home / "static").mkdir()
        (made.home / "static" / "widget.js").write_text("1")
        yield made


async def token(world: ApiWorld, agent: str = "clinic", scopes: tuple[str, ...] = ("talk",)) -> str:
    async with world.client(await world.key(Role.OPERATOR)) as http:
        made = await http.post("/v1/tokens", json={"agent": agent, "scopes": scopes})
    return str(made.json()["token"])


async def test_a_talk_token_calls_its_agent_and_sees_no_other(world: ApiWorld) -> None:
    world.media.names.append("bank")
    async with world.client(await token(world)) as http:
        assert (await http.post(CALL, json=OFFER)).json()["line_id"] == "line"
        seen = (await http.get("/api/agents")).json()["agents"]
        assert [agent["name"] for agent in seen] == ["clinic"]
        refused = problem(await http.post("/calls/browser/bank/offer", json=OFFER), 404)
    assert "bank" not in refused["fix"]
    assert world.media.asked == [("offer", "clinic")]


@pytest.mark.parametrize("credential", ["", "apk_wrong", "forged.token.here", "x" * 9000])
async def test_strangers_call_nobody_and_see_nobody(world: ApiWorld, credential: str) -> None:
    async with world.client(credential) as http:
        problem(await http.post(CALL, json=OFFER), 401)
        problem(await http.get("/api/agents"), 401)
    assert not world.media.asked


async def test_a_token_that_is_over_changed_or_of_another_scope_calls_nobody(world: ApiWorld) -> None:
    good = await token(world)
    head, body, seal = good.split(".")
    principal = world.parts.tokens.read(good)
    assert principal is not None
    wish = Wish(scopes=principal.permissions, life_s=60, agent="clinic")
    past, _ = BrowserTokens(world.parts.keyring, clock_ms=lambda: 1_000_000).mint(principal, wish)
    for credential, status in (
        (past, 401),
        (f"{head}.{body[:-2]}AA.{seal}", 401),
        (await token(world, scopes=("events:read",)), 403),
    ):
        async with world.client(credential) as http:
            problem(await http.post(CALL, json=OFFER), status)
    assert not world.media.asked


async def test_a_page_may_have_a_talk_button_for_any_agent(world: ApiWorld) -> None:
    async with world.client(await token(world)) as http:
        await http.post(CALL, json=OFFER | {"push_to_talk": True})
    assert world.media.asked == [("offer", "clinic", "push to talk")]


async def test_a_revoked_keys_tokens_call_nobody(world: ApiWorld) -> None:
    shown = await token(world)
    (key,) = await world.parts.keys.of("default")
    await world.parts.keys.revoke("default", key.id)
    async with world.client(shown) as http:
        problem(await http.post(CALL, json=OFFER), 401)


async def test_another_organisation_calls_its_own_agents_only(world: ApiWorld) -> None:
    theirs = await world.organisation("Theirs", "bank")
    world.media.names.append("bank")
    async with world.client(await world.key(Role.OWNER, theirs)) as http:
        problem(await http.post(CALL, json=OFFER), 404)
        assert (await http.post("/calls/browser/bank/offer", json=OFFER)).status_code == 200


async def test_a_token_that_rings_and_rings_is_held_back(world: ApiWorld) -> None:
    async with world.client(await token(world)) as http:
        for _ in range(5):
            assert (await http.post(CALL, json=OFFER)).status_code == 200
        refused = await http.post(CALL, json=OFFER)
        problem(refused, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 6
    async with world.client(await token(world)) as http:
        assert (await http.post(CALL, json=OFFER)).status_code == 200


async def test_a_visitor_who_floods_us_holds_nobody_else_up(tmp_path: Path) -> None:
    few = {"ANTIPHON_AUTH": "required", "ANTIPHON_API_RATE_PER_MINUTE": "60"}  # Ten at once.
    async with api_world(tmp_path, few) as world:
        key = await world.key(Role.OPERATOR)
        async with world.client(key) as http:
            shown = [(await http.post("/v1/tokens", json={})).json()["token"] for _ in range(2)]
        async with world.client(shown[0]) as flood:
            statuses = [(await flood.get("/api/agents")).status_code for _ in range(12)]
        assert statuses[:10] == [200] * 10 and 429 in statuses
        async with world.client(shown[1]) as patient:
            assert (await patient.get("/api/agents")).status_code == 200


async def test_a_page_of_a_named_site_may_call_and_read_the_answer(world: ApiWorld) -> None:
    async with world.client(origin=PAGE) as http:
        asked = await http.options(CALL, headers=ASKS_FIRST)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    async with world.client(await token(world), origin=PAGE) as http:
        answer = await http.post(CALL, json=OFFER)
        refused = await http.post("/calls/browser/bank/offer", json=OFFER)
        script = await http.get("/widget.js")
    assert answer.status_code == 200 and refused.status_code == 404
    for response in (answer, refused, script):  # The words of a refusal must be readable too.
        assert response.headers["access-control-allow-origin"] == PAGE
        assert "origin" in response.headers["vary"].lower()
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path", ["/v1/calls", "/v1/keys", "/v1/tokens", "/api/calls", "/calls/browser/", "/"]
)
async def test_a_page_of_a_named_site_reaches_nothing_else(world: ApiWorld, path: str) -> None:
    async with world.client(await world.key(Role.OWNER), origin=PAGE) as http:
        refused = await http.get(path)
        asked = await http.options(path, headers=ASKS_FIRST)
    for response in (refused, asked):
        problem(response, 403)
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("origin", [EVIL, "null", "https://www.example.com.evil.example", f"{PAGE}:8443"])
async def test_pages_of_other_sites_call_nobody(world: ApiWorld, origin: str) -> None:
    async with world.client(await token(world), origin=origin) as http:
        refused = await http.post(CALL, json=OFFER)
        problem(refused, 403)
        problem(await http.options(CALL, headers=ASKS_FIRST), 403)
    assert "access-control-allow-origin" not in refused.headers
    assert not world.media.asked


async def test_without_named_sites_no_other_page_is_let_in(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world, world.client(origin=PAGE) as http:
        problem(await http.options(CALL, headers=ASKS_FIRST), 403)


async def test_the_script_says_how_to_build_it_where_it_is_not(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        missing = await world.http.get("/widget.js")
    assert missing.status_code == 503 and "build_web" in missing.text


async def test_on_a_laptop_a_named_page_needs_no_token(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}, widget_origins=(PAGE,)) as world, world.client(origin=PAGE) as http:
        assert (await http.post(CALL, json=OFFER)).status_code == 200
        problem(await http.get("/v1/calls"), 403)


def test_origins_are_written_as_browsers_send_them() -> None:
    assert _origins("") == ()
    assert _origins(f" {PAGE}, http://localhost:3000 ,{PAGE}") == (PAGE, "http://localhost:3000")


@pytest.mark.parametrize(
    "value", ["*", "www.example.com", f"{PAGE}/", "file:///x", "https://A.example", "null"]
)
def test_what_is_no_origin_names_the_variable(value: str) -> None:
    with pytest.raises(ConfigError, match="ANTIPHON_WIDGET_ORIGINS"):
        _origins(value)
