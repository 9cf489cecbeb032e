"""`/v1/agents`: look, judge, keep versions, compare them, publish, go back."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Query

from antiphon.agents.definition import agent_schema
from antiphon.errors import AntiphonError, ConfigError
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.call_shelf import owner
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.publishing import file_of, judged, put_file, refuse_faulty
from antiphon.server.api.telling import tell
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem, without_files
from antiphon.storage.access import AgentVersion
from antiphon.storage.disk import on_disk

router = APIRouter(prefix="/agents", route_class=GatedRoute, tags=["agents"])


@router.get("", openapi_extra=needs(Permission.AGENTS_READ))
async def list_agents(who: Who, parts: Parts, control: Current) -> shapes.Agents:
    """Your organisation's agents that are served now."""
    owners = await parts.organisations.owners()
    served = [
        entry
        for entry in await control.media.agents()
        if owner(owners, entry["name"]) == who.organisation_id and who.agent in ("", entry["name"])
    ]
    return shapes.Agents(
        agents=[shapes.Agent(**await _agent(parts, who.organisation_id, entry)) for entry in served]
    )


@router.get("/schema", openapi_extra=needs(Permission.AGENTS_READ))
async def agent_file_schema() -> dict[str, Any]:
    """JSON Schema of an agent file, for editors."""
    return agent_schema()


@router.post("/validate", openapi_extra=needs(Permission.AGENTS_WRITE))
async def validate_agent(file: shapes.AgentText, parts: Parts) -> shapes.Judgement:
    """Everything that is wrong with an agent file, with line, field and fix. Nothing is kept."""
    return await on_disk(judged, parts.serve.agents, file.text)


@router.get("/{agent}", openapi_extra=needs(Permission.AGENTS_READ))
async def get_agent(agent: shapes.AgentName, who: Who, parts: Parts, control: Current) -> shapes.AgentDetail:
    """An agent, its live file and its versions, newest first."""
    entry = await _entry(agent, who.organisation_id, parts, control)
    if who.agent not in ("", agent):
        raise no_such_agent()
    path = await on_disk(file_of, parts.serve.agents, agent)
    versions = await parts.versions.of(who.organisation_id, agent)
    return shapes.AgentDetail(
        **await _agent(parts, who.organisation_id, entry),
        text=await on_disk(_text_of, path),
        versions=[shapes.VersionHead(**_head(version)) for version in versions],
    )


@router.post("/{agent}/versions", status_code=201, openapi_extra=needs(Permission.AGENTS_WRITE))
async def create_version(
    agent: shapes.AgentName, file: shapes.NewVersion, who: Who, parts: Parts, control: Current
) -> shapes.Version:
    """Keep a version; callers notice nothing until it is published. A file with errors is refused, and so is
    a name that is taken."""
    await refuse_faulty(parts, agent, file.text)
    served = {entry["name"] for entry in await control.media.agents()}
    owners = await parts.organisations.owners()
    # Served and unclaimed belongs to the default organisation, who need not claim it.
    taken = owner(owners, agent) != who.organisation_id and (agent in served or agent in owners)
    if taken or not await parts.organisations.claim(agent, who.organisation_id):
        raise Problem(409, "this name cannot be had", fix="choose another name")
    if not await parts.versions.of(who.organisation_id, agent) and agent in served:
        # What was live before the API was used is version 1, so that one can go back to it.
        path = await on_disk(file_of, parts.serve.agents, agent)
        first = await parts.versions.add(
            who.organisation_id, agent, await on_disk(_text_of, path), note="as it was", by="file"
        )
        await parts.versions.mark_published(who.organisation_id, agent, first.version)
    version = await parts.versions.add(who.organisation_id, agent, file.text, note=file.note, by=who.subject)
    return shapes.Version(**_version(version))


@router.get("/{agent}/versions/{version}", openapi_extra=needs(Permission.AGENTS_READ))
async def get_version(agent: shapes.AgentName, version: int, who: Who, parts: Parts) -> shapes.Version:
    """One version with its text."""
    return shapes.Version(**_version(await _found(parts, who.organisation_id, agent, version)))


@router.get("/{agent}/diff", openapi_extra=needs(Permission.AGENTS_READ))
async def diff_versions(
    agent: shapes.AgentName,
    who: Who,
    parts: Parts,
    before: int = Query(ge=1),
    after: int = Query(ge=1),
) -> shapes.Difference:
    """What changed between two versions."""
    old = await _found(parts, who.organisation_id, agent, before)
    new = await _found(parts, who.organisation_id, agent, after)
    names = (f"{agent} {before}", f"{agent} {after}")
    lines = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), *names, lineterm="")
    return shapes.Difference(before=before, after=after, diff="\n".join(lines))


