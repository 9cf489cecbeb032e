"""A house that can call people, on virtual time and real sockets: control process and media worker with their
RPC, media streams, a carrier's account whose phones ring. Callers and people speak tones, the agent too."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.media_line import EnergyVad
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import PacedLoop
from tests.doubles.phone_world import LoopTime
from tests.doubles.phones import Phones, Stream
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS, TransferCarrier
from tests.doubles.twilio_stream import CarriedCall
from tests.doubles.virtual_loop import pass_time

from antiphon.agents.definition import load_agent
from antiphon.agents.ports import Replying, ReplyKind, ReplyRequest
from antiphon.audio import g711
from antiphon.calls.amd import open_screening
from antiphon.calls.browser import browser_settings
from antiphon.calls.carriers import carrier_server
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.placing import CallPlacer
from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.speaking import Voice
from antiphon.server.app import create_app
from antiphon.server.control import Control, MediaClient
from antiphon.server.live_room import LiveRoom
from antiphon.server.media_worker import MediaWorker
from antiphon.server.rpc import RpcClient
from antiphon.server.settings import ServeSettings
from antiphon.server.wiring import AgentSummary, Wiring, WorkerOptions
from antiphon.speech.ports import SttConfig, Transcript, TtsAudio, TtsRequest
from antiphon.speech.ssml import Shaper
from antiphon.trust.dialling import DialRules

SPOKEN_MS_A_CHARACTER = 30
AGENT_HZ, CALLER_HZ, PERSON_HZ = 440, 1000, 700
PERSON = "+12125550100"
AGENT_FILE = f"""
agent: clinic
persona: {{name: Sam, role: receptionist}}
greeting: Hello.
speech: {{stt: local/whisper-tiny.en, tts: local/kokoro-af_heart}}
reasoning: {{model: openai-compatible, prompt: Help.}}
escalation:
  target: "{PERSON}"
  targets: {{billing: "+12125550111"}}
  caller_id: "+16175550100"
  comfort: [Still with you.]
  busy: They are busy.
  no_answer: Nobody there.
  declined: They cannot.
  lost: They are lost.
  question: Press one.
"""


def voice(hz: int, duration_ms: int) -> bytes:
    """Somebody speaks, as mu-law."""
    place = np.arange(8 * duration_ms)
    return g711.encode((8000 * np.sin(2 * np.pi * hz * place / 8000)).astype(np.int16)).tobytes()


def hears(mulaw: bytes | bytearray, hz: int) -> int:
    """How many ms of this pitch are in it."""
    pcm = g711.decode(np.frombuffer(bytes(mulaw), np.uint8)).astype(np.float64)
    frames = pcm[: len(pcm) // 400 * 400].reshape(-1, 400)  # 50 ms: 20 Hz apart.
    tone = np.exp(-2j * np.pi * hz * np.arange(400) / 8000)
    return int(50 * (np.abs(frames @ tone) / 200 > 1500).sum())


def longest_silence_ms(mulaw: bytes | bytearray) -> int:
    pcm = g711.decode(np.frombuffer(bytes(mulaw), np.uint8)).astype(np.float64)
    loud = np.sqrt((pcm[: len(pcm) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)) > 20
    longest = run = 0
    for one in loud:
        run = 0 if one else run + 1
        longest = max(longest, run)
    return 20 * longest


class Ears:
    """A recogniser whose streams understand, one utterance after the other, what the test has in mind."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> _Ear:
        return _Ear(self, emit)


class _Ear:
    def __init__(self, ears: Ears, emit: Callable[[Transcript], None]) -> None:
        self._ears, self._emit, self._segment = ears, emit, 0

    def push(self, pcm: bytes) -> None: ...
    def speech_started(self) -> None: ...

    def speech_stopped(self) -> None:
        text = self._ears.texts.pop(0) if self._ears.texts else ""
        self._emit(Transcript(segment=self._segment, text=text, final=True))

    def turn_committed(self) -> None:
        self._segment += 1

    def expect(self, phrases: Sequence[str]) -> None: ...
    async def aclose(self) -> None: ...


