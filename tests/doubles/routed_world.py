"""A house with a routes file, on virtual time and real sockets: webhooks signed by the carrier's SDK, the
tickets they bring, media streams of several callers at once. Each agent speaks a tone of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
from tests.doubles.media_line import EnergyVad
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import PacedLoop
from tests.doubles.phone_world import LoopTime
from tests.doubles.transfer_world import SPOKEN_MS_A_CHARACTER, Ears
from tests.doubles.twilio_account import TOKEN
from tests.doubles.twilio_stream import CarriedCall, TwilioStream
from tests.doubles.virtual_loop import pass_time
from twilio.request_validator import RequestValidator

from antiphon.agents.definition import load_agent
from antiphon.agents.ports import Replying, ReplyKind, ReplyRequest
from antiphon.calls.carriers import carrier_server
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.routing import RoutedSwitchboard, load_routes
from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.speaking import Voice
from antiphon.server.app import create_app
from antiphon.server.control import Control, MediaClient
from antiphon.server.media_worker import MediaWorker
from antiphon.server.rpc import RpcClient
from antiphon.server.settings import ServeSettings
from antiphon.server.wiring import AgentSummary, Wiring, WorkerOptions
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.speech.ssml import Shaper

BASE = "http://127.0.0.1:8080"
OURS = "+12125550100"
TONES_HZ = {"clinic": 440, "bank": 700}
AGENT_FILE = """
agent: NAME
persona: {name: Sam, role: receptionist}
greeting: Hello.
speech: {stt: local/whisper-tiny.en, tts: local/kokoro-af_heart}
reasoning: {model: openai-compatible, prompt: Help.}
silence: {reprompt_after_ms: 600000}
"""


class ToneMouth:
    """30 ms of one tone a character; remembers what was said."""

    def __init__(self, hz: int) -> None:
        self.hz = hz
        self.said: list[str] = []

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.said.append(request.text)
        rate = request.sample_rate_hz
        place = np.arange(SPOKEN_MS_A_CHARACTER * len(request.text) * rate // 1000)
        emit(TtsAudio(pcm=(8000 * np.sin(2 * np.pi * self.hz * place / rate)).astype("<i2").tobytes()))


class Greeter:
    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        act.say("Hello there." if request.kind is ReplyKind.GREETING else "I see.")

    def confirm(self, reply_id: str) -> None: ...
    def discard(self, reply_id: str) -> None: ...
    def heard(self, reply_id: str, text: str, complete: bool) -> None: ...


class Caller:
    """Somebody at a phone. `document` is what the carrier was told to do with his call."""

    def __init__(self, world: RoutedWorld, sid: str, number: str) -> None:
        self._world, self.sid, self.number = world, sid, number
        self.document = ElementTree.Element("Response")
        self.phone: CarriedCall | None = None

    async def dials(self, called: str = OURS, *, path: str = "") -> ElementTree.Element:
        """The carrier asks what to do."""
        self.document = await self._world.webhook(
            path, {"CallSid": self.sid, "From": self.number, "To": called}
        )
        return self.document

    async def connects(self) -> CarriedCall:
        """The stream he was connected to, if the answer was one."""
        stream = self.document.find("Connect/Stream")
        assert stream is not None, ElementTree.tostring(self.document)
        parameters = {one.get("name", ""): one.get("value", "") for one in stream.iter("Parameter")}
        socket = TwilioStream(stream.get("url", ""), call_sid=self.sid, stream_sid=f"MZ{self.sid}")
        await self._world.stack.enter_async_context(socket)
        await socket.begin(parameters)
        self.phone = await self._world.stack.enter_async_context(CarriedCall(socket))
        return self.phone

    async def hangs_up(self) -> None:
        assert self.phone is not None
        await self.phone.stream.stop()
        await self._world.until(lambda: self.phone is None or self.phone.stream.close_code is not None)

    async def after(self) -> ElementTree.Element:
        """Our stream is over; the carrier asks what comes next."""
        connect = self.document.find("Connect")
        assert connect is not None
        path = connect.get("action", "").removeprefix(BASE)
        return await self._world.webhook(path, {"CallSid": self.sid, "From": self.number, "To": OURS})


class RoutedWorld:
    exchange: Exchange
    routing: RoutedSwitchboard
    mouths: dict[str, ToneMouth]
    http: httpx.AsyncClient
    home: Path

    def __init__(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PacedLoop)
        self.loop, self.stack = loop, stack
        self._callers = 0

    def caller(self, number: str = "+14155550100") -> Caller:
        self._callers += 1
        return Caller(self, f"CA{self._callers}", number)

    async def talking(self, number: str = "+14155550100") -> Caller:
        """Somebody who was put through and has heard the greeting."""
        caller = self.caller(number)
        await caller.dials()
        phone = await caller.connects()
        await phone.until_answered(gap_ms=400)
        return caller

    async def until(self, condition: Callable[[], object], *, within_s: float = 120) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await pass_time(0.020)

    async def written(self, condition: Callable[[], object]) -> None:
        """As `until`, for what a thread writes, which lives in real time."""
        give_up_s = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < give_up_s, "it was never written"
            await pass_time(0.020)

    async def passes(self, duration_s: float) -> None:
        await pass_time(duration_s)

    async def webhook(self, path: str, form: dict[str, str]) -> ElementTree.Element:
        path = path or "/calls/twilio"
        signature = RequestValidator(TOKEN).compute_signature(BASE + path, form)
        answer = await self.http.post(path, data=form, headers={"x-twilio-signature": signature})
        assert answer.status_code == 200, answer.text
        return ElementTree.fromstring(answer.text)

    def traces(self) -> list[str]:
        return [path.read_text() for path in traces(self.home)]


@asynccontextmanager
async def routed_world(home: Path, routes: str) -> AsyncIterator[RoutedWorld]:
    """Two agents, clinic and bank, behind these routes."""
    async with AsyncExitStack() as stack:
        world = RoutedWorld(stack)
        world.home = home / "calls"
        world.mouths = {name: ToneMouth(hz) for name, hz in TONES_HZ.items()}
        kits = {name: tone_kit(home, name, mouth) for name, mouth in world.mouths.items()}
        (home / "routes.yaml").write_text(routes)
        table = load_routes(home / "routes.yaml", {name: kit.definition.digest for name, kit in kits.items()})
        plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=world.loop.now_ns)
        clock = LoopTime(world.loop)
        world.exchange = Exchange(plane=plane, agents=kits, calls_directory=world.home, clock=clock)
        world.routing = RoutedSwitchboard(
            world.exchange, table, plane=plane, clock=clock, calls_directory=world.home
        )
        desk = TransferDesk(plane=plane, controls={}, base_url="", clock=clock)
        tokens = StreamTokens(b"0123456789abcdef", clock=world.loop.time)
        phone = carrier_server(LegsFirst(world.routing, desk), tokens, clock=world.loop.now_ns)
        await phone.start()
        options = WorkerOptions(
            socket=home / "rpc.sock", host="127.0.0.1", media_port=0, agents=home, home=home
        )
        agents = tuple(AgentSummary(name=name) for name in kits)
        worker = MediaWorker(options, Wiring(exchange=world.routing, agents=agents, routing=world.routing))
        await worker.start()
        control = Control(
            settings=ServeSettings(
                public_url=BASE,
                public_media_url=f"ws://127.0.0.1:{phone.port}",
                twilio_auth_token=TOKEN,
                routes=home / "routes.yaml",
            ),
            media=MediaClient(RpcClient(options.socket)),
            tokens=tokens,
            sealed=Sealed(b"0123456789abcdef"),
        )
        transport = httpx.ASGITransport(app=create_app(control))
        world.http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=BASE))
        ticking = asyncio.create_task(_tick(world.loop, plane))
        try:
            yield world
        finally:
            await stack.aclose()
            await worker.stop()
            await phone.close()
            await desk.close()
            await control.media.close()
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


def tone_kit(home: Path, name: str, mouth: ToneMouth) -> AgentKit:
    (home / f"{name}.yaml").write_text(AGENT_FILE.replace("NAME", name))
    return AgentKit(
        definition=load_agent(home / f"{name}.yaml"),
        recognisers=[("ears", Ears())],
        voices=[Voice(name="mouth", tts=mouth, voice="tone")],
        end_of_turn=None,
        shape=Shaper("en-US").utterance,
        tools={},
        make_reasoner=Greeter,
    )


async def _tick(loop: PacedLoop, plane: Any) -> None:
    while True:
        await pass_time(0.020)
        plane.tick(loop.now_ns())
