"""`/v1/realtime`: any client of the OpenAI Realtime API at the API's own address, let in by the API's keys.

The session itself is the media worker's (`calls/realtime`): what passes here is relayed as it is. Names and
shapes of client secrets are those of openai 3.54.0.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, Field

from antiphon.calls.realtime.keys import (
    LIFETIME_RANGE_S,
    LIFETIME_S,
    PROTOCOL,
    SECRET_PREFIX,
    ClientSecrets,
    offered_key,
)
from antiphon.errors import AntiphonError, ConfigError, Denied
from antiphon.server.access.roles import Permission
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.relaying import Relay, address_of_worker
from antiphon.server.api.shapes import In
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem, problem_response, status_of
from antiphon.storage.access import KEY_PREFIX

router = APIRouter(prefix="/realtime", route_class=GatedRoute, tags=["realtime"])
sockets = APIRouter()

OWN_SECRET_S: Final = 30  # From this process to the next.
_NO_AGENT: Final = "no such agent: name one with ?model="
_OURS: Final = (KEY_PREFIX, SECRET_PREFIX, "ey")  # A key, a client secret, a token (a JWT begins so).


class ExpiresAfter(In):
    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(default=LIFETIME_S, ge=LIFETIME_RANGE_S[0], le=LIFETIME_RANGE_S[1])


class NewClientSecret(In):
    """`session`: what it begins with, as in `session.update`; its `model` is the agent."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any]


class ClientSecretMade(BaseModel):
    """`expires_at`: seconds since 1970. `session`: what will hold."""

    value: str
    expires_at: int
    session: dict[str, Any]


@router.post("/client_secrets", openapi_extra=needs(Permission.TOKENS_CREATE))
async def create_client_secret(
    wanted: NewClientSecret, who: Who, parts: Parts, control: Current
) -> ClientSecretMade:
    """A secret for a client that must not hold a key: it opens one agent, and expires."""
    if who.kind == "token":
        raise Problem(403, "a token makes no secrets")
    if not who.may(Permission.TALK):
        raise Problem(403, f"this needs the permission {Permission.TALK}")
    agent = wanted.session.get("model")
    if not isinstance(agent, str) or not agent:
        raise Problem(422, "session.model: names the agent")
    if not (await sight_of(who, parts))(agent):
        raise Problem(404, "no such agent")
    try:
        msgspec.msgpack.encode(wanted.session)
    except (ValueError, OverflowError, RecursionError):
        raise Problem(422, "session: holds a value that cannot be passed on") from None
    told = await _told(control, agent, wanted.session)
    for param, reason in told["refused"].items():
        raise Problem(422, f"{param}: {reason}")
    try:
        value, expires_s = _secrets(control).mint(
            agent, wanted.session, wanted.expires_after.seconds, key=who.key_id
        )
    except ValueError as error:
        raise Problem(422, f"session: {error}") from None
    session = {"id": f"sess_{secrets.token_hex(8)}", "object": "realtime.session", **told["session"]}
    return ClientSecretMade(value=value, expires_at=expires_s, session=session)


async def _told(control: Control, agent: str, session: dict[str, Any]) -> dict[str, Any]:
    """Raises: Problem: There is no such agent."""
    try:
        return await control.media.realtime(agent, session)
    except ConfigError:
        raise Problem(404, "no such agent") from None


def _secrets(control: Control) -> ClientSecrets:
    if control.secrets is None:
        raise Problem(503, "no Realtime endpoint on this process")
    return control.secrets


@sockets.websocket("/realtime")
async def realtime(socket: WebSocket) -> None:
    """A session. Whoever is not let in is told why by an HTTP answer in place of the handshake's."""
    control: Control = socket.app.state.control
    try:
        visit = await _admitted(socket, control)
        told = await _told(control, visit.agent, {})
        where = address_of_worker(control.settings.host, told["port"])
        relay = await Relay.connect(where, visit.agent, visit.secret)
    except Problem as problem:
        answer = problem_response(problem.status, problem.detail, fix=problem.fix, headers=problem.headers)
        await socket.send_denial_response(answer)
        return
    except AntiphonError as error:
        await socket.send_denial_response(problem_response(status_of(error), "no Realtime endpoint just now"))
        return
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    await relay.run(socket)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """`secret` is what the media worker is shown."""

    agent: str
    secret: str


async def _admitted(socket: WebSocket, control: Control) -> _Visit:
    """Raises: Problem."""
    parts = control.api
    if parts is None:
        raise Problem(503, "the API is not open on this process")
    if control.draining:
        raise Problem(503, "no new calls: shutting down")
    credential = offered_key(socket.headers)
    agent = socket.query_params.get("model", "")
    if credential.startswith(SECRET_PREFIX):
        return await _by_secret(socket, control, parts, credential)
    if parts.settings.local_is_owner and not credential.startswith(_OURS):
        credential = ""  # The SDKs always send a key; here nobody needs one.
    who = await parts.entrance.admit(
        credential,
        address=_address_of(socket),
        organisation=socket.headers.get("antiphon-organisation", ""),
    )
    if not who.may(Permission.TALK):
        raise Problem(403, f"this needs the permission {Permission.TALK}")
    if not agent or not (await sight_of(who, parts))(agent):
        raise Problem(404, _NO_AGENT)
    if who.kind == "token":
        _not_too_often(who.subject, control)
    secret, _ = _secrets(control).mint(agent, {}, OWN_SECRET_S)
    return _Visit(agent=agent, secret=secret)


async def _by_secret(socket: WebSocket, control: Control, parts: ApiParts, secret: str) -> _Visit:
    """A client secret names its agent, so that the client need not."""
    try:
        told = _secrets(control).read(secret)
    except Denied as error:
        raise parts.entrance.refusal(_address_of(socket), str(error)) from None
    if told.key and not await parts.keys.is_good(told.key):
        raise parts.entrance.refusal(_address_of(socket), "the key of this client secret was revoked")
    if socket.query_params.get("model", told.agent) != told.agent:
        raise Problem(403, "this client secret is for another agent")
    _not_too_often(f"secret:{secret[-32:]}", control)
    return _Visit(agent=told.agent, secret=secret)


def _not_too_often(shown: str, control: Control) -> None:
    if (wait_s := control.offers.wait_s(shown)) > 0:
        raise Problem(429, "too many calls with this token", retry_after_s=wait_s)


def _address_of(socket: WebSocket) -> str:
    return socket.client.host if socket.client else ""
