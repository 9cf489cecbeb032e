"""The Python client against the API itself, and webhooks as their receivers check them."""

from __future__ import annotations

import ast
import base64
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.doubles.api_world import BASE, CALL, LIVE, ROOT, ApiWorld, api_world

from antiphon.client import ApiError, AsyncClient, Client, SignatureWrong, verify_webhook
from antiphon.client.access_operations import AccessOperations
from antiphon.client.operations import Operations
from antiphon.server.access.roles import Role
from antiphon.server.api.delivering import signature
from antiphon.server.api.document import openapi_document


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        made.media.up.append({"call_id": LIVE, "agent": "clinic", "line": "phone"})
        yield made


@pytest.fixture
async def antiphon(world: ApiWorld) -> AsyncIterator[AsyncClient]:
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    async with AsyncClient(BASE, await world.key(Role.OWNER), transport=transport) as client:
        yield client


async def test_a_developer_drives_everything_with_it(world: ApiWorld, antiphon: AsyncClient) -> None:
    assert (await antiphon.me())["organisation"] == "default"
    text = (await antiphon.agent("clinic"))["text"]
    assert (await antiphon.validate_agent(text))["ok"]
    made = await antiphon.create_version("clinic", text + "\n", note="a line")
    assert (await antiphon.publish("clinic", made["version"]))["version"] == 2
    assert (await antiphon.diff("clinic", 1, 2))["before"] == 1
    assert (await antiphon.version("clinic", 1))["text"] == text
    assert (await antiphon.roll_back("clinic"))["version"] == 1
    assert (await antiphon.call(CALL))["call_id"] == CALL
    assert (await antiphon.trace(CALL)).startswith(b'{"')
    assert (await antiphon.replay(CALL))["difference"] is None
    assert (await antiphon.give_feedback(CALL, rating=5))["rating"] == 5
    assert len((await antiphon.feedback(CALL))["feedback"]) == 1
    link = await antiphon.share(CALL)
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    async with AsyncClient(BASE, link["token"], transport=transport) as stranger:
        assert (await stranger.shared())["turns"]
    await antiphon.revoke_link(CALL, link["id"])
    assert (await antiphon.links(CALL))["links"][0]["revoked_at_ms"]
    assert (await antiphon.entrance())["sign_in_page"] == ""
    assert (await antiphon.costs(by="day"))["calls"] == 2
    assert (await antiphon.live())["calls"][0]["call_id"] == LIVE
    await antiphon.whisper(LIVE, "be brief")
    assert (await antiphon.transfer(LIVE))["target"]
    assert await antiphon.end(LIVE) is None
    assert await antiphon.join_room("clinic", "front-desk") is None
    hook = await antiphon.create_webhook("https://example.com/h", "call.ended")
    assert (await antiphon.deliveries(hook["id"])) == {"deliveries": []}
    await antiphon.delete_webhook(hook["id"])
    assert (await antiphon.webhooks()) == {"webhooks": []}
    key = await antiphon.create_key("ci", "auditor", "calls:read")
    await antiphon.revoke_key(key["id"])
    assert {one["name"] for one in (await antiphon.keys())["keys"]} == {"ci", "owner"}
    assert (await antiphon.create_token("agents:read"))["scopes"] == ["agents:read"]
    await antiphon.invite("ann@example.com", "reviewer")
    (ann,) = (await antiphon.members())["members"]
    assert await antiphon.change_member(ann["id"], "auditor") is None
    assert await antiphon.remove_member(ann["id"]) is None
    assert (await antiphon.members()) == {"members": []}
    assert not (await antiphon.routes())["in_force"]
    with pytest.raises(ApiError, match="409"):
        await antiphon.explain_route("clinic")
    assert not (await antiphon.check_routes("routes: {}"))["ok"]
    with pytest.raises(ApiError, match="409"):
        await antiphon.write_routes("routes: {}", "0" * 64)
    made = await antiphon.create_organisation("Other Ltd")
    assert await antiphon.rename_organisation(made["id"], "Another Ltd") is None
    assert [one["name"] for one in (await antiphon.organisations())["organisations"]] == [
        "Default",
        "Another Ltd",
    ]
    assert (await antiphon.audit(limit=1))["entries"][0]["action"] == "rename_organisation"
    assert await antiphon.close_organisation(made["id"]) is None
    assert (await antiphon.organisations())["organisations"][1]["closed_at_ms"]
    assert (await antiphon.agents())["agents"][0]["name"] == "clinic"