@router.post("/{agent}/diff", openapi_extra=needs(Permission.AGENTS_READ))
async def diff_draft(
    agent: shapes.AgentName, file: shapes.CompareText, who: Who, parts: Parts, control: Current
) -> shapes.Difference:
    """What changes from a version, or from what is live (0), to a text that is not kept anywhere."""
    if file.version:
        before = (await _found(parts, who.organisation_id, agent, file.version)).text
    else:
        await _entry(agent, who.organisation_id, parts, control)
        path = await on_disk(file_of, parts.serve.agents, agent)
        before = await on_disk(_text_of, path)
    name = f"{agent} {file.version}" if file.version else f"{agent} live"
    lines = difflib.unified_diff(
        before.splitlines(), file.text.splitlines(), name, f"{agent} draft", lineterm=""
    )
    return shapes.Difference(before=file.version, after=0, diff="\n".join(lines))


@router.post("/{agent}/versions/{version}/publish", openapi_extra=needs(Permission.AGENTS_PUBLISH))
async def publish_version(
    agent: shapes.AgentName, version: int, who: Who, parts: Parts, control: Current
) -> shapes.Publication:
    """Make a version live: calls from now on are answered by it, calls that are up go on as they began."""
    found = await _found(parts, who.organisation_id, agent, version)
    return await _publish(found, parts, control)


@router.post("/{agent}/rollback", openapi_extra=needs(Permission.AGENTS_PUBLISH))
async def roll_back(agent: shapes.AgentName, who: Who, parts: Parts, control: Current) -> shapes.Publication:
    """Make the version live again that was live before."""
    versions = await parts.versions.of(who.organisation_id, agent)
    published = sorted(
        (version for version in versions if version.published_at_ms is not None),
        key=lambda version: version.published_at_ms or 0,
    )
    if len(published) < 2:
        raise Problem(409, "no version was live before", fix="publish one by its number")
    return await _publish(published[-2], parts, control)


async def _publish(version: AgentVersion, parts: ApiParts, control: Control) -> shapes.Publication:
    agent = version.agent
    await refuse_faulty(parts, agent, version.text)
    path = await on_disk(file_of, parts.serve.agents, agent)
    before = await on_disk(_text_of, path)
    await on_disk(put_file, path, version.text)
    try:
        await control.media.reload_agent(path.name)
    except AntiphonError as error:
        # What is on disk is what a restart would serve: it stays what is served now.
        await (on_disk(put_file, path, before) if before else on_disk(path.unlink, missing_ok=True))
        if isinstance(error, ConfigError):
            raise Problem(422, f"it cannot be served here: {without_files(str(error))}") from None
        raise
    await parts.versions.mark_published(version.organisation_id, agent, version.version)
    published = {"agent": agent, "version": version.version}
    await tell(parts, version.organisation_id, "agent.published", published, agent=agent)
    return shapes.Publication(agent=agent, version=version.version)


async def _entry(agent: str, organisation_id: str, parts: ApiParts, control: Control) -> Mapping[str, Any]:
    """Raises Problem: 404; unknown here, which another's is too."""
    owners = await parts.organisations.owners()
    served = {entry["name"]: entry for entry in await control.media.agents()}
    if owner(owners, agent) == organisation_id and (agent in served or agent in owners):
        return served.get(agent, {"name": agent, "served": False})
    raise no_such_agent()


def no_such_agent() -> Problem:
    return Problem(404, "no such agent")


async def _found(parts: ApiParts, organisation_id: str, agent: str, version: int) -> AgentVersion:
    found = await parts.versions.find(organisation_id, agent, version) if 0 < version < 2**31 else None
    if found is None:
        raise Problem(404, "no such version")
    return found


async def _agent(parts: ApiParts, organisation_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    published = await parts.versions.published(organisation_id, entry["name"])
    return {
        "name": entry["name"],
        "title": entry.get("title", ""),
        "role": entry.get("role", ""),
        "language": entry.get("language", ""),
        "served": entry.get("served", True),
        "published": published.version if published else None,
    }


def _head(version: AgentVersion) -> dict[str, Any]:
    return {name: value for name, value in asdict(version).items() if name in shapes.VersionHead.model_fields}


def _version(version: AgentVersion) -> dict[str, Any]:
    return {name: value for name, value in asdict(version).items() if name in shapes.Version.model_fields}


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
