"""The Realtime endpoint of a media worker: which agent allows what, and who may connect."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.calls.realtime import ClientSecrets, KeyGate, Offer, RealtimeServer, environment_keys
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.kit import AgentKit
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

    def offer(agent: str) -> Offer | None:
        kit = agents.get(agent)
        return offer_of(kit) if kit is not None else None

    return RealtimeServer(door, gate, offer, guarded=not gate.open_here)


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
