"""Forged, expired and stolen credentials; people by OIDC from a local issuer; how often one may ask."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.doubles.api_world import BASE, CALL, OUTSIDE, ApiWorld, api_world, problem
from tests.doubles.oidc_issuer import CLIENT, ISSUER, Issuer, oidc_of

from antiphon.errors import ConfigError
from antiphon.server.access.limits import WHO_MAX, Rate, RateLimit
from antiphon.server.access.oidc import OidcSettings, oidc_settings
from antiphon.server.access.roles import Permission, Role
from antiphon.server.access.settings import access_settings
from antiphon.server.access.tokens import BrowserTokens, Wish
from antiphon.server.app import create_app
from antiphon.storage.access import now_ms
from antiphon.storage.keys import Keyring


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


# Keys


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key.upper(),
        lambda key: key.replace("apk_", "apk_0", 1),
        lambda key: "apk_" + "0" * 16 + key[20:],
        lambda key: "apk_' OR 1=1 --",
        lambda key: "apk_" + "é" * 60,
        lambda key: "x" * 100_000,
    ],
)
async def test_a_key_that_is_not_quite_the_key_opens_nothing(world: ApiWorld, change: Any) -> None:
    key = await world.key(Role.OWNER)
    async with world.client(key) as client:
        assert (await client.get("/v1/me")).status_code == 200
        shown = f"Bearer {change(key)}".encode("latin-1", "replace")
        told = problem(await client.get("/v1/me", headers={b"authorization": shown}), 401)  # type: ignore[dict-item]
    assert told["detail"] == "this credential is not valid"


async def test_a_revoked_and_an_expired_key_look_like_any_wrong_one(world: ApiWorld) -> None:
    revoked = await world.key(Role.OWNER)
    assert await world.parts.keys.revoke("default", revoked.split("_")[1])
    expired = await world.key(Role.OWNER, expires_at_ms=now_ms() - 1)
    answers = []
    for key in (revoked, expired, "apk_nonsense"):
        async with world.client(key) as client:
            answers.append((await client.get("/v1/me")).content)
    assert len(set(answers)) == 1


async def test_a_key_is_kept_as_a_hash_only(world: ApiWorld) -> None:
    key = await world.key(Role.OWNER)
    secret = key.split("_", 2)[2]
    kept = b"".join(path.read_bytes() for path in world.home.glob("antiphon.db*"))
    assert key.split("_")[1].encode() in kept
    assert secret.encode() not in kept
    assert (world.home / "antiphon.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "apk_x"])
async def test_another_scheme_is_refused(world: ApiWorld, header: str) -> None:
    answer = await world.http.get("/v1/me", headers={"authorization": header})
    assert "bearer" in problem(answer, 401)["detail"]


# Without any set-up


async def test_on_a_laptop_nobody_has_to_log_in(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}) as world:
        me = (await world.http.get("/v1/me")).json()
        assert (me["kind"], me["organisation"]) == ("local", "default")
        assert set(me["permissions"]) == set(Permission)
        assert (await world.http.get("/api/calls")).status_code == 200


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"public_url": "https://voice.example.com"}])
async def test_whoever_can_be_a_stranger_has_to(tmp_path: Path, settings: dict[str, str]) -> None:
    """Behind a public address strangers come from loopback, and may call themselves what they like."""
    async with api_world(tmp_path, {}, **settings) as world:
        for path in ("/v1/me", "/v1/calls", f"/v1/calls/{CALL}"):
            problem(await world.http.get(path), 401)
        for path in ("/api/calls", f"/api/calls/{CALL}", "/api/calls/active"):
            problem(await world.http.get(path), 404)
        problem(await world.http.post(f"/api/calls/{CALL}/end"), 404)


async def test_another_sites_page_gets_nothing_from_a_laptop(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}) as world:
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            problem(await world.http.get("/v1/calls", headers=headers), 403)


def test_settings_that_cannot_be_right_are_refused() -> None:
    for environ in (
        {"ANTIPHON_AUTH": "off"},
        {"ANTIPHON_OIDC_ISSUER": ISSUER},
        {"ANTIPHON_OIDC_ISSUER": "http://login.example.com", "ANTIPHON_OIDC_CLIENT_ID": "x"},
        {"ANTIPHON_API_RATE_PER_MINUTE": "many"},
    ):
        with pytest.raises(ConfigError):
            access_settings(environ, is_loopback=True, public_url="")


# Tokens for browsers


async def _token(client: httpx.AsyncClient, **wanted: Any) -> str:
    made = await client.post("/v1/tokens", json=wanted)
    assert made.status_code == 201, made.text
    token: str = made.json()["token"]
    return token


async def test_a_token_can_do_what_it_was_made_for_and_no_more(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.OPERATOR)) as client:
        token = await _token(client, scopes=["calls:read"], agent="clinic")
    world.put_call("elsewhere", "bank")
    await world.index()
    async with world.client(token) as page:
        ids = {call["call_id"] for call in (await page.get("/v1/calls")).json()["calls"]}
        assert ids == {CALL, "another"}
        problem(await page.get("/v1/calls/elsewhere"), 404)
        elsewhere = await page.get("/v1/calls", params={"agent": "bank"})
        assert elsewhere.json()["calls"] == []
        problem(await page.get("/v1/agents"), 403)
        problem(await page.post("/v1/tokens", json={}), 403)
        problem(await page.post(f"/v1/live/{CALL}/end"), 403)


async def test_a_token_is_over_with_its_key_at_the_latest(world: ApiWorld) -> None:
    key = await world.key(Role.OWNER, expires_at_ms=now_ms() + 60_000)
    async with world.client(key) as client:
        made = (await client.post("/v1/tokens", json={"life_s": 3600, "scopes": ["agents:read"]})).json()
    assert made["good_until_ms"] <= now_ms() + 60_000
    async with world.client(made["token"]) as page:
        assert (await page.get("/v1/agents")).status_code == 200
        await world.parts.keys.revoke("default", key.split("_")[1])
        problem(await page.get("/v1/agents"), 401)


async def test_pages_are_given_nothing_that_changes_other_peoples_calls(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.OWNER)) as client:
        for scope in ("calls:control", "keys:write", "recordings:read", "agents:publish"):
            problem(await client.post("/v1/tokens", json={"scopes": [scope]}), 422)
        problem(await client.post("/v1/tokens", json={"life_s": 3601}), 422)


def test_forged_and_expired_tokens_are_nobody() -> None:
    keyring = Keyring("k1", {"k1": b"1" * 32, "k0": b"0" * 32})
    tokens = BrowserTokens(keyring)
    from antiphon.server.access.entrance import LOCAL_OWNER

    wish = Wish(scopes=frozenset({Permission.TALK}), life_s=60)
    good, _ = tokens.mint(LOCAL_OWNER, wish)
    read = tokens.read(good)
    assert read is not None
    assert read.permissions == {Permission.TALK}
    # Rotated: the old key's tokens are still taken, a foreign key's never.
    old, _ = BrowserTokens(Keyring("k0", {"k0": b"0" * 32})).mint(LOCAL_OWNER, wish)
    assert tokens.read(old) is not None
    foreign, _ = BrowserTokens(Keyring("k1", {"k1": b"2" * 32})).mint(LOCAL_OWNER, wish)
    assert tokens.read(foreign) is None
    later = BrowserTokens(keyring, clock_ms=lambda: now_ms() + 61_000)
    assert later.read(good) is None
    header, claims, signed = good.split(".")
    more = json.loads(base64.urlsafe_b64decode(claims + "=="))
    more["scopes"] = ["keys:write"]
    changed = base64.urlsafe_b64encode(json.dumps(more).encode()).decode().rstrip("=")
    assert tokens.read(f"{header}.{changed}.{signed}") is None
    unsigned = jwt.encode(more, None, algorithm="none", headers={"kid": "k1"})
    assert tokens.read(unsigned) is None
    for nonsense in ("", ".", "a.b.c", good[:-2], good + "x", "é" * 10):
        assert tokens.read(nonsense) is None


# People


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def test_a_person_comes_in_by_an_invitation_and_stays_the_same_person(
    world: ApiWorld, issuer: Issuer
) -> None:
    world.parts.entrance._issuer = oidc_of(issuer)
    async with world.client(issuer.token()) as ann:
        problem(await ann.get("/v1/me"), 401)  # Proved to be Ann, whom nobody has invited.
        await world.parts.organisations.invite("default", "Ann@example.com", "reviewer")
        unverified = issuer.token(sub="mallory", email_verified=False)
        async with world.client(unverified) as mallory:
            problem(await mallory.get("/v1/me"), 401)
        assert (await ann.get("/v1/me")).json()["subject"] == "person:ann@example.com"
        assert (await ann.get("/v1/calls")).status_code == 200
        problem(await ann.get("/v1/keys"), 403)
        # The address is taken over by somebody else: he is not Ann.
        async with world.client(issuer.token(sub="mallory")) as mallory:
            problem(await mallory.get("/v1/me"), 401)
        [member] = await world.parts.organisations.people("default")
        await world.parts.organisations.remove("default", member.id)
        problem(await ann.get("/v1/me"), 401)


async def test_a_person_in_two_organisations_chooses_one(world: ApiWorld, issuer: Issuer) -> None:
    world.parts.entrance._issuer = oidc_of(issuer)
    other = await world.organisation("Other")
    await world.parts.organisations.invite("default", "ann@example.com", "auditor")
    await world.parts.organisations.invite(other, "ann@example.com", "owner")
    async with world.client(issuer.token()) as ann:
        first = (await ann.get("/v1/me")).json()
        chosen = (await ann.get("/v1/me", headers={"antiphon-organisation": other})).json()
        assert {first["organisation"], chosen["organisation"]} == {"default", other}
        problem(await ann.get("/v1/me", headers={"antiphon-organisation": "org_unknown"}), 401)


async def test_id_tokens_that_prove_nothing_are_nobody(issuer: Issuer) -> None:
    oidc = oidc_of(issuer)
    at_s = int(time.time())
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = issuer.keys["one"].public_key()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    as_secret = base64.urlsafe_b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    good = await oidc.person(issuer.token())
    assert good is not None
    assert (good.subject, good.email) == ("ann", "ann@example.com")
    for bad in (
        issuer.token(exp=at_s - 120),
        issuer.token(exp=None),
        issuer.token(iat=at_s + 600),
        issuer.token(aud="another-client"),
        issuer.token(aud=[CLIENT, "another-client"]),
        issuer.token(aud=[CLIENT, "another-client"], azp="another-client"),
        issuer.token(iss="https://evil.example"),
        issuer.token(sub=None),
        issuer.token(sub=""),
        issuer.token(key=foreign),
        issuer.token(kid="weak", key="secret" * 8, algorithm="HS256"),
        issuer.token(key=as_secret.decode(), algorithm="HS256"),
        jwt.encode({"sub": "ann", "iss": ISSUER, "aud": CLIENT, "exp": at_s + 60}, None, algorithm="none"),
        "a.b.c",
        "",
    ):
        assert await oidc.person(bad) is None, bad
    assert await oidc.person(issuer.token(aud=[CLIENT, "another-client"], azp=CLIENT)) is not None
    unverified = await oidc.person(issuer.token(email_verified="true"))
    assert unverified is not None
    assert unverified.email == ""


async def test_a_new_key_is_fetched_and_invented_ones_do_not_make_us_ask_again(issuer: Issuer) -> None:
    clock = [0.0]
    oidc = oidc_of(issuer, lambda: clock[0])
    assert await oidc.person(issuer.token()) is not None
    asked = len(issuer.asked)
    issuer.keys["two"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for _ in range(5):
        assert await oidc.person(issuer.token("two")) is None  # Not looked for again so soon.
    assert len(issuer.asked) == asked
    clock[0] = 31.0
    assert await oidc.person(issuer.token("two")) is not None
    issuer.down, clock[0] = True, 2000.0
    assert await oidc.person(issuer.token("two")) is not None  # Old keys are better than none.


async def test_an_issuer_that_says_it_is_another_is_not_believed(world: ApiWorld, issuer: Issuer) -> None:
    issuer.claims_to_be = "https://evil.example"
    world.parts.entrance._issuer = oidc_of(issuer)
    async with world.client(issuer.token()) as ann:
        told = problem(await ann.get("/v1/me"), 503)
    assert "evil" not in str(told)


async def test_a_stranger_is_told_where_to_sign_in_and_sent_nowhere_we_do_not_trust(
    world: ApiWorld, issuer: Issuer
) -> None:
    async with world.client() as stranger:
        told = (await stranger.get("/v1/entrance")).json()
        assert told == {"sign_in_page": "", "client_id": ""}
        world.parts.entrance._issuer = oidc_of(issuer)
        told = (await stranger.get("/v1/entrance")).json()
        assert told == {"sign_in_page": f"{ISSUER}/authorize", "client_id": CLIENT}
        issuer.page = "javascript:alert(1)"
        world.parts.entrance._issuer = oidc_of(issuer)
        told = (await stranger.get("/v1/entrance")).json()
        assert told == {"sign_in_page": "", "client_id": ""}


def test_half_an_issuer_is_no_setting() -> None:
    assert oidc_settings({}) is None
    both = {"ANTIPHON_OIDC_ISSUER": ISSUER, "ANTIPHON_OIDC_CLIENT_ID": CLIENT}
    assert oidc_settings(both) == OidcSettings(issuer=ISSUER, client_id=CLIENT)


# How often


def test_a_bucket_lets_a_burst_in_and_then_so_many_a_minute() -> None:
    clock = [0.0]
    limit = RateLimit(Rate(per_minute=60, burst=3), clock_s=lambda: clock[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 0]
    assert limit.wait_s("a") == pytest.approx(1.0)
    assert limit.wait_s("b") == 0
    clock[0] = 1.0
    assert limit.wait_s("a") == 0
    for number in range(WHO_MAX + 10):
        limit.wait_s(str(number))
    assert len(limit._buckets) == WHO_MAX


async def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    environ = OUTSIDE | {"ANTIPHON_API_RATE_PER_MINUTE": "12"}
    async with api_world(tmp_path, environ) as world:
        async with world.client(await world.key(Role.OWNER)) as client:
            answers = [await client.get("/v1/me") for _ in range(4)]
            assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 5
            problem(answers[-1], 429)
        async with world.client(await world.key(Role.OWNER)) as other:
            assert (await other.get("/v1/me")).status_code == 200


async def test_who_guesses_is_slowed_down_and_holds_nobody_else_up(world: ApiWorld) -> None:
    async with world.client("apk_" + "0" * 16 + "_" + "A" * 43) as guessing:
        statuses = [(await guessing.get("/v1/me")).status_code for _ in range(25)]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) == {429}
    async with world.client(await world.key(Role.OWNER)) as client:
        assert (await client.get("/v1/me")).status_code == 200


async def test_a_process_without_the_api_says_so(world: ApiWorld) -> None:
    world.control.api = None
    transport = httpx.ASGITransport(app=create_app(world.control))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        problem(await client.get("/v1/me"), 503)
