"""A call of the clinic that a speech-to-speech vendor drives: the real core, calendar, tools, fallbacks and
the vendor's own SDK over a real socket. Call time is virtual; it stands still while messages are under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from tests.conformance.speech_vendors import OpenAi, SpeechVendor
from tests.doubles.faults import Faulty
from tests.doubles.openai_realtime import Script
from tests.doubles.socket_vendor import KEY, SocketVendor
from tests.unit.agents.dialogue import AGENTS, NOW
from tests.unit.runtime.stage import (
    StageLine,
    StageScore,
    StageStt,
    StageTts,
    VirtualClock,
    as_written,
    settle,
)

from antiphon.agents.build import build_reasoner
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.flows.emergency import EmergencyRules
from antiphon.agents.ports import CallerTurn, HeardReply, LanguageModel
from antiphon.agents.tools import CalendarView, appointment_tools
from antiphon.conversation import TurnPolicy
from antiphon.conversation.commands import Command
from antiphon.conversation.policy import Endpointing
from antiphon.providers.prices import load_prices
from antiphon.providers.sessions import SessionLimits
from antiphon.runtime.call import Call
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.metering import Meter
from antiphon.runtime.records.lines import (
    CallRecord,
    CommandEntry,
    Header,
    NoteEntry,
    header_fields,
    read_call,
)
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.speaking import Voice
from antiphon.runtime.unified import UnifiedModel
from antiphon.storage.traces import TraceWriter

C = TypeVar("C", bound=Command)

BOUND_S = 6.0
RATE_HZ = 16_000
SAID = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)
SOON = SessionLimits(connect_ms=2_000, retry_after_ms=(1,), closing_ms=200)


class WideLine(StageLine):
    """16 kHz, so that the double's audio has the length it says."""

    @property
    def sample_rate_hz(self) -> int:
        return RATE_HZ

    def hear_out(self, reply_id: str) -> None:
        assert self.listener is not None
        self.listener.playout_finished(reply_id, self.played_ms(reply_id))

    def played_ms(self, reply_id: str) -> int:
        return len(self.played.get(reply_id, b"")) * 1000 // (2 * RATE_HZ)


@dataclass
class Setting:
    """What a call is opened with.

    Attributes:
        greets_itself: Nothing in the greeting must be heard word for word, so the model speaks it.
    """

    script: Script
    vendor: SpeechVendor = field(default_factory=OpenAi)
    endpointing: Endpointing = "ours"
    greets_itself: bool = False
    language_model: LanguageModel | None = None
    key: str = KEY
    limits: SessionLimits = field(default_factory=lambda: SOON)
    faulty: Faulty = field(default_factory=Faulty)


