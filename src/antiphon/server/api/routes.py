"""`/v1/routes`: which agent answers what, by the file this installation was started with. Calls of all its
organisations come in by it, so it is the default organisation's. It is read when the server starts: places,
queues and the lines of trunks hang on it; so what is written here answers calls from the next start on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from antiphon.agents.definition import find_agents, load_agent
from antiphon.agents.definition.problems import FileProblems
from antiphon.calls.routing import routes_of
from antiphon.errors import ConfigError
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.publishing import fault_of, put_file
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem
from antiphon.storage.access import DEFAULT_ORGANISATION, now_ms
from antiphon.storage.disk import on_disk

# Of two who write at once, the second is told.
_WRITING: Final = asyncio.Lock()

router = APIRouter(prefix="/routes", route_class=GatedRoute, tags=["routes"])


@router.get("", openapi_extra=needs(Permission.NUMBERS_READ))
async def get_routes(who: Who, control: Current) -> shapes.Routes:
    """The routes in force."""
    _only_operators(who)
    told = await control.media.routes()
    if not told:
        return shapes.Routes(
            in_force=False, changed=False, text="", file_text="", file_sha256="", time_zone="UTC",
            calls_max=0, routes=[],
        )  # fmt: skip
    now = await on_disk(_text, control.settings.routes)
    fields = {name: told[name] for name in ("text", "time_zone", "calls_max", "routes")}
    changed = now != told["text"]
    return shapes.Routes(in_force=True, changed=changed, file_text=now, file_sha256=_named(now), **fields)


@router.post("/explain", openapi_extra=needs(Permission.NUMBERS_READ))
async def explain_route(
    call: shapes.ImaginedCall, who: Who, parts: Parts, control: Current
) -> shapes.RouteExplained:
    """What would become of a call, by which rule, and why. Limits and queues are not looked at, and nothing
    is done. The caller comes in the body: in an address he would be in logs."""
    _only_operators(who)
    told = await control.media.routes()
    if not told:
        fix = "antiphon serve --routes FILE"
        raise Problem(409, "no routes are in force: agents are called by their names", fix=fix)
    owners = await parts.organisations.owners()
    others = {agent for agent, owner in owners.items() if owner != who.organisation_id}
    explained = await control.media.explain_route(
        call.called,
        caller=call.caller,
        at_ms=call.at_ms if call.at_ms is not None else now_ms(),
        language=call.language,
        hidden=sorted(others - set(told["agents"])),
    )
    return shapes.RouteExplained(**explained)


@router.post("/check", openapi_extra=needs(Permission.NUMBERS_WRITE))
async def check_routes(
    file: shapes.RoutesText, who: Who, parts: Parts, control: Current
) -> shapes.RoutesJudgement:
    """Everything that is wrong with a routes file, with line, field and fix. Nothing is kept. Agents are your
    own and those that the file in force names."""
    _only_operators(who)
    return await _judgement(file.text, who, parts, control)


@router.put("", openapi_extra=needs(Permission.NUMBERS_WRITE))
async def put_routes(file: shapes.RoutesPut, who: Who, parts: Parts, control: Current) -> shapes.Routes:
    """Write the file the server was started with, if nothing is wrong with it. It is in force from the next
    start on."""
    _only_operators(who)
    path = control.settings.routes
    if path is None:
        raise Problem(409, "the server was started without a routes file", fix="antiphon serve --routes FILE")
    judged = await _judgement(file.text, who, parts, control)
    if not judged.ok:
        first = judged.faults[0]
        where = f"line {first.line}: {first.field}: " if first.field else f"line {first.line}: "
        raise Problem(422, f"{where}{first.message}", fix=first.fix or "POST /v1/routes/check shows all")
    async with _WRITING:
        known = await on_disk(_text, path)
        if _named(known) != file.instead_of:
            raise Problem(409, "the file is another one by now", fix="read it again, and change that one")
        await on_disk(put_file, path, file.text, folder="the folder of routes")
    return await get_routes(who, control)


async def _judgement(text: str, who: Principal, parts: ApiParts, control: Control) -> shapes.RoutesJudgement:
    told = await control.media.routes()
    may_see, named = await sight_of(who, parts), set(told.get("agents", ()))
    return await on_disk(_judged, text, parts.serve.agents, lambda agent: may_see(agent) or agent in named)


def _only_operators(who: Principal) -> None:
    if who.organisation_id != DEFAULT_ORGANISATION:
        raise Problem(404, "your organisation has no routes")


def _text(file: Path | None) -> str:
    """ "" where it cannot be read any more."""
    try:
        return file.read_bytes().decode("utf-8-sig") if file is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _named(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _judged(text: str, folder: Path, may_see: Callable[[str], bool]) -> shapes.RoutesJudgement:
    agents = {}
    for path in find_agents([folder]).values():
        with contextlib.suppress(ConfigError):  # An agent that is broken cannot be called.
            definition = load_agent(path)
            agents[definition.name] = definition.digest
    try:
        routes_of(text, {name: digest for name, digest in agents.items() if may_see(name)})
    except FileProblems as error:
        return shapes.RoutesJudgement(ok=False, faults=[fault_of(one) for one in error.problems])
    return shapes.RoutesJudgement(ok=True, faults=[])
