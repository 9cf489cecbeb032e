"""Everything put together: what a real media worker is made of, and the models' process beside it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from antiphon.agents.definition import AgentDefinition, find_agents, load_agent
from antiphon.agents.definition.problems import Weight, raise_problems
from antiphon.calls.amd import open_screening
from antiphon.calls.carriers import carrier_server
from antiphon.calls.control.accounts import controls_from
from antiphon.calls.control.checking import check_escalation
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.sip import SipLines, sip_routes
from antiphon.calls.streams import StreamServer, StreamTokens
from antiphon.errors import ConfigError
from antiphon.providers.local import catalogue
from antiphon.providers.local.worker import InferenceProcess, WorkerClient
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import ENCODER, PHRASES_BYTES, assemble, voice_activity
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.server.realtime import realtime_server
from antiphon.server.recordings import recordings_of
from antiphon.server.rpc import Method
from antiphon.server.settings import ServeSettings
from antiphon.server.wiring import STREAM_SECRET, AgentSummary, Wiring, WorkerOptions
from antiphon.speech.phrases import PhraseCache
from antiphon.storage.blobs import BlobFolder
from antiphon.storage.home import calls_directory
from antiphon.storage.traces import close_traces

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


EXIT_SOFTWARE = 70  # sysexits.h: an internal error. The supervisor starts another worker.


class _ClockService:
    """The plane's clock, running as long as the worker."""

    def __init__(self, clock: MediaClock) -> None:
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._clock.run(), name="media clock")
        self._running.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        """Without its clock a worker is deaf and dumb: better a new one, and the traces as far as they go."""
        if not task.cancelled() and task.exception() is not None:
            log.error("media_clock_broke", error=repr(task.exception()))
            close_traces()
            os._exit(EXIT_SOFTWARE)

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running


class _PhoneService:
    """The phone's media sockets on the port the operator chose."""

    def __init__(self, server: StreamServer, host: str, port: int) -> None:
        self._server, self._host, self._port = server, host, port

    async def start(self) -> None:
        await self._server.start(self._host, self._port)

    async def stop(self) -> None:
        await self._server.close()


class _DeskService:
    """Whoever calls people: its connections to carriers are closed last of all."""

    def __init__(self, desk: TransferDesk) -> None:
        self._desk = desk

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await self._desk.close()


class _PhraseReport:
    """Says at the end how often a phrase was at hand: what was paid for once and not again."""

    def __init__(self, phrases: PhraseCache) -> None:
        self._phrases = phrases

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        counts = self._phrases.counts
        log.info("phrase_cache", **dataclasses.asdict(counts), hit_pct=counts.hit_pct)


async def wire_house(options: WorkerOptions) -> Wiring:
    """The parts of a real worker, assembled and warm.

    Raises:
        ConfigError: An agent, a model, a provider or a setting is wrong.
        ProviderUnavailable: The inference worker is not there.
    """
    definitions = load_agents(options.agents)
    client = await WorkerClient.connect(options.inference_socket) if options.inference_socket else None
    registry = Registry(client)
    health = HealthBook()
    plane = MediaPlane(
        voice_activity(VOICE_ACTIVITY, registry, health, 8000),
        voice_activity(VOICE_ACTIVITY, registry, health, 16000),
    )
    prices = load_prices(today=date.today())
    folder = BlobFolder(options.home / PHRASES, max_bytes=PHRASES_DISK_BYTES)
    phrases = PhraseCache(folder, memory_max_bytes=PHRASES_BYTES)
    kits = await assemble(
        definitions, registry, home=options.home, prices=prices, health=health, phrases=phrases
    )
    recordings = recordings_of(definitions, options.home)
    controls = controls_from(os.environ)
    _check_escalations(definitions, controls)
    desk = TransferDesk(
        plane=plane,
        controls=controls,
        base_url=os.environ.get("ANTIPHON_PUBLIC_URL", ""),
        clock=LoopClock(),
    )
    exchange = Exchange(
        plane=plane,
        agents=kits,
        calls_directory=calls_directory(),
        clock=LoopClock(),
        recordings=recordings.recorder if recordings else None,
        opens_screening=open_screening,
        transfers=desk,
    )
    clock = MediaClock(plane)
    tokens = StreamTokens(os.environ[STREAM_SECRET].encode())
    realtime = realtime_server(exchange, options.host, os.environ)
    phone = carrier_server(
        LegsFirst(exchange, desk), tokens, knows_agent=kits.__contains__, doors={"v1": realtime.welcome}
    )
    sip = _sip_lines(options, exchange)
    return Wiring(
        exchange=exchange,
        agents=tuple(_summary(definition) for definition in definitions),
        services=(
            _DeskService(desk),
            _PhraseReport(phrases),
            *filter(None, (recordings,)),
            _ClockService(clock),
            realtime,
            _PhoneService(phone, options.host, options.media_port),
            *((sip,) if sip is not None else ()),
        ),
        methods=_sip_methods(sip) if sip is not None else {},
        desk=desk,
        counters=lambda: {
            **dataclasses.asdict(plane.counters),
            **clock.times.report(),
            **{f"phrase_{what}": count for what, count in dataclasses.asdict(phrases.counts).items()},
            "providers_left_alone": list(health.states().values()).count("open"),
            **{f"phone_{what}": count for what, count in phone.counted.items()},
            **{f"realtime_{what}": count for what, count in realtime.counted.items()},
            **{f"sip_{what}": count for what, count in (sip.counts() if sip is not None else {}).items()},
        },
    )


def _check_escalations(definitions: Sequence[AgentDefinition], controls: Collection[str]) -> None:
    """Raises: ConfigError: An agent passes calls on by a way that is not there."""
    for definition in definitions:
        found = list(check_escalation(definition, controls))
        raise_problems([one.problem for one in found if one.weight is Weight.ERROR])
        for one in found:
            log.warning("calls_will_be_passed_on_cold", agent=definition.name, why=one.problem.message)


def _sip_lines(options: WorkerOptions, exchange: Exchange) -> SipLines | None:
    """Raises: ConfigError: A route in the environment is wrong."""
    if options.sip_socket is None:
        return None

    def escalation(call_id: str) -> str:
        outcome = exchange.outcome(call_id)
        return outcome.escalate_to if outcome is not None else ""

    return SipLines(
        exchange,
        options.sip_socket,
        exchange.agents,
        routes=sip_routes(os.environ),
        has_room=lambda: exchange.has_room,
        escalation=escalation,
    )


def _sip_methods(sip: SipLines) -> dict[str, Method]:
    return {
        "sip_dial": sip.dial,
        "sip_transfer": sip.transfer,
        "sip_hold": sip.hold,
        "sip_press": sip.press,
    }


def _summary(definition: AgentDefinition) -> AgentSummary:
    return AgentSummary(
        name=definition.name,
        title=definition.persona.name,
        role=definition.persona.role,
        language=definition.language,
        push_to_talk=definition.policy.turn.endpointing == "push_to_talk",
    )
