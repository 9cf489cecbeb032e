"""The Realtime endpoint of a media worker: which agent allows what, and who may connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from antiphon.calls.realtime import ClientSecrets, KeyGate, Offer, RealtimeServer, environment_keys
from antiphon.calls.realtime.config import SessionConfig, updated
from antiphon.errors import ConfigError
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.kit import AgentKit
from antiphon.server.rpc import Method
from antiphon.server.wiring import STREAM_SECRET

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def key_gate(host: str, environ: Mapping[str, str]) -> KeyGate:
    """Keys from the environment; without any, whoever is on this machine."""
    secret = environ.get(STREAM_SECRET, "")
    secrets = ClientSecrets(secret.encode()) if secret else None
    return KeyGate(environment_keys(environ), secrets, loopback=host in LOOPBACK_HOSTS)


def realtime_server(
    door: Switchboard, agents: Mapping[str, AgentKit], host: str, environ: Mapping[str, str]
) -> RealtimeServer:
    """Args: host: what the listener is bound to."""
    gate = key_gate(host, environ)
    return RealtimeServer(door, gate, offers_of(agents), guarded=not gate.open_here)


Offers = Callable[[str], Offer | None]


def offers_of(agents: Mapping[str, AgentKit]) -> Offers:
    """By name, None where there is no such agent; `agents` may change."""

    def offer(agent: str) -> Offer | None:
        kit = agents.get(agent)
        return offer_of(kit) if kit is not None else None

    return offer


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the control process is told of a session that somebody wants.

    Attributes:
        port: Where the media worker listens.
        session: What would hold, as `session.created` shows it.
        refused: Fields that are not honoured, as paths, each with the reason.
    """

    port: int
    session: dict[str, Any]
    refused: dict[str, str]


def realtime_methods(offers: Offers, port: Callable[[], int]) -> dict[str, Method]:
    """For the control process: `MediaClient.realtime`."""

    async def realtime(agent: str, session: dict[str, Any]) -> dict[str, Any]:
        offer = offers(agent)
        if offer is None:
            raise ConfigError(f"no agent named {agent!r}")
        config, refused = updated(SessionConfig(manual=offer.push_to_talk), offer, session, begun=False)
        told = Answered(
            port=port(),
            session=config.shown(offer),
            refused={one.param: one.message for one in refused},
        )
        return dict(msgspec.to_builtins(told))

    return {"realtime": realtime}


def offer_of(kit: AgentKit) -> Offer:
    """What an agent lets a client of it set."""
    turn = kit.definition.policy.turn
    unified = kit.unified is not None
    return Offer(
        agent=kit.definition.name,
        voice=kit.voices[0].name if kit.voices else "",
        recogniser=kit.unified.name if kit.unified is not None else kit.recognisers[0][0],
        stop_silence_ms=turn.stop_silence_max_ms,
        push_to_talk=turn.endpointing == "push_to_talk",
        takes_words=unified or kit.make_reasoner_with is not None,
        takes_later=not unified and kit.make_reasoner_with is not None,
        takes_text=not unified,
        own_tools=frozenset(
            [*kit.tools, *(name.replace(".", "_") for name in kit.tools), "end_call", "hand_over_to_person"]
        ),
    )