async def test_every_call_is_walked_page_by_page(world: ApiWorld, antiphon: AsyncClient) -> None:
    for number in range(7):
        world.put_call(f"call-{number}", "clinic")
    await world.index()
    ids = [call["call_id"] async for call in antiphon.every_call(limit=2)]
    assert len(ids) == len(set(ids)) == 9


async def test_a_refusal_is_an_error_with_its_fix(world: ApiWorld, antiphon: AsyncClient) -> None:
    with pytest.raises(ApiError, match="404") as refused:
        await antiphon.call("../../etc/passwd")
    assert refused.value.status == 404
    with pytest.raises(ApiError) as refused:
        await antiphon.place_call("clinic", "+12125550100", caller_id="+15550100001")
    assert (refused.value.status, "ANTIPHON_DIAL_ALLOWED" in refused.value.fix) == (403, True)
    with pytest.raises(ApiError) as refused:
        await antiphon.recording(CALL)
    assert refused.value.status == 404


def test_the_blocking_client_asks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.path == "/v1/me":
            problem = {"detail": "too many requests"}
            return httpx.Response(429, json=problem, headers={"retry-after": "3"})
        return httpx.Response(200, json={"calls": [], "after": ""})

    monkeypatch.setenv("ANTIPHON_API_KEY", "apk_x")
    monkeypatch.setenv("ANTIPHON_API_URL", "https://voice.example.com/")
    with Client(transport=httpx.MockTransport(answer)) as client:
        assert list(client.every_call(agent="clinic", words="")) == []
        with pytest.raises(ApiError) as refused:
            client.me()
    assert refused.value.retry_after_s == 3
    assert str(asked[0].url) == "https://voice.example.com/v1/calls?agent=clinic"
    assert asked[0].headers["authorization"] == "Bearer apk_x"


def test_the_client_can_do_nearly_all_there_is() -> None:
    """Paths of the document that no operation of the client asks for: few, and these."""
    source = inspect.getsource(Operations) + inspect.getsource(AccessOperations)
    asked = set(re.findall(r'f?"(/[a-z/{}_()-]+)"', re.sub(r"_safe\((\w+)\)", r"\1", source)))
    documented = {path.removeprefix("/v1") for path in openapi_document()["paths"]}
    assert documented - asked == {
        "/agents/schema",
        "/live/{call_id}/take-over",  # Wants WebRTC.
    }


def test_the_client_needs_nothing_of_ours() -> None:
    for path in (ROOT / "src/antiphon/client").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("antiphon"):
                assert node.module is not None
                assert node.module.startswith("antiphon.client"), path


SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = b'{"id":"call.ended:1","type":"call.ended"}'


def _headers(at_s: int = 1000, body: bytes = BODY) -> dict[str, str]:
    signed = signature(b"k" * 32, "call.ended:1", at_s, body)
    return {
        "Webhook-Id": "call.ended:1",
        "Webhook-Timestamp": str(at_s),
        "Webhook-Signature": f"v2,x {signed}",
    }


def test_a_webhook_of_ours_is_believed() -> None:
    assert verify_webhook(SECRET, _headers(), BODY, now_s=1010)["type"] == "call.ended"


@pytest.mark.parametrize(
    ("headers", "body", "now_s"),
    [
        (_headers(), BODY + b" ", 1000),
        (_headers(), BODY, 1301),
        (_headers(), BODY, 699),
        (_headers() | {"Webhook-Id": "call.ended:2"}, BODY, 1000),
        (_headers() | {"Webhook-Timestamp": "soon"}, BODY, 1000),
        (_headers() | {"Webhook-Signature": "v1,é"}, BODY, 1000),
        ({}, BODY, 1000),
    ],
)
def test_any_other_is_not(headers: dict[str, str], body: bytes, now_s: int) -> None:
    with pytest.raises(SignatureWrong):
        verify_webhook(SECRET, headers, body, now_s=now_s)
