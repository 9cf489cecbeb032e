"""A call shown by a link, as somebody who wants more than the link gives would try it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from tests.doubles.api_world import CALL, ApiWorld, api_world, problem

from antiphon.server.access.entrance import LOCAL_OWNER
from antiphon.server.access.roles import Permission, Role
from antiphon.server.access.shares import ShareTokens
from antiphon.server.access.tokens import BrowserTokens, Wish

NOBODY = "there is nothing behind it"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


async def share(world: ApiWorld, call_id: str = CALL, life_s: int = 3600) -> str:
    async with world.client(await world.key(Role.REVIEWER)) as reviewer:
        made = await reviewer.post(f"/v1/calls/{call_id}/share", json={"life_s": life_s})
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


async def look(world: ApiWorld, token: str) -> httpx.Response:
    async with world.client(token) as stranger:
        return await stranger.get("/v1/shared")


def personal_call(world: ApiWorld) -> None:
    """A real trace in which the caller says who he is."""
    path = world.put_call("personal", "clinic", "goodbye_is_clipped")
    text = path.read_text()
    said = "No, that is all. My name is Zoe Quillfeather, my number is 555 0134 <b>x</b>"
    assert "No, that is all." in text
    path.write_text(text.replace("No, that is all.", said))


async def test_a_link_shows_the_call_without_its_people(world: ApiWorld) -> None:
    personal_call(world)
    await world.index()
    shown = await look(world, await share(world, "personal"))
    assert shown.status_code == 200
    body = shown.json()
    caller = [turn for turn in body["turns"] if turn["speaker"] == "caller"]
    assert caller[0]["text"] == "No, that is all. My name is •••, my number is •••"
    assert "How can I help you?" in body["turns"][0]["text"]
    for secret in ("Quill", "555", "0134", "personal", "call_id", "cost", "arguments", "<b>"):
        assert secret not in shown.text, secret


async def test_a_link_is_over_when_its_time_is(world: ApiWorld) -> None:
    at_ms = 1_790_000_000_000
    world.parts.shares = ShareTokens(world.parts.keyring, clock_ms=lambda: at_ms)
    token = await share(world, life_s=60)
    assert (await look(world, token)).status_code == 200
    at_ms += 60_000
    assert NOBODY in problem(await look(world, token), 404)["detail"]


async def test_a_link_dies_with_the_key_that_made_it(world: ApiWorld) -> None:
    token = await share(world)
    (key,) = await world.parts.keys.of("default")
    await world.parts.keys.revoke("default", key.id)
    problem(await look(world, token), 404)


async def test_links_are_listed_and_one_is_taken_back(world: ApiWorld) -> None:
    tokens = [await share(world) for _ in range(2)]
    async with world.client(await world.key(Role.REVIEWER)) as reviewer:
        links = (await reviewer.get(f"/v1/calls/{CALL}/share")).json()["links"]
        first = jwt.decode(tokens[0], options={"verify_signature": False})["jti"]
        assert {link["revoked_at_ms"] for link in links} == {None}
        assert sorted(link["id"] for link in links) == sorted(
            jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens
        )
        assert all(link["created_by"].startswith("key:") for link in links)
        assert not any(token in json.dumps(links) for token in tokens)
        problem(await reviewer.delete(f"/v1/calls/another/share/{first}"), 404)
        problem(await reviewer.delete(f"/v1/calls/{CALL}/share/nobody"), 404)
        assert (await look(world, tokens[0])).status_code == 200
        assert (await reviewer.delete(f"/v1/calls/{CALL}/share/{first}")).status_code == 204
        again = await reviewer.delete(f"/v1/calls/{CALL}/share/{first}")
        assert again.status_code == 204
        links = (await reviewer.get(f"/v1/calls/{CALL}/share")).json()["links"]
        assert sum(link["revoked_at_ms"] is not None for link in links) == 1
    problem(await look(world, tokens[0]), 404)
    assert (await look(world, tokens[1])).status_code == 200
    entries = await world.parts.audit.entries("default")
    (_, taken_back) = [entry for entry in entries if entry.action == "revoke_link" and entry.outcome == "204"]
    assert taken_back.target == {"call_id": CALL, "link_id": first}


async def test_a_link_that_is_not_on_record_opens_nothing(world: ApiWorld) -> None:
    """Whoever has the key file could sign one; whoever has a link of before it was kept has to ask anew."""
    maker = LOCAL_OWNER
    token, _ = world.parts.shares.mint(maker, CALL, 3600)
    problem(await look(world, token), 404)


async def test_a_link_dies_with_the_call(world: ApiWorld) -> None:
    token = await share(world)
    await world.parts.records.remove([CALL])
    problem(await look(world, token), 404)
    assert await world.parts.links.of_call("default", CALL) == []


def forged(token: str, header: dict[str, Any], **claims: Any) -> str:
    """The token with other claims, its signature kept."""
    _, body, signature = token.split(".")
    facts = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, facts)]
    return b".".join([*parts, signature.encode()]).decode()


async def test_nothing_but_an_unchanged_link_opens_anything(world: ApiWorld) -> None:
    token = await share(world)
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    tries = [
        forged(token, header, call="another"),
        forged(token, header, exp=2**40),
        forged(token, header, org="other"),
        forged(token, {**header, "alg": "none"}),
        jwt.encode(claims, "", algorithm="none", headers={"kid": header["kid"]}),
        jwt.encode(claims, b"x" * 32, algorithm="HS256", headers={"kid": header["kid"]}),
        jwt.encode(claims, b"x" * 32, algorithm="HS256", headers={"kid": "../../etc/passwd"}),
        token[:-2],
        token + "x" * 5000,
        "a.b.c",
        "é" * 10,
        await world.key(Role.OWNER),
        BrowserTokens(world.parts.keyring).mint(
            LOCAL_OWNER, Wish(scopes=frozenset({Permission.CALLS_READ}), life_s=60)
        )[0],
    ]
    for attempt in tries:
        async with world.client() as stranger:
            answer = await stranger.get("/v1/shared", headers={"authorization": f"Bearer {attempt}".encode()})
        assert answer.status_code in {401, 404}, (attempt[:60], answer.text)
        assert "turns" not in answer.text
    assert (await look(world, token)).status_code == 200


async def test_a_link_opens_nothing_else(world: ApiWorld) -> None:
    token = await share(world)
    async with world.client(token) as stranger:
        for path in ("/v1/me", "/v1/calls", f"/v1/calls/{CALL}", f"/v1/calls/{CALL}/recording", "/v1/live"):
            problem(await stranger.get(path), 401)
        problem(await stranger.post(f"/v1/calls/{CALL}/share", json={}), 401)
    problem(await look(world, ""), 404)


async def test_nobody_shares_what_is_another_organisations(world: ApiWorld) -> None:
    other = await world.organisation("Other Ltd", "bank")
    async with world.client(await world.key(Role.OWNER, other)) as owner:
        problem(await owner.post(f"/v1/calls/{CALL}/share", json={}), 404)
    async with world.client(await world.key(Role.OPERATOR)) as operator:
        problem(await operator.post(f"/v1/calls/{CALL}/share", json={}), 403)
    async with world.client(await world.key(Role.OWNER)) as owner:
        for body in ({"life_s": 59}, {"life_s": 10**9}, {"life_s": "x"}, {"until": 5}):
            problem(await owner.post(f"/v1/calls/{CALL}/share", json=body), 422)
        await owner.post(f"/v1/calls/{CALL}/share", json={})
    (entry, *_) = await world.parts.audit.entries("default")
    assert (entry.action, entry.target, entry.outcome) == ("share_call", {"call_id": CALL}, "201")