class UnifiedCall:
    def __init__(self, directory: Path, setting: Setting, vendor: SocketVendor) -> None:
        self.vendor, self.clock = vendor, VirtualClock()
        self.line, self.stt, self.tts = WideLine(self.clock), StageStt(), StageTts()
        self.definition = _definition(setting)
        database = directory / "calendar.sqlite"
        self.calendar = CalendarView(database)
        tools = appointment_tools(database, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
        reasoner = build_reasoner(
            self.definition, encoder=None, tools=tools, language_model=setting.language_model
        )
        started_ms = int(NOW.timestamp() * 1000)
        header = Header(
            call_id="unified",
            agent="clinic",
            definition_hash="0",
            policy=self.definition.policy,
            wall_time_ms=started_ms,
            line="loopback",
        )
        self.trace = TraceWriter(directory, "unified", header_fields(header))
        self.meter = Meter(load_prices({}, today=NOW.date()))
        port = setting.vendor.model(setting.key, vendor, setting.limits)
        self.call = Call(
            CallParts(
                call_id="unified",
                agent="clinic",
                line_kind="loopback",
                caller_number="",
                language="en-US",
                policy=self.definition.policy,
                started_at=NOW,
                recognisers=[("stage", self.stt)],
                vocabulary=(),
                voices=[Voice(name="stage", tts=self.tts, voice="v")],
                shape=as_written,
                end_of_turn=StageScore(),
                reasoner=reasoner,
                tools={tool.name: tool for tool in tools},
                trace=self.trace,
                clock=self.clock,
                meter=self.meter,
                unified=UnifiedModel(
                    name=setting.vendor.unified,
                    port=port,
                    definition=self.definition,
                    tools=tools,
                    emergency=EmergencyRules(self.definition.emergency),
                ),
            )
        )
        self.line.listener = self.call

    # ------------------------------------------------------------------ what happens

    async def begin(self) -> None:
        """The greeting is spoken and heard."""
        self.call.begin(self.line)
        await self.heard_out("r1")

    async def sounds(self, duration_ms: int = 1000) -> None:
        """The caller's voice, and the silence after it until we see its end."""
        self.call.speech_started(onset_ms=max(0, self.clock.now_ms - 70))
        await self.pushes(duration_ms, loud=True)
        await self.pushes(100, loud=False)
        self.call.speech_stopped(ended_ms=self.clock.now_ms - 100)

    async def pushes(self, duration_ms: int, *, loud: bool) -> None:
        tone = 6000 * np.sin(np.arange(RATE_HZ // 10) / 5) if loud else np.zeros(RATE_HZ // 10)
        for _ in range(duration_ms // 100):
            self.call.caller_audio(tone.astype("<i2").tobytes())
            await self.clock.advance(100)

    async def turn(self, duration_ms: int = 1000) -> str:
        """A whole turn of the caller; gives the id of the reply to it."""
        await self.sounds(duration_ms)
        return await self.answered()

    async def answered(self) -> str:
        """The turn is over: by our stop silence, or by the vendor's. Gives the id of its reply."""
        before = self.latest()
        if self.definition.policy.turn.endpointing == "provider":
            await self.pushes(600, loud=False)
        else:
            await self.clock.advance(400)
        await self.until(lambda: self.latest() != before)
        return self.latest()

    def latest(self) -> str:
        reply = self.call._conversation.state.reply
        return reply.id if reply is not None else ""

    async def heard_out(self, reply_id: str) -> None:
        """The reply is complete and the caller has heard all of it."""
        await self.until(lambda: reply_id in self.line.finished)
        await self.clock.advance(self.line.played_ms(reply_id))
        self.line.hear_out(reply_id)
        await settle()

    async def talk(self, turns: int) -> list[str]:
        """So many turns, each answered and heard out; gives what was heard."""
        heard = []
        for _ in range(turns):
            await self.heard_out(await self.turn())
            heard.append(self.history()[-1])
        return heard

    async def until(self, condition: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(BOUND_S):
                while not condition():
                    await settle()
        except TimeoutError:
            troubles = [(e.type, e.fields) for e in self._entries() if isinstance(e, NoteEntry)]
            raise AssertionError(f"{self.history()}, {self.vendor.complaints}, {troubles}") from None

    # ------------------------------------------------------------------ what is known

    def history(self) -> list[str]:
        return [
            item.text for item in self.call._history.so_far() if isinstance(item, CallerTurn | HeardReply)
        ]

    def unfinished(self) -> list[str]:
        """Words of the caller that the vendor has told, and not called final."""
        assert self.call._unified is not None
        return [words.text for words in self.call._unified.ears._unfinished.values()]

    def _entries(self) -> Sequence[object]:
        """What the trace has so far."""
        self.trace.sync().result(BOUND_S)
        return read_call(self.trace.path).entries

    async def record(self) -> CallRecord:
        """The closed trace, which must replay byte for byte."""
        if not self.call.cause:
            self.call.line_closed("hangup")
        await self.until(self.call._over.is_set)
        record = read_call(self.trace.path)
        assert record.complete
        result = replay_exactly(record)
        assert result.difference is None
        assert result.commands > 5
        return record


def booked(call: UnifiedCall) -> list[tuple[str, str]]:
    """What the calendar has for the caller."""
    visits = call.calendar.appointments("Linda", "Chen")
    return [(visit.appointment_type, f"{visit.start:%A %H:%M}") for visit in visits]


def given(record: CallRecord, kind: type[C]) -> list[C]:
    """The call's commands of one kind."""
    entries: Sequence[CommandEntry] = [e for e in record.entries if isinstance(e, CommandEntry)]
    return [entry.command for entry in entries if isinstance(entry.command, kind)]


def _definition(setting: Setting) -> AgentDefinition:
    definition = load_agent(AGENTS / "clinic.yaml")
    models = (f"unified:{setting.vendor.unified}", "acme/mind", "flow/front_desk")
    turn = TurnPolicy(endpointing=setting.endpointing)
    return dataclasses.replace(
        definition,
        reasoning=dataclasses.replace(definition.reasoning, models=models),
        policy=msgspec.structs.replace(definition.policy, unified=True, turn=turn),
        disclosures=() if setting.greets_itself else definition.disclosures,
    )


@contextlib.asynccontextmanager
async def calling(directory: Path, setting: Setting) -> AsyncIterator[UnifiedCall]:
    async with setting.vendor.double(setting.script, setting.faulty) as vendor:
        call = UnifiedCall(directory, setting, vendor)
        try:
            yield call
        finally:
            if not call.call.cause:
                call.call.line_closed("hangup")
            await call.until(call.call._over.is_set)
        assert not vendor.complaints
