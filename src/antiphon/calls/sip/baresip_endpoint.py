"""`SipEndpoint` on baresip-python: one native stack in this process, one user agent for each user part that
is answered. The stack picks the user agent by the request URI, which it tells nobody; so the user agent is
how we know it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from baresip import Account, BaresipError, Call, Config, Runtime, UserAgent
from baresip.errors import RegistrationError
from baresip.events import Event, StackEvent

from antiphon.calls.sip.baresip_leg import BaresipLeg
from antiphon.calls.sip.media_peers import MediaPeers
from antiphon.calls.sip.peers import listen_only_to, refused_packets
from antiphon.calls.sip.port import EndpointEvents, Invite
from antiphon.calls.sip.settings import SipSettings, SipTrunk
from antiphon.errors import CallFailed, ConfigError

log = structlog.get_logger(__name__)

DEAD_PEER_S = 30  # No RTP for so long: the far end is gone without a BYE.
REGISTER_WITHIN_S = 20.0
# Opus is last of what we offer: a telephone network has none of it, and its audio here is 8 kHz all the
# same. Its name ends in the channels of `opus_stereo`, not in those of its SDP.
_CODECS = ("pcmu", "pcma", "opus/48000/1")
# Without it the stack answers as if video had been agreed, finds that it was not, and sends every caller a
# re-INVITE 50 to 150 ms after the answer, in the middle of the greeting.
_NO_VIDEO = "video_codecs=none"
_CATCH_ALL = "catchall=yes"
_UNROUTED = "unrouted"
_TO = "To"  # Of calls that only the catch-all took, it is all we are told of what was called.
_NO_CODEC = "No common audio or video codecs"  # The stack's words for its 488.
_RECENT_EVENTS = 256  # Of all calls: many turns of the loop.


class BaresipEndpoint:
    """Implements `SipEndpoint`. One a process, once: the native stack cannot be started twice."""

    def __init__(self, settings: SipSettings, events: EndpointEvents) -> None:
        self._settings, self._events = settings, events
        self._runtime = Runtime()
        self._agents: dict[tuple[str, str], UserAgent] = {}
        self._routed: set[str] = set()
        self._legs: set[BaresipLeg] = set()
        self._registering: set[asyncio.Task[None]] = set()
        self._offers_refused = 0
        self._media_peers = MediaPeers(settings.media_peers, settings.rtp_ports)
        self._recent: deque[StackEvent] = deque(maxlen=_RECENT_EVENTS)

    async def start(self) -> None:
        settings = self._settings
        address = (settings.host, settings.port)
        try:
            await self._runtime.start(_stack_config(settings))
        except BaresipError as error:
            raise ConfigError(
                f"cannot speak SIP on {settings.host}:{settings.port} ({error})",
                where="--sip",
                fix="stop what uses it, or choose another address or port with --sip",
            ) from error
        self._runtime.on_dead = self._events.died
        self._runtime.subscribe(self._happened)
        self._media_peers.check()
        if settings.peers:
            listen_only_to(settings.peers, address)
        for trunk in settings.trunks:
            await self._open_trunk(trunk)

    async def route(self, users: Sequence[str], *, catch_all: bool) -> None:
        # A user agent cannot be taken back, and need not be: agents change with the media worker's restart,
        # and a call for one that is gone is refused there.
        for user in users:
            if user not in self._routed:
                self._routed.add(user)
                await self._agent(self._account(user), user)
        if catch_all and _UNROUTED not in self._routed:
            self._routed.add(_UNROUTED)
            await self._agent(self._account(_UNROUTED, _CATCH_ALL), "")

    async def dial(self, target: str, trunk: str, caller_id: str) -> BaresipLeg:
        account = self._settings.trunk(trunk)
        shown = caller_id or next(iter(account.caller_ids), account.user)
        if shown != account.user and shown not in account.caller_ids:
            raise ConfigError(
                f"the trunk {account.name or account.domain} does not show {shown}",
                where="ANTIPHON_SIP_TRUNK",
                fix="add it to caller_ids",
            )
        agent = await self._agent(_trunk_account(account, shown, 0), shown, trunk=account.name)
        try:
            call = await agent.dial(self._settings.address(target, trunk))
        except (BaresipError, ValueError) as error:
            raise CallFailed(str(error)) from error
        return BaresipLeg(call, self)

    def counts(self) -> dict[str, int]:
        return {
            "packets_refused": refused_packets((self._settings.host, self._settings.port)),
            "media_packets_refused": self._media_peers.refused(),
            "offers_refused": self._offers_refused,
            "legs": len(self._legs),
        }

    async def close(self) -> None:
        for task in self._registering:
            task.cancel()
        for leg in list(self._legs):
            await leg.hang_up()
        await self._runtime.close()

    def _account(self, user: str, *parameters: str) -> Account:
        return Account(
            user=user,
            domain=f"{self._settings.host}:{self._settings.port}",
            password="",
            reg_interval=0,
            audio_codecs=_CODECS,
            extra_params=(_NO_VIDEO, *parameters),
        )

    async def _agent(self, account: Account, user: str, *, trunk: str = "") -> UserAgent:
        key = (account.user, account.domain)
        if key not in self._agents:
            try:
                agent = await UserAgent.create(self._runtime, account)
            except BaresipError as error:
                raise ConfigError(f"SIP takes no user {account.user!r} ({error})", where="--sip") from error
            agent.on_incoming(self._incoming(user, trunk))
            self._agents[key] = agent
        return self._agents[key]

    async def _open_trunk(self, trunk: SipTrunk) -> None:
        account = _trunk_account(trunk, trunk.user, trunk.register_s)
        agent = await self._agent(account, trunk.user, trunk=trunk.name)
        if trunk.register_s:
            agent.on(self._registration(trunk.name))
            task = asyncio.get_running_loop().create_task(_register(agent, trunk.name))
            self._registering.add(task)
            task.add_done_callback(self._registering.discard)

    def _registration(self, trunk: str) -> Callable[[StackEvent], None]:
        def listener(event: StackEvent) -> None:
            if event.event is Event.REGISTER_OK:
                self._events.registered(trunk, "")
            elif event.event is Event.REGISTER_FAIL:
                self._events.registered(trunk, event.text or "no answer")

        return listener

    # `Home`, for the legs. The library tells only those who listen already, and a call that is refused at
    # once is over before `dial` returns. Handles come back after 256 lives: these events know one only.

    def missed(self, handle: int) -> list[StackEvent]:
        return [event for event in self._recent if event.call == handle]

    def _happened(self, event: StackEvent) -> None:
        self._recent.append(event)
        if event.event is Event.CALL_CLOSED and event.call_id is None and event.text == _NO_CODEC:
            # Refused by the stack before it became a call: SRTP, or none of our codecs.
            self._offers_refused += 1
            log.warning("sip_offer_refused", reason=event.text, fix="offer G.711 or Opus; SRTP takes an edge")

    def came(self, leg: BaresipLeg) -> None:
        self._legs.add(leg)
        self._media_peers.guard()

    def gone(self, leg: BaresipLeg) -> None:
        self._legs.discard(leg)

    def _incoming(self, user: str, trunk: str) -> Callable[[Call], None]:
        def incoming(call: Call) -> None:
            called = user or user_part(call.headers.get(_TO, ""))
            leg = BaresipLeg(call, self)
            invite = Invite(user=called, caller=user_part(call.peer or ""), call_id=leg.call_id, trunk=trunk)
            self._events.invited(invite, leg)

        return incoming


def user_part(uri: str) -> str:
    """Of "sip:+15551230000@example.com" or "<sip:…>", at most 64 characters."""
    address = uri.rpartition("<")[2].partition(">")[0]
    return address.partition(":")[2].partition("@")[0].partition(";")[0][:64]


def _stack_config(settings: SipSettings) -> Config:
    low, high = settings.rtp_ports
    return Config(
        net_interface=settings.host,
        max_concurrent_calls=settings.calls_max,
        rtp_timeout=DEAD_PEER_S,
        expose_headers=(_TO,),
        extra_config_text="\n".join(
            [
                f"sip_listen {settings.host}:{settings.port}",
                "sip_transports udp",
                f"rtp_ports {low}-{high}",
                # The default is a fixed 100 ms. Adaptive begins at 20 and grows with the jitter it sees.
                "audio_jitter_buffer_type adaptive",
                "audio_jitter_buffer_ms 20-120",
                # We speak 8 kHz whatever the codec; what we hear is tapped before the library resamples it.
                "ausrc_srate 8000",
                "ausrc_channels 1",
                "opus_stereo no",
                "opus_sprop_stereo no",
                "opus_inbandfec yes",
                "opus_packet_loss 10",
                "opus_application voip",
                "opus_bitrate 24000",
                "call_hold_other_calls no",  # The default is a telephone's: one call talks at a time.
            ]
        ),
    )


def _trunk_account(trunk: SipTrunk, user: str, register_s: int) -> Account:
    return Account(
        user=user,
        domain=trunk.domain,
        password=trunk.password,
        registrar=trunk.registrar or None,
        reg_interval=register_s,
        audio_codecs=_CODECS,
        auth_user=trunk.auth_user or (trunk.user if user != trunk.user else None),
        extra_params=(_NO_VIDEO,),
    )


async def _register(agent: UserAgent, trunk: str) -> None:
    try:
        await agent.register(timeout=REGISTER_WITHIN_S)
    except RegistrationError as error:
        # The stack tries again by itself; each outcome is an event.
        log.warning("sip_not_registered", trunk=trunk, status=error.status)
