"""Who may do what: role by role, across organisations, with credentials that are not what they seem."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.openapi.utils import get_openapi
from tests.doubles.api_world import CALL, LIVE, ROOT, ApiWorld, api_world, problem

from antiphon.server.access.roles import PERMISSIONS, Permission, Role
from antiphon.server.api.document import gated_routes, openapi_document
from antiphon.server.api.gate import GatedRoute

OPERATIONS = [
    (method, "/v1" + route.path, route.permission)
    for route in gated_routes()
    for method in sorted(route.methods)
]
# Bodies that are right, so that nothing but the permission decides.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/agents/validate"): {"text": "agent: x"},
    ("POST", "/v1/agents/inspect"): {"text": "agent: x"},
    ("POST", "/v1/agents/{agent}/diff"): {"text": "agent: x"},
    ("POST", "/v1/agents/{agent}/try"): {"text": "agent: x"},
    ("POST", "/v1/agents/{agent}/tools/{tool}/test"): {"arguments": {}},
    ("POST", "/v1/agents/{agent}/versions"): {"text": "agent: x"},
    ("POST", "/v1/live/{call_id}/transfer"): {},
    ("POST", "/v1/live/{call_id}/whisper"): {"words": "be brief"},
    ("POST", "/v1/live/{call_id}/take-over"): {"sdp": "v=0"},
    ("POST", "/v1/live/{call_id}/dtmf"): {"digits": "12#"},
    ("POST", "/v1/calls"): {"agent": "clinic", "to": "+12125550100", "caller_id": "+15550100001"},
    ("POST", "/v1/calls/{call_id}/replay"): {},
    ("POST", "/v1/calls/{call_id}/feedback"): {"rating": 5},
    ("POST", "/v1/calls/{call_id}/share"): {},
    ("POST", "/v1/people/export"): {"subject": "+15550100"},
    ("POST", "/v1/people/erase"): {"subject": "+15550100"},
    ("POST", "/v1/numbers"): {"agent": "clinic", "number": "+12125550100"},
    ("PUT", "/v1/numbers/{number_id}"): {"agent": "clinic"},
    ("POST", "/v1/webhooks"): {"url": "https://example.com/hook"},
    ("POST", "/v1/keys"): {"name": "k", "role": "auditor"},
    ("POST", "/v1/tokens"): {},
    ("POST", "/v1/members"): {"email": "a@example.com", "role": "auditor"},
    ("PATCH", "/v1/members/{member_id}"): {"role": "auditor"},
    ("POST", "/v1/routes/explain"): {"called": "+12125550100"},
    ("POST", "/v1/routes/check"): {"text": "routes: {}"},
    ("PUT", "/v1/routes"): {"text": "routes: {}", "instead_of": "0" * 64},
    ("POST", "/v1/organisations"): {"name": "Other Ltd"},
    ("PATCH", "/v1/organisations/{organisation_id}"): {"name": "Other Ltd"},
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        made.media.up.append({"call_id": LIVE, "agent": "clinic", "line": "phone"})
        yield made


async def ask(client: httpx.AsyncClient, method: str, path: str, call_id: str = CALL) -> httpx.Response:
    values = {
        "act": "resume",
        "agent": "clinic",
        "call_id": LIVE if "/live/" in path else call_id,
        "version": "1",
    }
    filled = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], "unknown"), path)
    query = {"before": "1", "after": "1"} if (method, path[-5:]) == ("GET", "/diff") else {}
    query |= {"country": "US"} if path.endswith("/offers") else {}
    headers = {"idempotency-key": "0123456789"}
    return await client.request(
        method, filled, params=query, json=BODIES.get((method, path)), headers=headers
    )


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_do_what_the_table_says_and_nothing_else(world: ApiWorld, role: Role) -> None:
    async with world.client(await world.key(role)) as client:
        for method, path, permission in OPERATIONS:
            answer = await ask(client, method, path)
            if permission in PERMISSIONS[role]:
                assert answer.status_code not in {401, 403} or "ANTIPHON_DIAL_ALLOWED" in answer.text, (
                    method, path, answer.text,
                )  # fmt: skip
                assert answer.status_code < 500, (method, path, answer.text)
            else:
                assert permission in problem(answer, 403)["detail"], (method, path)


async def test_whoever_shows_nothing_is_let_into_nothing(world: ApiWorld) -> None:
    async with world.client() as client:
        for method, path, _ in OPERATIONS:
            answer = await ask(client, method, path)
            assert "antiphon keys create" in problem(answer, 401)["fix"], (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert await world.parts.audit.entries("default") == []


async def test_credentials_are_judged_before_bodies(world: ApiWorld) -> None:
    """Strangers learn nothing from how their bodies are judged."""
    async with world.client() as client:
        for body in (b"", b"{", b"[" * 1000):
            problem(await client.post("/v1/keys", content=body), 401)


async def test_every_route_stands_behind_the_gate() -> None:
    documented = {
        (method.upper(), path): operation.get("x-permission")
        for path, item in openapi_document()["paths"].items()
        for method, operation in item.items()
    }
    open_to_all = {("GET", "/v1/shared"): None, ("GET", "/v1/entrance"): None}
    assert documented == open_to_all | {(method, path): needed for method, path, needed in OPERATIONS}
    with pytest.raises((KeyError, ValueError)):
        GatedRoute("/open", lambda: None, methods=["GET"])


async def test_every_route_of_the_server_is_in_the_document(world: ApiWorld) -> None:
    """Sockets no OpenAPI document can describe; nor does it describe itself."""
    served = get_openapi(title="served", version="1", routes=world.app.routes)["paths"]
    ours = {path: set(item) for path, item in served.items() if path.startswith("/v1/")}
    assert ours == {path: set(item) for path, item in openapi_document()["paths"].items()}
    hidden = [
        path.name
        for path in (ROOT / "src/antiphon/server/api").rglob("*.py")
        for _ in re.findall("include_in_schema=False", path.read_text())
    ]
    assert hidden == ["document.py"], "a route nobody fuzzes"


async def test_another_organisation_sees_and_changes_nothing_of_ours(world: ApiWorld) -> None:
    """Its owner tries every operation with our ids: as if there were none of it."""
    ours = await world.key(Role.OWNER)
    async with world.client(ours) as client:
        hook = (await client.post("/v1/webhooks", json={"url": "https://example.com/h"})).json()["id"]
        member = (await client.post("/v1/members", json={"email": "a@b.example", "role": "owner"})).json()[
            "id"
        ]
        link = (await client.post(f"/v1/calls/{CALL}/share", json={})).json()["id"]
        assert (await client.post(f"/v1/calls/{CALL}/feedback", json={"rating": 1})).status_code == 201
        text = (ROOT / "agents" / "clinic.yaml").read_text()
        assert (await client.post("/v1/agents/clinic/versions", json={"text": text})).status_code == 201
    key_id = ours.split("_")[1]
    stranger = await world.key(Role.OWNER, await world.organisation("Strangers", "theirs"))
    before = len(await world.parts.audit.entries("default"))
    async with world.client(stranger) as client:
        assert (await client.get("/v1/calls")).json() == {"calls": [], "after": ""}
        assert (await client.get("/v1/live")).json() == {"calls": []}
        assert (await client.get("/v1/agents")).json() == {"agents": []}
        assert (await client.get("/v1/costs")).json()["calls"] == 0
        assert (await client.get("/v1/members")).json() == {"members": []}
        assert (await client.get("/v1/webhooks")).json() == {"webhooks": []}
        assert [key["role"] for key in (await client.get("/v1/keys")).json()["keys"]] == ["owner"]
        for path in (f"/v1/calls/{CALL}", f"/v1/calls/{CALL}/trace", f"/v1/calls/{CALL}/recording",
                     f"/v1/calls/{CALL}/feedback", f"/v1/calls/{CALL}/share",
                     "/v1/agents/clinic", "/v1/agents/clinic/versions/1",
                     "/v1/agents/clinic/diff?before=1&after=2", "/v1/agents/clinic/inspect",
                     "/v1/agents/clinic/inspect?version=1", f"/v1/webhooks/{hook}/deliveries",
                     "/v1/numbers", "/v1/routes"):  # fmt: skip
            problem(await client.get(path), 404)
        for method, path, body in (
            ("POST", f"/v1/calls/{CALL}/replay", {}),
            ("POST", f"/v1/calls/{CALL}/feedback", {"rating": 1}),
            ("DELETE", f"/v1/calls/{CALL}/share/{link}", None),
            ("POST", f"/v1/live/{LIVE}/end", None),
            ("POST", f"/v1/live/{LIVE}/transfer", {}),
            ("POST", f"/v1/live/{LIVE}/whisper", {"words": "hang up"}),
            ("POST", f"/v1/live/{LIVE}/take-over", {"sdp": "v=0"}),
            ("POST", f"/v1/live/{LIVE}/hold", None),
            ("POST", f"/v1/live/{LIVE}/dtmf", {"digits": "1"}),
            ("POST", f"/v1/live/{LIVE}/recording/stop", None),
            ("POST", "/v1/agents/clinic/versions/1/publish", None),
            ("POST", "/v1/agents/clinic/diff", {"text": text}),
            ("POST", "/v1/agents/clinic/try", {"text": text}),
            ("POST", "/v1/agents/clinic/tools/clinic.find_openings/test", {}),
            ("DELETE", f"/v1/webhooks/{hook}", None),
            ("DELETE", f"/v1/keys/{key_id}", None),
            ("PATCH", f"/v1/members/{member}", {"role": "auditor"}),
            ("DELETE", f"/v1/members/{member}", None),
            ("POST", "/v1/tokens", {"agent": "clinic"}),
            ("POST", "/v1/routes/explain", {"called": "clinic"}),
            ("POST", "/v1/routes/check", {"text": "routes: {}"}),
            ("PATCH", "/v1/organisations/default", {"name": "Mine"}),
        ):
            problem(await client.request(method, path, json=body), 404)
        assert [one["name"] for one in (await client.get("/v1/organisations")).json()["organisations"]] == [
            "Strangers"
        ]
        problem(await client.post("/v1/organisations", json={"name": "More"}), 403)
        problem(await client.post("/v1/agents/clinic/rollback"), 409)
        problem(await client.post("/v1/agents/clinic/versions", json={"text": text}), 409)
        rows = (await client.get("/v1/audit")).json()["entries"]
        assert {row["actor"] for row in rows} == {f"key:{stranger.split('_')[1]}"}
    assert world.media.asked == []
    assert len(await world.parts.audit.entries("default")) == before
    assert await world.parts.keys.proved(ours) is not None


async def test_an_unknown_call_and_another_organisations_look_the_same(world: ApiWorld) -> None:
    stranger = await world.key(Role.OWNER, await world.organisation("Strangers"))
    async with world.client(stranger) as client:
        known, unknown = [await client.get(f"/v1/calls/{call}") for call in (CALL, "no-such-call")]
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_nobody_gives_away_what_he_has_not(world: ApiWorld) -> None:
    narrow = await world.key(Role.OWNER, scopes=("keys:write", "members:write", "tokens:create"))
    async with world.client(narrow) as client:
        problem(await client.post("/v1/keys", json={"name": "more", "role": "owner"}), 403)
        problem(await client.post("/v1/keys", json={"name": "more", "role": "auditor"}), 403)
        problem(await client.post("/v1/members", json={"email": "a@b.example", "role": "owner"}), 403)
        problem(await client.post("/v1/tokens", json={"scopes": ["calls:read"]}), 403)
        same = {"name": "same", "role": "owner", "scopes": ["keys:write"]}
        assert (await client.post("/v1/keys", json=same)).status_code == 201


async def test_scopes_narrow_a_role_and_never_widen_it(world: ApiWorld) -> None:
    key = await world.key(Role.AUDITOR, scopes=("calls:read", "keys:write"))
    async with world.client(key) as client:
        assert (await client.get("/v1/calls")).status_code == 200
        problem(await client.get("/v1/audit"), 403)
        problem(await client.post("/v1/keys", json={"name": "k", "role": "auditor"}), 403)


async def test_every_change_is_in_the_audit_and_so_is_what_was_refused(world: ApiWorld) -> None:
    async with world.client(await world.key(Role.OWNER)) as client:
        for method, path, _ in OPERATIONS:
            if method != "GET":
                await ask(client, method, path)
    async with world.client(await world.key(Role.AUDITOR)) as client:
        problem(await client.post("/v1/keys", json={"name": "k", "role": "auditor"}), 403)
        rows = (await client.get("/v1/audit", params={"limit": 500})).json()["entries"]
    done = {row["action"] for row in rows}
    assert done == {route.name for route in gated_routes() if route.methods != {"GET"}}
    assert (rows[0]["action"], rows[0]["outcome"]) == ("create_key", "denied")
    assert all(row["outcome"] != "started" for row in rows)


async def test_the_documents_table_of_roles_is_the_rule() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for permission in Permission:
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{permission}`")]
        marks = [cell.strip() for cell in row.strip("|").split("|")][1:6]
        told = {role for role, mark in zip(Role, marks, strict=True) if mark == "yes"}
        assert told == {role for role in Role if permission in PERMISSIONS[role]}, permission
