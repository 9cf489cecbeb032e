"""Everything put together: what a real media worker is made of, and the models' process beside it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from antiphon.agents.definition import AgentDefinition, find_agents, load_agent
from antiphon.agents.definition.problems import Weight, raise_problems
from antiphon.calls.amd import open_screening
from antiphon.calls.browser import browser_settings
from antiphon.calls.carriers import carrier_server
from antiphon.calls.control.accounts import accounts_in, behind, controls_from
from antiphon.calls.control.checking import check_escalation
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.messages import message_counts
from antiphon.calls.placing import CallPlacer
from antiphon.calls.ports import CarrierControl
from antiphon.calls.realtime import RealtimeServer
from antiphon.calls.routing import RoutedSwitchboard
from antiphon.calls.sip import SipControl, SipLines
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.calls.streams import Sealed, StreamServer, StreamTokens
from antiphon.errors import ConfigError
from antiphon.providers.local import catalogue
from antiphon.providers.local.worker import InferenceProcess, WorkerClient
from antiphon.providers.model_ends import check_ends
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import ENCODER, PHRASES_BYTES, assemble, voice_activity
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange, Outcome
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.server.live_room import LiveRoom
from antiphon.server.realtime import offers_of, realtime_methods, realtime_server
from antiphon.server.recordings import RecordingService, recordings_of
from antiphon.server.reloading import AgentReloading
from antiphon.server.routes_told import route_methods
from antiphon.server.services import (
    ClockService,
    DeskService,
    LiveRoomService,
    PhoneService,
    PhraseReport,
)
from antiphon.server.settings import ServeSettings
from antiphon.server.ways_in import line_methods, livekit_rooms_of, routing_of, sip_lines_of
from antiphon.server.wiring import STREAM_SECRET, Wiring, WorkerOptions
from antiphon.speech.phrases import PhraseCache
from antiphon.storage.blobs import BlobFolder
from antiphon.storage.disk import disk_counts
from antiphon.storage.home import calls_directory, home_directory
from antiphon.storage.keys import keyring
from antiphon.storage.traces import shared_flusher
from antiphon.trust.dialling import dial_rules

log = structlog.get_logger(__name__)

LOCAL = "local/"
PHRASES = "phrases"  # The folder under home; it can be deleted at any time.
PHRASES_DISK_BYTES = 128 << 20  # More than an hour of speech at 16 kHz.
VOICE_ACTIVITY = "local/silero"  # One for the whole plane: calls of all agents share its rows.


def load_agents(folder: Path) -> list[AgentDefinition]:
    """Every agent of a folder.

    Raises:
        ConfigError: There is none, two have the same name, or a file is wrong; says where.
    """
    files = find_agents([folder])
    if not files:
        raise ConfigError(
            "no agent files (*.yaml)", where=str(folder), fix="name another folder with --agents DIR"
        )
    definitions: dict[str, AgentDefinition] = {}
    for path in files.values():
        definition = load_agent(path)
        if definition.name in definitions:
            other = definitions[definition.name].path
            raise ConfigError(
                f"the agent {definition.name!r} is also in {other}",
                where=str(path),
                fix="give one of them another name",
            )
        definitions[definition.name] = definition
    return list(definitions.values())


def engines_needed(definitions: Sequence[AgentDefinition]) -> list[str]:
    """Embedded engines these agents name, for the inference worker."""
    voices = catalogue.voices()
    names: list[str] = []
    for definition in definitions:
        speech = definition.speech
        names += [
            name.removeprefix(LOCAL) for name in (*speech.stt, *speech.end_of_turn) if name.startswith(LOCAL)
        ]
        spoken = [name.removeprefix(LOCAL) for name in speech.tts if name.startswith(LOCAL)]
        names += [voices[name][0] for name in spoken if name in voices]
    known = {*catalogue.SPEECH_TO_TEXT, *catalogue.TEXT_TO_SPEECH, *catalogue.END_OF_TURN, *catalogue.ENCODER}
    wanted = [*names, ENCODER.removeprefix(LOCAL)]
    # A name nobody knows is reported with its neighbours when the agent is assembled.
    return [name for name in dict.fromkeys(wanted) if name in known]


class ModelsProcess:
    """The inference worker as a supervised child of `antiphon serve`."""

    name = "inference"

    def __init__(self, process: InferenceProcess, engines: Sequence[str]) -> None:
        self._process = process
        self._engines = engines
        self._running: asyncio.Task[None] | None = None

    @property
    def restarts(self) -> int:
        return self._process.restarts

    @property
    def is_ready(self) -> bool:
        return self._process.pid is not None

    async def start(self) -> dict[str, Any]:
        """Load and warm every model; gives what is loaded and how long that took.

        Raises:
            ConfigError: A model is missing or damaged; says how to fetch it.
            ProviderUnavailable: The process died.
        """
        began_s = time.monotonic()
        await self._process.start()
        self._running = asyncio.create_task(self._process.run(), name="inference worker")
        return {"models": list(self._engines), "load_ms": int((time.monotonic() - began_s) * 1000)}

    async def stop(self) -> None:
        await self._process.stop()
        if self._running is not None:
            await self._running


def models_process(settings: ServeSettings, sockets: Path) -> tuple[ModelsProcess, Path]:
    """The inference worker these agents need, not yet started, and where it will listen.

    Raises:
        ConfigError: An agent file is wrong; found here, before any model is loaded.
    """
    engines = engines_needed(load_agents(settings.agents))
    socket = sockets / "inference.sock"
    return ModelsProcess(InferenceProcess(socket, roles=engines), engines), socket


def _plane(registry: Registry, health: HealthBook) -> MediaPlane:
    eight, sixteen = (voice_activity(VOICE_ACTIVITY, registry, health, rate_hz) for rate_hz in (8000, 16000))
    return MediaPlane(eight, sixteen)


async def wire_house(options: WorkerOptions) -> Wiring:
    """The parts of a real worker, assembled and warm.

    Raises:
        ConfigError: An agent, a model, a provider or a setting is wrong.
        ProviderUnavailable: The inference worker is not there.
    """
    definitions = load_agents(options.agents)
    client = await WorkerClient.connect(options.inference_socket) if options.inference_socket else None
    registry, health = Registry(client), HealthBook()
    plane = _plane(registry, health)
    folder = BlobFolder(options.home / PHRASES, max_bytes=PHRASES_DISK_BYTES)
    phrases = PhraseCache(folder, memory_max_bytes=PHRASES_BYTES)
    recordings = recordings_of(definitions, options.home)
    made_ready = _makes_ready(options, registry, health, phrases, recordings)
    kits = await made_ready(definitions)
    reloading = AgentReloading(options.agents, kits, definitions, made_ready)
    own_lines = SipControl()
    controls, base_url = _controls(options, own_lines), os.environ.get("ANTIPHON_PUBLIC_URL", "")
    _check_escalations(definitions, controls)
    refers = own_lines if options.sip_socket is not None else None
    desk = TransferDesk(
        plane=plane, controls=controls, base_url=base_url, clock=LoopClock(), own_lines=refers
    )
    live_room = LiveRoom(plane, time.monotonic)
    exchange = Exchange(
        plane=plane,
        agents=kits,
        calls_directory=calls_directory(),
        trace_keys=keyring(home_directory()),
        clock=LoopClock(),
        recordings=recordings.recorder if recordings else None,
        opens_screening=open_screening,
        transfers=desk,
        attends=live_room.attends,
    )
    live_room.open(exchange, browser_settings(os.environ))
    routing = routing_of(options, definitions, exchange, plane)
    door = routing or exchange
    media_clock = MediaClock(plane)
    tokens = StreamTokens(os.environ[STREAM_SECRET].encode())
    realtime = realtime_server(door, kits, options.host, os.environ)
    phone = carrier_server(
        LegsFirst(door, desk), tokens, knows_agent=kits.__contains__, doors={"v1": realtime.welcome}
    )
    sip = sip_lines_of(options, exchange, routing, desk, own_lines)
    rooms, counts = livekit_rooms_of(door), _rooms(phrases, phone, realtime, routing, sip)
    methods = line_methods(sip, rooms) | realtime_methods(offers_of(kits), lambda: phone.port)
    methods |= route_methods(routing.table if routing is not None else None)
    return Wiring(
        exchange=door,
        agents=reloading.summaries,
        services=(
            DeskService(desk),
            LiveRoomService(live_room),
            PhraseReport(phrases),
            *filter(None, (recordings,)),
            ClockService(media_clock),
            realtime,
            PhoneService(phone, options.host, options.media_port),
            *(lines for lines in (sip, rooms) if lines is not None),
        ),
        methods={**methods, **live_room.methods(), **reloading.methods()},
        is_draft=reloading.is_draft,
        desk=desk,
        routing=routing,
        placer=_placer(kits, controls, base_url, sip, door.outcome),
        providers=health.states,
        counters=partial(_counted, plane, media_clock, health, counts),
    )


def _makes_ready(
    options: WorkerOptions,
    registry: Registry,
    health: HealthBook,
    phrases: PhraseCache,
    recordings: RecordingService | None,
) -> Callable[[Sequence[AgentDefinition]], Awaitable[dict[str, AgentKit]]]:
    """What makes agents of definitions, now and when one is loaded anew."""
    assembled = partial(
        assemble,
        registry=registry,
        home=options.home,
        prices=load_prices(today=date.today()),
        health=health,
        phrases=phrases,
    )

    async def made_ready(wanted: Sequence[AgentDefinition]) -> dict[str, AgentKit]:
        _warn_of_ends(wanted, date.today())
        return {name: _asking(kit, recordings) for name, kit in (await assembled(wanted)).items()}

    return made_ready


def _rooms(
    phrases: PhraseCache,
    phone: StreamServer,
    realtime: RealtimeServer,
    routing: RoutedSwitchboard | None,
    sip: SipLines | None,
) -> dict[str, Callable[[], Mapping[str, int]]]:
    """Who counts, by name."""
    return {
        "phrase": lambda: dataclasses.asdict(phrases.counts),
        "phone": lambda: phone.counted,
        "realtime": lambda: realtime.counted,
        "routed": lambda: routing.counted if routing is not None else {},
        "sip": lambda: sip.counts() if sip is not None else {},
        "trace": lambda: shared_flusher().counted,
        "disk": disk_counts,
        "messages": message_counts,
    }


def _counted(
    plane: MediaPlane,
    clock: MediaClock,
    health: HealthBook,
    rooms: Mapping[str, Callable[[], Mapping[str, int]]],
) -> dict[str, int]:
    """What was counted since the start, the counts of each of these rooms under its name."""
    return {
        **dataclasses.asdict(plane.counters),
        **clock.times.report(),
        "providers_left_alone": list(health.states().values()).count("open"),
        **{f"{room}_{what}": count for room, counts in rooms.items() for what, count in counts().items()},
    }


def _controls(options: WorkerOptions, own_lines: SipControl) -> dict[str, CarrierControl]:
    """Everything that can dial, by carrier. Raises: ConfigError: Wrong credentials."""
    base_url = os.environ.get("ANTIPHON_PUBLIC_URL", "")
    controls = controls_from(os.environ, behind(Sealed(os.environ[STREAM_SECRET].encode()), base_url))
    has_trunk = options.sip_socket is not None and SIP in accounts_in(os.environ)
    return controls | ({SIP: own_lines} if has_trunk else {})


def _placer(
    agents: Collection[str],
    controls: Mapping[str, CarrierControl],
    base_url: str,
    sip: SipLines | None,
    outcome: Callable[[str], Outcome | None],
) -> CallPlacer:
    carriers = {name: control for name, control in controls.items() if name != SIP}
    return CallPlacer(
        dial_rules(os.environ),
        agents=agents,
        controls=carriers,
        base_url=base_url,
        sip=sip,
        outcome=outcome,
    )


def _asking(kit: AgentKit, recordings: RecordingService | None) -> AgentKit:
    """With what an agent needs that asks before it records."""
    recording = kit.definition.recording
    if recordings is None or recording is None or recording.ask is None:
        return kit
    return dataclasses.replace(kit, tools={**kit.tools, **recordings.recorder.tools()})


def _warn_of_ends(definitions: Sequence[AgentDefinition], today: date) -> None:
    """Whoever never checks a file again learns it from the log, at every start and when a file changes."""
    for definition in definitions:
        for found in check_ends(definition, today):
            told = found.problem
            log.warning("model_ends", agent=definition.name, what=told.message, fix=told.fix)


def _check_escalations(definitions: Sequence[AgentDefinition], accounts: Collection[str]) -> None:
    """Raises: ConfigError: A way to a person that cannot work anywhere."""
    for definition in definitions:
        found = list(check_escalation(definition, accounts))
        raise_problems([one.problem for one in found if one.weight is Weight.ERROR])
        for one in found:
            log.warning("calls_will_be_passed_on_cold", agent=definition.name, why=one.problem.message)
