"""A tool that is an HTTP request, declared in the agent file: no code to write, no secret in the file."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import httpx
import structlog

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.agents.tools.registry import checked
from antiphon.errors import ConfigError

log = structlog.get_logger(__name__)

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ANSWER_MAX_BYTES = 256 * 1024  # A tool's answer is read aloud or put into a prompt; more is a mistake.


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDeclaration:
    """One request.

    Attributes:
        url: Template; `{name}` is replaced by the argument, percent-encoded.
        body: JSON template; a string that is exactly "{name}" becomes the argument with its type.
        headers: Header name to environment variable name: secrets live only in the environment.
        deadline_ms: Whole request, connect to last byte.
        idempotency_header: Carries the key of a WRITE tool, so that the service can drop repeats.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    deadline_ms: int = 4000
    effect: Effect = Effect.NONE
    idempotency_header: str = "Idempotency-Key"


def http_tool(
    declaration: HttpDeclaration, client: httpx.AsyncClient, environment: Mapping[str, str] = os.environ
) -> Tool:
    """The tool. `client` is shared and owned by the caller: one pool, warm connections.

    Its results: `value` is the parsed JSON answer (or {"text": …}); errors are "deadline", "unreachable",
    "http_404" and the like with the answer as value, "answer_too_long", "answer_not_json".

    Raises:
        ConfigError: A placeholder without a parameter, an address that is not http(s), a missing variable.
    """
    _check(declaration, environment)
    secrets = {name: environment[variable] for name, variable in declaration.headers.items()}

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        headers = dict(secrets)
        if declaration.effect is Effect.WRITE:
            headers[declaration.idempotency_header] = context.idempotency_key
        request = client.build_request(
            declaration.method,
            _filled_url(declaration.url, arguments),
            json=_filled(declaration.body, arguments) if declaration.body is not None else None,
            headers=headers,
            timeout=declaration.deadline_ms / 1000,
        )
        return await _send(client, request, declaration)

    return checked(
        Tool(
            name=declaration.name,
            description=declaration.description,
            parameters=declaration.parameters,
            effect=declaration.effect,
            run=run,
            # A little more than the request's own deadline, so that its clear error comes first.
            timeout_ms=declaration.deadline_ms + 250,
        )
    )


def _check(declaration: HttpDeclaration, environment: Mapping[str, str]) -> None:
    where = f"tool {declaration.name!r}"
    if not declaration.url.startswith(("http://", "https://")):
        raise ConfigError("url must start with http:// or https://", where=where)
    if _PLACEHOLDER.search(declaration.url.split("/")[2]):
        raise ConfigError(
            "the host must not come from an argument", where=where, fix="write the host in the url"
        )
    known = declaration.parameters.get("properties", {})
    for name in sorted(_placeholders(declaration.url) | _placeholders(declaration.body)):
        if name not in known:
            raise ConfigError(
                f"{{{name}}} is no parameter", where=where, fix=f"use one of: {', '.join(known)}"
            )
    for header, variable in declaration.headers.items():
        if not environment.get(variable):
            raise ConfigError(
                f"header {header} needs the environment variable {variable}",
                where=where,
                fix=f"export {variable}=…",
            )


def _placeholders(template: Any) -> set[str]:
    match template:
        case str():
            return set(_PLACEHOLDER.findall(template))
        case Mapping():
            return set().union(*map(_placeholders, template.values()))
        case list() | tuple():
            return set().union(*map(_placeholders, template))
    return set()


def _filled_url(url: str, arguments: Mapping[str, Any]) -> str:
    """Percent-encoded with nothing safe: an argument can never add a path step, a query or a host. A query
    field whose argument was not given is dropped."""
    path, _, query = url.partition("?")
    fields = [
        field
        for field in query.split("&")
        if field and all(name in arguments for name in _PLACEHOLDER.findall(field))
    ]
    template = path + ("?" + "&".join(fields) if fields else "")
    return _PLACEHOLDER.sub(lambda found: _segment(arguments.get(found.group(1), "")), template)


def _segment(value: Any) -> str:
    text = quote(str(value), safe="")
    # "." and ".." survive quoting and would climb the path.
    return text.replace(".", "%2E") if set(text) == {"."} else text


def _filled(template: Any, arguments: Mapping[str, Any]) -> Any:
    """The body with arguments in place; keys whose whole value is an argument not given are left out."""
    match template:
        case str():
            whole = _PLACEHOLDER.fullmatch(template)
            if whole:
                return arguments.get(whole.group(1))
            return _PLACEHOLDER.sub(lambda found: str(arguments.get(found.group(1), "")), template)
        case Mapping():
            filled = {key: _filled(value, arguments) for key, value in template.items()}
            return {key: value for key, value in filled.items() if value is not None or template[key] is None}
        case list() | tuple():
            return [_filled(value, arguments) for value in template]
    return template


async def _send(
    client: httpx.AsyncClient, request: httpx.Request, declaration: HttpDeclaration
) -> ToolResult:
    try:
        async with asyncio.timeout(declaration.deadline_ms / 1000):
            response = await client.send(request, stream=True)
            try:
                content = await _read(response)
            finally:
                await response.aclose()
    except (httpx.TimeoutException, TimeoutError):
        return ToolResult(ok=False, error="deadline")
    except httpx.TransportError as error:
        log.warning("http_tool_unreachable", tool=declaration.name, error=type(error).__name__)
        return ToolResult(ok=False, error="unreachable")
    if content is None:
        return ToolResult(ok=False, error="answer_too_long")
    return _result(response, content)


async def _read(response: httpx.Response) -> bytes | None:
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _ANSWER_MAX_BYTES:
            return None
    return content


def _result(response: httpx.Response, content: bytes) -> ToolResult:
    value: Any = None
    if "json" in response.headers.get("content-type", ""):
        try:
            value = json.loads(content)
        except ValueError:
            return ToolResult(ok=False, error="answer_not_json")
    elif content:
        value = {"text": content.decode(response.encoding or "utf-8", errors="replace")}
    if response.is_success:
        return ToolResult(ok=True, value=value)
    return ToolResult(ok=False, value=value, error=f"http_{response.status_code}")
