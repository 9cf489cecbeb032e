"""The API in this process: a real database in a folder, real traces and agent files, and a media worker's
methods in place of its socket."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
from tests.doubles.databases import put_database

from antiphon.calls.placing import CallPlacer, wanted_from
from antiphon.calls.realtime import ClientSecrets, Offer
from antiphon.calls.routing import RoutingTable
from antiphon.calls.streams import StreamTokens
from antiphon.errors import AntiphonError, Denied
from antiphon.server.access.roles import Role
from antiphon.server.api.parts import ApiParts, open_parts
from antiphon.server.app import create_app
from antiphon.server.control import Control
from antiphon.server.keeping.service import follower_of
from antiphon.server.realtime import realtime_methods
from antiphon.server.routes_told import route_methods
from antiphon.server.settings import ServeSettings
from antiphon.storage.access import DEFAULT_ORGANISATION, new_key
from antiphon.storage.access.database import DATABASE_VARIABLE
from antiphon.storage.traces import trace_path
from antiphon.trust.dialling import dial_rules

ROOT = Path(__file__).resolve().parents[2]
TRACES = ROOT / "tests" / "golden" / "traces"
BASE = "http://127.0.0.1:8080"
OUTSIDE = {"ANTIPHON_AUTH": "required", "ANTIPHON_API_RATE_PER_MINUTE": "1000000"}
CALL = "goodbye_is_clipped"
LIVE = "20261125-1-live"
SECRET = b"0123456789abcdef"  # Of the boot: what the two processes share.


@dataclass(slots=True)
class Media:
    """`MediaClient`'s methods, and what was asked of them. `refusal` is raised by what changes calls, `lost`
    in place of the answer to what was placed; at `realtime_port` the media worker's Realtime endpoint is said
    to be."""

    placer: CallPlacer
    lost: AntiphonError | None = None
    names: list[str] = field(default_factory=lambda: ["clinic"])
    up: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    news: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    refusal: AntiphonError | None = None
    folder: Path = Path()
    realtime_port: int = 9  # Nobody listens there.
    offers: Callable[[str], Offer | None] | None = None
    table: RoutingTable | None = None

    async def offer(
        self, agent: str, sdp: str, language: str, *, push_to_talk: bool = False
    ) -> dict[str, str]:
        self._ask("offer", agent, *(["push to talk"] if push_to_talk else []))
        return {"line_id": "line", "sdp": "v=0 answer", "type": "answer"}

    async def close_line(self, line_id: str) -> bool:
        return line_id == "line"

    def offered(self, agent: str) -> Offer | None:
        if self.offers is not None:
            return self.offers(agent)
        return Offer(agent=agent, voice="robin", recogniser="told") if agent in self.names else None

    async def realtime(self, agent: str, session: dict[str, Any]) -> dict[str, Any]:
        asks = realtime_methods(self.offered, lambda: self.realtime_port)["realtime"]
        return dict(await asks(agent, session))

    def _ask(self, *what: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(what)

    async def agents(self) -> list[dict[str, Any]]:
        return [{"name": name, "title": name.title(), "role": "", "language": "en-US"} for name in self.names]

    async def active(self) -> list[dict[str, Any]]:
        return list(self.up)

    async def place(self, wanted: dict[str, Any]) -> dict[str, str]:
        told = await self.placer.place(wanted_from(wanted))
        if self.lost is not None:
            raise self.lost
        return told

    async def placed(self, key: str) -> dict[str, str]:
        return self.placer.told(key)

    async def end_call(self, call_id: str) -> None:
        self._ask("end", call_id)

    async def whisper(self, call_id: str, words: str) -> None:
        self._ask("whisper", call_id, words)

    async def join_room(self, agent: str, room: str) -> None:
        self._ask("join", agent, room)

    async def live(self) -> dict[str, Any]:
        return dict(self.shown)

    async def operate(self, call_id: str, act: str, digits: str = "") -> None:
        self._ask("operate", call_id, act, digits)

    async def take_over(self, call_id: str, sdp: str, *, by: str) -> dict[str, str]:
        self._ask("take_over", call_id, sdp, by)
        return {"line_id": "line", "sdp": "answer", "type": "answer"}

    async def follow(self, call_id: str, *, sound: bool, by: str) -> dict[str, Any]:
        self._ask("follow", call_id, "sound" if sound else "words", by)
        return {"ear": "ear", "encoding": "pcm_mulaw", "sample_rate_hz": 8000}

    async def followed(self, ear: str) -> dict[str, Any]:
        return await self.news.get()

    async def unfollow(self, ear: str) -> None:
        self.asked.append(("unfollow", ear))

    async def pass_on(self, call_id: str, target: str) -> str:
        if target == "+4930111111":
            raise Denied("not among the targets")
        self._ask("pass_on", call_id, target)
        return target or "+12125550100"

    async def try_agent(self, file: str) -> dict[str, Any]:
        self._ask("try", (self.folder / file).read_text(encoding="utf-8"))
        return {"agent": "draft-0123456789abcdef", "good_until_ms": 2**41}

    async def routes(self) -> dict[str, Any]:
        return dict(await route_methods(self.table)["routes"]())

    async def explain_route(self, called: str, **asked: Any) -> dict[str, Any]:
        return dict(await route_methods(self.table)["explain_route"](called=called, **asked))

    async def reload_agent(self, file: str) -> None:
        self._ask("reload", file)

    async def outcome(self, key: str) -> dict[str, str]:
        return {}

    async def status(self) -> dict[str, Any]:
        return {"ready": True}


@dataclass(slots=True, kw_only=True)
class ApiWorld:
    """One installation."""

    home: Path
    media: Media
    control: Control
    parts: ApiParts
    app: Any  # FastAPI, to be handed to a transport.
    http: httpx.AsyncClient

    async def key(self, role: Role, organisation: str = DEFAULT_ORGANISATION, **other: Any) -> str:
        return await self.parts.keys.create(replace(new_key(organisation, str(role), role, "test"), **other))

    async def organisation(self, name: str, *agents: str) -> str:
        made = await self.parts.organisations.create(name)
        for agent in agents:
            await self.parts.organisations.claim(agent, made.id)
        return made.id

    def client(self, credential: str = "", **headers: str) -> httpx.AsyncClient:
        shown = {"authorization": f"Bearer {credential}"} if credential else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=shown | headers)

    async def index(self) -> None:
        """Take the calls on record into the index, as the server does every second."""
        await follower_of(self.home, self.parts.records).catch_up()

    def put_call(self, call_id: str, agent: str, source: str = CALL, at_ms: int = 0) -> Path:
        """A real trace under another id, agent and time (its own where 0)."""
        header, rest = (TRACES / f"{source}.jsonl").read_bytes().split(b"\n", 1)
        facts = msgspec.json.decode(header)
        facts |= {"call_id": call_id, "agent": agent} | ({"wall_time_ms": at_ms} if at_ms else {})
        path = trace_path(self.home / "calls", call_id, facts["wall_time_ms"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(facts) + b"\n" + rest)
        return path


@asynccontextmanager
async def api_world(
    home: Path, environ: Mapping[str, str] = OUTSIDE, **settings: Any
) -> AsyncIterator[ApiWorld]:
    """With the clinic agent, and two of its calls on record."""
    agents = home / "agents"
    shutil.copytree(ROOT / "agents", agents, ignore=shutil.ignore_patterns(".*"))
    serve = ServeSettings(**{"home": home, "agents": agents, **settings})
    if DATABASE_VARIABLE not in environ:
        put_database(home)
    parts = await open_parts(serve, environ)
    placer = CallPlacer(dial_rules(environ), agents={"clinic"}, controls={}, base_url=serve.public_url)
    media: Any = Media(placer=placer, folder=agents)
    tokens, secrets = StreamTokens(SECRET), ClientSecrets(SECRET)
    control = Control(settings=serve, media=media, tokens=tokens, secrets=secrets, api=parts)
    app = create_app(control, home / "static")
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            world = ApiWorld(home=home, media=media, control=control, parts=parts, app=app, http=http)
            world.put_call(CALL, "clinic")
            world.put_call("another", "clinic", "agent_repeats_what_was_heard")
            await world.index()
            yield world
    finally:
        await parts.close()


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer, which must be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
