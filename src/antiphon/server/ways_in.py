"""How calls come to a media worker other than by a carrier's stream: routes, and SIP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from antiphon.agents.definition import AgentDefinition
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.livekit import LiveKitRooms, livekit_settings
from antiphon.calls.ports import ColdTransfer, gathered_headers
from antiphon.calls.routing import Forward, Refused, RoutedSwitchboard, ToAgent, load_routes
from antiphon.calls.sip import SipControl, SipLines, sip_routes
from antiphon.calls.sip.lines import Router, Taken
from antiphon.calls.sip.settings import ROUTES as SIP_ROUTES
from antiphon.errors import ConfigError
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaPlane
from antiphon.server.rpc import Method
from antiphon.server.wiring import CallExchange, WorkerOptions
from antiphon.storage.home import calls_directory, home_directory
from antiphon.storage.keys import keyring


def routing_of(
    options: WorkerOptions, definitions: Sequence[AgentDefinition], exchange: Exchange, plane: MediaPlane
) -> RoutedSwitchboard | None:
    """Raises: ConfigError: The routes file is wrong."""
    if options.routes is None:
        return None
    table = load_routes(options.routes, {one.name: one.digest for one in definitions})
    return RoutedSwitchboard(
        exchange,
        table,
        plane=plane,
        clock=LoopClock(),
        calls_directory=calls_directory(),
        trace_keys=keyring(home_directory()),
    )


def sip_lines_of(
    options: WorkerOptions,
    exchange: Exchange,
    routing: RoutedSwitchboard | None,
    desk: TransferDesk,
    control: SipControl,
) -> SipLines | None:
    """Raises: ConfigError: A route in the environment is wrong, or there are two sets of routes."""
    if options.sip_socket is None:
        return None
    door, routes = routing or exchange, sip_routes(os.environ)
    if routing is not None and routes:
        raise ConfigError(
            f"routes are in {options.routes} too", where=SIP_ROUTES, fix="move them there, as `to: sip:USER`"
        )

    lines = SipLines(
        LegsFirst(door, desk),
        options.sip_socket,
        exchange.agents,
        routes=routes,
        has_room=lambda: exchange.has_room,
        router=sip_router(routing) if routing is not None else None,
        users=routing.sip_users if routing is not None else (),
        escalation=partial(passed_on_by_sip, door),
    )
    control.connect(lines, desk.report)
    return lines


def passed_on_by_sip(door: CallExchange, call_id: str) -> ColdTransfer | None:
    """To whom the caller of a call that is over goes, with what was gathered; None ends it."""
    outcome = door.outcome(call_id)
    if outcome is None or not outcome.escalate_to:
        return None
    gathered = gathered_headers(outcome.reason, outcome.summary)
    comes_back = outcome.cause == "escalated"  # Who waited in line for an agent had none yet.
    return ColdTransfer(to=outcome.escalate_to, headers=gathered, comes_back=comes_back)


def sip_router(routing: RoutedSwitchboard) -> Router:
    def taken(user: str, caller: str, sip_call_id: str) -> Taken:
        answer = routing.route(f"sip:{user}", caller=caller, call_key=sip_call_id).answer
        return Taken(
            agent=answer.agent if isinstance(answer, ToAgent) else "",
            forward=answer.target if isinstance(answer, Forward) else "",
            reason=answer.reason if isinstance(answer, Refused) else "",
        )

    return taken


def livekit_rooms_of(door: Switchboard) -> LiveKitRooms | None:
    """Raises: ConfigError: The environment names an SFU, but not all of it."""
    settings = livekit_settings(os.environ)
    return LiveKitRooms(door, settings) if settings is not None else None


def line_methods(sip: SipLines | None, rooms: LiveKitRooms | None) -> dict[str, Method]:
    methods: dict[str, Method] = {}
    if sip is not None:
        methods |= {
            "sip_transfer": sip.transfer,
            "sip_hold": sip.hold,
            "sip_press": sip.press,
        }
    methods["livekit_join"] = _no_rooms if rooms is None else rooms.join
    return methods


async def _no_rooms(*, agent: str, room: str) -> None:
    raise ConfigError(
        "no LiveKit server is known here", fix="set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
    )