class Mouth:
    """30 ms of the agent's tone a character; remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.said.append(request.text)
        rate = request.sample_rate_hz
        place = np.arange(SPOKEN_MS_A_CHARACTER * len(request.text) * rate // 1000)
        emit(TtsAudio(pcm=(8000 * np.sin(2 * np.pi * AGENT_HZ * place / rate)).astype("<i2").tobytes()))


class Mind:
    """Puts everybody through who mentions a person."""

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        if request.kind is ReplyKind.GREETING:
            act.say("Hello.")
        elif "person" in request.text:
            act.say("One moment.")
            act.escalate("asked_for_person", "Wants to move an appointment.")
        else:
            act.say("I see.")

    def confirm(self, reply_id: str) -> None: ...
    def discard(self, reply_id: str) -> None: ...
    def heard(self, reply_id: str, text: str, complete: bool) -> None: ...


class TransferWorld:
    """Attributes: caller: The caller's phone. phones: Everybody else's. account: Any: its double."""

    caller: CarriedCall
    phones: Phones
    carrier: TransferCarrier
    exchange: Exchange
    desk: TransferDesk
    account: Any
    vendor: HttpVendor
    control: Control
    mouth: Mouth
    ears: Ears
    home: Path
    room: LiveRoom

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PacedLoop)
        self.loop = loop

    async def passes(self, duration_s: float) -> None:
        await pass_time(duration_s)

    async def until(self, condition: Callable[[], object], *, within_s: float = 90) -> None:
        await self.phones.until(condition, within_s=within_s)

    async def escalated(self) -> int:
        """The caller has asked for a person; gives the place in `caller.heard` where he began to wait."""
        await self.caller.until_answered(gap_ms=800)
        self.ears.texts.append("I want a person.")
        self.caller.say(voice(CALLER_HZ, 800))
        await self.until(lambda: self.account.calls)
        return len(self.caller.heard)

    @property
    def person(self) -> CarriedCall:
        return self.phones.lines[self.sid]

    @property
    def sid(self) -> str:
        (sid,) = self.account.calls
        return str(sid)

    @property
    def dialled(self) -> tuple[str, str]:
        """To and from."""
        return self.carrier.dialled(self.account.calls[self.sid])

    async def person_hears_the_brief(self) -> None:
        await self.until(lambda: self.sid in self.phones.lines)
        await self.until(lambda: "Press one." in self.mouth.said)
        await self.person.until_answered(gap_ms=800)

    def record(self) -> CallRecord:
        (path,) = traces(self.home)
        return read_call(path)

    def trace(self) -> str:
        (path,) = traces(self.home)
        return path.read_text()

    async def ended(self) -> None:
        await self.until(lambda: not self.exchange.active())


def _free_socket() -> socket.socket:
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    return one


@asynccontextmanager
async def transfer_world(
    home: Path, *, agent_file: str = AGENT_FILE, carrier: str = "twilio"
) -> AsyncIterator[TransferWorld]:
    """Everything up, and a caller on the line of this carrier."""
    world = TransferWorld()
    world.carrier = TRANSFER_CARRIERS[carrier]()
    world.home, world.ears, world.mouth = home / "calls", Ears(), Mouth()
    world.account = world.carrier.account
    (home / "clinic.yaml").write_text(agent_file)
    definition = load_agent(home / "clinic.yaml")
    kit = AgentKit(
        definition=definition,
        recognisers=[("ears", world.ears)],
        voices=[Voice(name="mouth", tts=world.mouth, voice="tone")],
        end_of_turn=None,
        shape=Shaper("en-US").utterance,
        tools={},
        make_reasoner=Mind,
    )
    tokens = StreamTokens(b"0123456789abcdef", clock=world.loop.time)
    listening = _free_socket()
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    world.vendor = HttpVendor(wire=world.account, answers_get=True)
    async with world.vendor, Phones(world.carrier.side) as world.phones:
        plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=world.loop.now_ns)
        clock = LoopTime(world.loop)
        controls = {carrier: world.carrier.control(world.vendor.url)}
        world.desk = TransferDesk(
            plane=plane,
            controls=controls,
            base_url=base_url,
            clock=clock,
        )
        world.room = LiveRoom(plane, world.loop.time)
        world.exchange = Exchange(
            plane=plane,
            agents={"clinic": kit},
            calls_directory=world.home,
            clock=clock,
            transfers=world.desk,
            attends=world.room.attends,
            opens_screening=open_screening,
        )
        world.room.open(world.exchange, browser_settings({}))
        phone = carrier_server(LegsFirst(world.exchange, world.desk), tokens, clock=world.loop.now_ns)
        await phone.start()
        rpc = home / "rpc.sock"
        options = WorkerOptions(socket=rpc, host="127.0.0.1", media_port=0, agents=home, home=home)
        placer = CallPlacer(
            DialRules(allowed=("US",), do_not_call=home / "do-not-call"),
            agents={"clinic"},
            controls=controls,
            base_url=base_url,
            outcome=world.exchange.outcome,
        )
        (home / "do-not-call").write_text("+1 212 555 0199  # asked us not to\n")
        wiring = Wiring(
            exchange=world.exchange,
            agents=(AgentSummary(name="clinic"),),
            desk=world.desk,
            placer=placer,
            methods=world.room.methods(),
        )
        worker = MediaWorker(options, wiring)
        await worker.start()
        settings = ServeSettings(
            public_url=base_url,
            public_media_url=f"ws://127.0.0.1:{phone.port}",
            **world.carrier.settings,  # type: ignore[arg-type]  # Names of keys.
        )
        world.control = control = Control(
            settings=settings,
            media=MediaClient(RpcClient(rpc)),
            tokens=tokens,
            sealed=Sealed(b"0123456789abcdef"),
        )
        config = uvicorn.Config(create_app(control), lifespan="off", log_config=None, ws="none")
        web = uvicorn.Server(config)
        web.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # The test's own process.
        serving = asyncio.create_task(web.serve(sockets=[listening]))
        ticking = asyncio.create_task(_tick(world.loop, plane))
        token = tokens.mint("clinic", "CA1", "+14155550100", carrier, called_number="+16175550100")
        place = f"ws://127.0.0.1:{phone.port}/calls/{carrier}/clinic/media"
        line = world.carrier.side.socket("CA1", Stream(url=place, parameters={"token": token}))
        try:
            async with line as stream, CarriedCall(stream) as world.caller:
                yield world
        finally:
            await world.phones.all_hang_up()
            await phone.close()
            web.should_exit = True
            await serving
            await worker.stop()
            await world.desk.close()
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await control.media.close()


async def _tick(loop: PacedLoop, plane: Any) -> None:
    while True:
        await pass_time(0.020)
        plane.tick(loop.now_ns())
