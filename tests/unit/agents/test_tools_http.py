"""Declared HTTP tools against a real server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from antiphon.agents.ports import Effect, ToolContext, ToolResult
from antiphon.agents.tools import HttpDeclaration, http_tool
from antiphon.errors import ConfigError

CONTEXT = ToolContext(call_id="c", idempotency_key="key-7", now=datetime(2026, 11, 23, 10, 0))
PARAMETERS = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["id"],
    "additionalProperties": False,
}


class Service:
    """A small HTTP service that records requests and answers by path."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.release = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = line.split(" ")
        self.requests.append((method, target, headers, body))
        if "hang" in target:
            await self.release.wait()
        status, kind, content = self._answer(target)
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n"
            "connection: close\r\n\r\n".encode()
            + content
        )
        writer.close()

    def _answer(self, target: str) -> tuple[int, str, bytes]:
        if "missing" in target:
            return 404, "application/json", b'{"error": "no such thing"}'
        if "garbage" in target:
            return 200, "application/json", b"{not json"
        if "huge" in target:
            return 200, "text/plain", b"x" * 300_000
        if "plain" in target:
            return 200, "text/plain; charset=utf-8", "grüß".encode()
        return 200, "application/json", json.dumps({"path": target}).encode()


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, str]]:
    service = Service()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield service, f"http://127.0.0.1:{port}"
    service.release.set()
    server.close()
    await server.wait_closed()


def declaration(url: str, **changes: Any) -> HttpDeclaration:
    plain = HttpDeclaration(name="crm.look", description="Look.", parameters=PARAMETERS, url=url)
    return replace(plain, **changes)


async def run(declared: HttpDeclaration, **arguments: Any) -> ToolResult:
    async with httpx.AsyncClient(trust_env=False) as client:
        tool = http_tool(declared, client, {"CRM_TOKEN": "Bearer secret"})
        return await tool.run(arguments, CONTEXT)


async def test_a_get_fills_the_template_and_gives_the_json(service: tuple[Service, str]) -> None:
    seen, base = service
    result = await run(
        declaration(
            f"{base}/people/{{id}}?count={{count}}&note={{note}}", headers={"Authorization": "CRM_TOKEN"}
        ),
        id="a/../b c?x=1",
        count=3,
    )
    assert result.ok
    method, target, headers, _ = seen.requests[0]
    # An argument stays one path segment, and a field without its argument is dropped.
    assert (method, target) == ("GET", "/people/a%2F..%2Fb%20c%3Fx%3D1?count=3")
    assert headers["authorization"] == "Bearer secret"
    assert "idempotency-key" not in headers


async def test_dots_cannot_climb_the_path(service: tuple[Service, str]) -> None:
    seen, base = service
    await run(declaration(f"{base}/people/{{id}}/file"), id="..")
    assert seen.requests[0][1].startswith("/people/")


async def test_a_post_sends_typed_json_and_the_idempotency_key(service: tuple[Service, str]) -> None:
    seen, base = service
    declared = declaration(
        f"{base}/notes",
        method="POST",
        effect=Effect.WRITE,
        body={"who": "{id}", "count": "{count}", "text": "said: {note}", "tags": ["{id}"], "fixed": 1},
    )
    assert (await run(declared, id="p1", count=2, note="hi")).ok
    _, _, headers, body = seen.requests[0]
    assert headers["idempotency-key"] == "key-7"
    assert json.loads(body) == {"who": "p1", "count": 2, "text": "said: hi", "tags": ["p1"], "fixed": 1}
    await run(declared, id="p1", note="hi")
    assert "count" not in json.loads(seen.requests[1][3])


async def test_errors_of_the_service_are_told(service: tuple[Service, str]) -> None:
    _, base = service
    missing = await run(declaration(f"{base}/missing/{{id}}"), id="1")
    assert (missing.ok, missing.error, missing.value) == (False, "http_404", {"error": "no such thing"})
    assert (await run(declaration(f"{base}/garbage/{{id}}"), id="1")).error == "answer_not_json"
    assert (await run(declaration(f"{base}/huge/{{id}}"), id="1")).error == "answer_too_long"
    assert (await run(declaration(f"{base}/plain/{{id}}"), id="1")).value == {"text": "grüß"}


async def test_a_service_that_hangs_runs_into_the_deadline(service: tuple[Service, str]) -> None:
    _, base = service
    result = await run(declaration(f"{base}/hang/{{id}}", deadline_ms=50), id="1")
    assert (result.ok, result.error) == (False, "deadline")


async def test_nobody_listening_is_unreachable(unused_tcp_port: int) -> None:
    result = await run(declaration(f"http://127.0.0.1:{unused_tcp_port}/{{id}}"), id="1")
    assert (result.ok, result.error) == (False, "unreachable")


async def test_wrong_arguments_send_nothing(service: tuple[Service, str]) -> None:
    seen, base = service
    assert (await run(declaration(f"{base}/x/{{id}}"), count=3)).error == "invalid_arguments: missing id"
    assert seen.requests == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "ftp://example.org/{id}"}, "http"),
        ({"url": "https://{id}.example.org/"}, "host must not come from an argument"),
        ({"url": "https://example.org/{who}"}, "is no parameter"),
        ({"body": {"a": ["{who}"]}}, "is no parameter"),
        ({"headers": {"X-Key": "NOT_SET"}}, "environment variable NOT_SET"),
    ],
)
async def test_a_wrong_declaration_refuses_to_start(changes: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        await run(declaration(**{"url": "https://example.org/{id}", "method": "POST", **changes}), id="1")
