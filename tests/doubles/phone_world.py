"""Whole phone calls on virtual time: scripted callers, the carrier's session, the media plane, the exchange
and its calls, doubles for vendors. No socket, and no waiting but for the thread that writes traces."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.load.caller import Caller, Script, Tally
from benchmarks.load.line import frames, line_noise
from benchmarks.load.script import Pace
from benchmarks.load.server import Vendors, agent, doubles, kit
from tests.doubles.media_line import EnergyVad, tone
from tests.doubles.virtual_loop import VirtualLoop, pass_time

from antiphon.agents.definition import AgentDefinition
from antiphon.calls.streams import Admission, CloseCode, StreamSession
from antiphon.calls.twilio import TwilioDialect
from antiphon.runtime.clock import Cancellable
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.recorded import Recordings
from antiphon.speech.ports import VoiceActivity


class LoopTime:
    """`runtime.clock.Clock` on the virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> Cancellable:
        return self._loop.call_later(max(0, delay_ms) / 1000, callback)

    def wall_time_ms(self) -> int:
        return 1_764_000_000_000 + self.now_ns() // 1_000_000

    def now_ns(self) -> int:
        return self._loop.now_ns()


class CarriedLine:
    """What a session takes for its socket: leads straight to the caller."""

    def __init__(self, phone: PhoneWorld) -> None:
        self._phone = phone
        self.caller: Caller | None = None
        self.session: StreamSession | None = None  # A socket knows its session for as long as it lives.

    def send_binary(self, frame: bytes) -> None: ...

    def send(self, message: bytes) -> None:
        if self.caller is not None:
            self.caller.message(message, self._phone.loop.time())

    def close(self, code: CloseCode, reason: str) -> None: ...


class PhoneWorld:
    """An exchange and its plane; `call` runs one call to its end."""

    def __init__(
        self,
        directory: Path,
        script: Script | None = None,
        *,
        vad: VoiceActivity | None = None,
        vendors: Vendors | None = None,
        recordings: Recordings | None = None,
        definition: AgentDefinition | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.tally = Tally()
        self.counted: Counter[str] = Counter()
        self.script = script or short_script()
        self.plane = MediaPlane(vad or EnergyVad(8000), EnergyVad(16000), clock=loop.now_ns)
        pace = Pace()
        definition = definition or agent(pace)
        vendors = vendors or doubles(pace)
        self.exchange = Exchange(
            plane=self.plane,
            agents={definition.name: kit(definition, vendors)},
            calls_directory=directory,
            clock=LoopTime(loop),
            calls_max=2000,
            recordings=recordings,
        )
        self._numbers = iter(range(1_000_000))

    async def tick(self) -> None:
        """Run until cancelled, as the media clock does."""
        while True:
            await pass_time(0.020)
            self.plane.tick(self.loop.now_ns())

    async def call(self, *, patience_s: float = 3600.0) -> None:
        """One call by the script, until its trace is closed. A caller without patience hangs up before."""
        line = CarriedLine(self)
        admission = Admission(
            switchboard=self.exchange, clock=self.loop.now_ns, counted=self.counted, redeem=None
        )
        session = StreamSession(line, TwilioDialect(), "load", admission)
        line.session = session
        line.caller = caller = Caller(
            self.script, next(self._numbers), self.tally, session.message, lambda: None
        )
        caller.begin(self.loop.time())
        leaves_s = self.loop.time() + patience_s
        while not caller.is_over:
            await pass_time(0.020)
            caller.frame(self.loop.time())
            if self.loop.time() >= leaves_s:
                caller.hang_up()
        session.disconnected()
        line.caller = None
        # The thread that closes the trace lives in real time.
        give_up_s = time.monotonic() + 30
        while any(active.call_id == session.call_id for active in self.exchange.active()):
            assert time.monotonic() < give_up_s, "the call never ended"
            await pass_time(0.020)


def short_script() -> Script:
    """A phrase, an answer that is interrupted, the answer to that: about 8 s."""
    return Script(
        quiet=frames(line_noise(1)),
        phrase=frames(tone(800)),
        turns=1,
        barges=frozenset({0}),
        barge_after_s=0.5,
    )
