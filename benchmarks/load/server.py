"""The real media worker (sockets, media plane with its voice activity model, calls, core, traces on disk) and
doubles for the vendors.

    python benchmarks/load/server.py [--port 8103] [--vendors PORT]

Takes Media Streams at ws://127.0.0.1:8103/calls/twilio/load/media until it is terminated; `--vendors` names a
running `vendors.py`, otherwise the doubles live in this process. What they do is set in `script.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

import msgspec
from benchmarks.load.doubles import HearingDouble, ModelDouble, VoiceDouble
from benchmarks.load.script import Pace, pace_from

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.ports import LanguageModel
from antiphon.calls.carriers import carrier_server
from antiphon.providers.registry import Registry
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.runtime.speaking import Voice
from antiphon.server.media_worker import run_worker
from antiphon.server.wiring import AgentSummary, Wiring, WorkerOptions
from antiphon.speech.ports import SpeechToText, TextToSpeech
from antiphon.speech.ssml import Shaper
from antiphon.storage.keys import keyring

CALLS_MAX = 2000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """Who hears, thinks and speaks for every call."""

    stt: SpeechToText
    llm: LanguageModel
    tts: TextToSpeech


def agent(pace: Pace) -> AgentDefinition:
    """The agent file with the stop silence that is measured."""
    definition = load_agent(Path(__file__).with_name("agent.yaml"))
    turn = msgspec.structs.replace(
        definition.policy.turn,
        stop_silence_min_ms=pace.stop_ms,
        stop_silence_max_ms=pace.stop_ms,
        speculate=pace.speculate,
    )
    return dataclasses.replace(definition, policy=msgspec.structs.replace(definition.policy, turn=turn))


def kit(definition: AgentDefinition, vendors: Vendors) -> AgentKit:
    """As `runtime.assembly` makes one, without its phrase cache: every reply is the same here."""
    reasoning = prepare_reasoning(definition, encoder=None, tools=(), language_model=vendors.llm)
    return AgentKit(
        definition=definition,
        recognisers=[("double/stt", vendors.stt)],
        voices=[Voice(name="double/tts", tts=vendors.tts, voice="tone", language=definition.language)],
        end_of_turn=None,
        shape=Shaper(definition.language).utterance,
        tools={},
        make_reasoner=reasoning.reasoner,
    )


class _Phone:
    """The media sockets, without tickets: only this machine can reach them."""

    def __init__(self, exchange: Exchange, port: int) -> None:
        self._server, self._port = carrier_server(exchange, None), port

    async def start(self) -> None:
        await self._server.start("127.0.0.1", self._port)

    async def stop(self) -> None:
        await self._server.close()


class _Clock:
    def __init__(self, clock: MediaClock) -> None:
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._clock.run(), name="media clock")

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running


async def wire_load(options: WorkerOptions, vendors: Vendors, pace: Pace) -> Wiring:
    """A worker as `server.house` wires it, but for the vendors."""
    registry = Registry()
    plane = MediaPlane(
        registry.voice_activity("local/silero", 8000), registry.voice_activity("local/silero", 16000)
    )
    definition = agent(pace)
    exchange = Exchange(
        plane=plane,
        agents={definition.name: kit(definition, vendors)},
        calls_directory=options.home / "calls",
        trace_keys=keyring(options.home),
        clock=LoopClock(),
        calls_max=CALLS_MAX,
    )
    clock = MediaClock(plane)
    return Wiring(
        exchange=exchange,
        agents=(AgentSummary(name=definition.name),),
        services=(_Clock(clock), _Phone(exchange, options.media_port)),
        counters=lambda: {
            **dataclasses.asdict(plane.counters),
            **clock.times.report(),
            "live_calls": plane.live_calls,
        },
    )


def doubles(pace: Pace) -> Vendors:
    return Vendors(stt=HearingDouble(pace), llm=ModelDouble(pace), tts=VoiceDouble(pace))


async def clients(port: int) -> Vendors:
    """The same behind sockets; those that all calls share are open before the first."""
    from benchmarks.load.vendor_clients import HearingClient, VoiceClient, model_client

    voices = VoiceClient(port)
    await voices.start()
    return Vendors(stt=HearingClient(port), llm=model_client(port + 1), tts=voices)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8103)
    parser.add_argument("--vendors", type=int, help="port of a running vendors.py")
    parser.add_argument("--socket", type=Path, help="where it answers, as a worker of `antiphon serve` does")
    args = parser.parse_args(argv)
    pace = pace_from()
    os.environ.setdefault("ANTIPHON_LOG", "warning")
    # A worker ends with its standard input; this one is its own parent and closes it when it is terminated.
    read, write = os.pipe()
    os.dup2(read, 0)
    signal.signal(signal.SIGTERM, lambda *_: os.close(write))

    async def wire(options: WorkerOptions) -> Wiring:
        vendors = doubles(pace) if args.vendors is None else await clients(args.vendors)
        return await wire_load(options, vendors, pace)

    with tempfile.TemporaryDirectory(prefix="antiphon-load-") as home:
        folder = Path(home)
        socket = args.socket or folder / "worker.sock"
        options = ["--socket", str(socket), "--media-port", str(args.port)]
        options += ["--agents", str(folder), "--home", str(folder)]
        return run_worker(options, wire)


if __name__ == "__main__":
    sys.exit(main())
