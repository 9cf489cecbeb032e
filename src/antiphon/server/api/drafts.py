"""Agents looked into: what an agent file is made of, its tools tried by hand, a draft called before anybody
else can call it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Query

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.flows.graph import flow_graph
from antiphon.agents.flows.load import load_flow
from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.agents.tools import Toolbox
from antiphon.agents.tools.registry import checked
from antiphon.agents.tools.toolsets import build_tools
from antiphon.errors import AntiphonError, ConfigError
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.agents import no_such_agent
from antiphon.server.api.call_shelf import owner
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.publishing import beside, file_of, judged, refuse_faulty
from antiphon.server.control import Current
from antiphon.server.problems import Problem, without_files
from antiphon.storage.disk import on_disk

router = APIRouter(prefix="/agents", route_class=GatedRoute, tags=["agents"])

ANSWER_MAX_CHARS: Final = 20_000


@router.post("/inspect", openapi_extra=needs(Permission.AGENTS_WRITE))
async def inspect_draft(file: shapes.AgentText, parts: Parts) -> shapes.Inspection:
    """What a file that is not kept anywhere is made of, and everything that is wrong with it."""
    return await on_disk(_inspected, parts.serve.agents, parts.serve.home, file.text)


@router.get("/{agent}/inspect", openapi_extra=needs(Permission.AGENTS_READ))
async def inspect_agent(
    agent: shapes.AgentName, who: Who, parts: Parts, version: int = Query(default=0, ge=0, le=2**31 - 1)
) -> shapes.Inspection:
    """What an agent is made of: persona, tools, and its flow as a graph. `version` 0 is what is live."""
    if version:
        found = await parts.versions.find(who.organisation_id, agent, version)
        if found is None:
            raise Problem(404, "no such version")
        text = found.text
    else:
        path = await _live_file(agent, who.organisation_id, parts)
        text = await on_disk(path.read_text, encoding="utf-8")
    return await on_disk(_inspected, parts.serve.agents, parts.serve.home, text)


@router.post("/{agent}/tools/{tool}/test", openapi_extra=needs(Permission.AGENTS_WRITE))
async def test_tool(
    agent: shapes.AgentName, tool: str, wanted: shapes.ToolTest, who: Who, parts: Parts
) -> shapes.ToolTested:
    """Try a tool of the live agent with these arguments.

    One that only reads is run. One that changes the world is not: its arguments are checked, and nothing is
    done (`ran` is false).
    """
    path = await _live_file(agent, who.organisation_id, parts)
    found = await on_disk(_tool, path, parts.serve.home, tool)
    if found.effect is not Effect.NONE:
        refusal = await _arguments_refused(found, wanted.arguments)
        return shapes.ToolTested(ran=False, ok=not refusal, error=refusal, value=None, took_ms=0)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    context = ToolContext(
        call_id=f"test-{secrets.token_hex(4)}",
        idempotency_key=secrets.token_hex(16),
        now=datetime.now(_definition(path).zone),
    )
    try:
        async with asyncio.timeout(found.timeout_ms / 1000):
            result = await Toolbox([found]).run(found.name, wanted.arguments, context)
    except TimeoutError:
        result = ToolResult(ok=False, error="deadline")
    took_ms = int((loop.time() - began_s) * 1000)
    return shapes.ToolTested(
        ran=True, ok=result.ok, error=result.error, value=_bounded(result.value), took_ms=took_ms
    )


@router.post("/{agent}/try", status_code=201, openapi_extra=needs(Permission.AGENTS_WRITE))
async def try_draft(
    agent: shapes.AgentName, file: shapes.AgentText, who: Who, parts: Parts, control: Current
) -> shapes.Tryout:
    """Make a draft callable under a name that only you are told, for half an hour. Its calls are real ones:
    what its tools do is done."""
    await _live_file(agent, who.organisation_id, parts)
    await refuse_faulty(parts, agent, file.text)
    with beside(parts.serve.agents, file.text) as path:
        try:
            told = await control.media.try_agent(path.name)
        except ConfigError as error:
            raise Problem(422, f"it cannot be served here: {without_files(str(error))}") from None
    return shapes.Tryout(**told)


async def _live_file(agent: str, organisation_id: str, parts: Any) -> Path:
    """Raises: Problem: 404; there is none, or it is another organisation's."""
    owners = await parts.organisations.owners()
    path: Path = await on_disk(file_of, parts.serve.agents, agent)
    if owner(owners, agent) != organisation_id or not await on_disk(path.is_file):
        raise no_such_agent()
    return path


def _definition(path: Path) -> AgentDefinition:
    return load_agent(path)


def _tool(path: Path, home: Path, name: str) -> Tool:
    """Raises: Problem: 404; the agent has no such tool. 409; they cannot be made here."""
    try:
        tools = {tool.name: tool for tool in build_tools(load_agent(path), home)}
    except AntiphonError as error:
        raise Problem(409, f"its tools cannot be made here: {without_files(str(error))}") from None
    if name not in tools:
        raise Problem(404, "the agent has no such tool")
    return tools[name]


async def _arguments_refused(tool: Tool, arguments: dict[str, Any]) -> str:
    """What the schema has against them, "" for nothing; the tool itself is out of reach."""

    async def nothing(_: Any, __: ToolContext) -> ToolResult:
        return ToolResult(ok=True)

    plain = checked(
        Tool(
            name=tool.name, description=tool.description, parameters=tool.parameters, effect=tool.effect,
            run=nothing,
        )
    )  # fmt: skip
    context = ToolContext(call_id="test", idempotency_key="test", now=datetime.now().astimezone())
    return (await plain.run(arguments, context)).error


def _bounded(value: Any) -> Any:
    return value if len(repr(value)) <= ANSWER_MAX_CHARS else "the answer is too long to be shown"


def _inspected(folder: Path, home: Path, text: str) -> shapes.Inspection:
    judgement = judged(folder, text)
    told = shapes.Inspection(**judgement.model_dump())
    try:
        with beside(folder, text) as path:
            definition = load_agent(path)
            _fill(told, definition, home)
    except (ConfigError, OSError):
        pass  # What is wrong is among the faults.
    return told


def _fill(told: shapes.Inspection, definition: AgentDefinition, home: Path) -> None:
    persona, reasoning = definition.persona, definition.reasoning
    told.persona = shapes.PersonaShown(name=persona.name, role=persona.role, style=persona.style)
    told.greeting, told.language = definition.opening, definition.language
    told.models = list(reasoning.models)
    told.voices, told.recognisers = list(definition.speech.tts), list(definition.speech.stt)
    tools = build_tools(definition, home)
    used = set(reasoning.tools)
    told.tools = [
        shapes.ToolShown(
            name=tool.name,
            description=tool.description,
            parameters=dict(tool.parameters),
            changes_the_world=tool.effect is not Effect.NONE,
            used=tool.name in used,
        )
        for tool in tools
    ]
    if reasoning.flow_path is not None:
        graph = flow_graph(load_flow(reasoning.flow_path, [tool.name for tool in tools]))
        told.graph = shapes.FlowShown(**asdict(graph))
