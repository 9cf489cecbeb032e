"""Where arrivals meet agents: answered, counted, refused with words, drained."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from tests.unit.runtime.stage import (
    StageLine,
    StageReasoner,
    StageScore,
    StageStt,
    StageTts,
    VirtualClock,
    settle,
)

from antiphon.agents.definition import load_agent
from antiphon.agents.ports import Replying, ReplyRequest
from antiphon.audio.ports import PHONE, LineFormat, MediaSink, MediaSource
from antiphon.conversation.events import TranscriptFinal
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime import ending
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.call import Call
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media.ports import Line, LineListener
from antiphon.runtime.recorded import CallRecording, KeptApart
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.speaking import Voice
from antiphon.speech.ssml import Utterance
from antiphon.storage.traces import close_traces, find_call, list_calls, shared_flusher

PATIENCE_S = 5.0  # Only so that what is never over fails.
CLINIC = Path(__file__).parents[3] / "agents/clinic.yaml"


class StagePlane:
    """Gives every call a stage line; `hang_up` is the far end's doing."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.lines: list[StageLine] = []
        self.listeners: list[LineListener] = []

    def attach(
        self, line_format: LineFormat, sink: MediaSink, listener: LineListener, lead_ms: int
    ) -> tuple[MediaSource, Line]:
        line = StageLine(self._clock)
        line.listener = cast(Call, listener)
        self.lines.append(line)
        self.listeners.append(listener)
        return _Source(), line


class _Source:
    def receive(self, payload: bytes | memoryview) -> None: ...

    def concealed(self, duration_ms: int) -> None: ...
    def played(self, name: str) -> None: ...

    def dtmf(self, digit: str) -> None: ...

    def talk(self, pressed: bool) -> None: ...

    def closed(self, reason: str) -> None: ...


class _Sink:
    def send(self, payload: bytes) -> None: ...

    def mark(self, name: str) -> None: ...

    def clear(self) -> None: ...

    def end(self) -> None: ...


class House:
    """An exchange with one agent, on virtual time."""

    def __init__(
        self,
        directory: Path,
        *,
        calls_max: int = 10,
        plan: Callable[[ReplyRequest, Replying], object] | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.plane = StagePlane(self.clock)
        kit = AgentKit(
            definition=load_agent(CLINIC),
            recognisers=[("stage", StageStt())],
            voices=[Voice(name="stage", tts=StageTts(), voice="v")],
            end_of_turn=StageScore(),
            shape=lambda text: Utterance(text=text.strip()),
            tools={},
            make_reasoner=lambda: StageReasoner(plan),
        )
        self.directory = directory
        self.exchange = Exchange(
            plane=self.plane,
            agents={"clinic": kit},
            calls_directory=directory,
            clock=self.clock,
            calls_max=calls_max,
        )

    def ring(self, agent: str = "clinic", carrier_call: str = "") -> str:
        arrival = Arrival(
            agent=agent, line="phone", line_format=PHONE, metadata={"carrier_call": carrier_call}
        )
        return self.exchange.answer(arrival, _Sink())[0]


async def test_an_answered_call_is_active_until_its_trace_is_on_disk(tmp_path: Path) -> None:
    house = House(tmp_path)
    call_id = house.ring()
    assert [call.call_id for call in house.exchange.active()] == [call_id]
    house.plane.listeners[0].line_closed("hangup")
    await house.exchange.wait_ended(call_id)
    await settle()
    assert house.exchange.active() == []
    assert read_call(find_call(tmp_path, call_id)).complete


async def test_a_disk_that_hangs_keeps_no_line_busy_and_has_the_whole_trace_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ending, "TRACE_S", 0.01)
    house, back, late = House(tmp_path, calls_max=1), threading.Event(), shared_flusher().counted["late"]
    really = os.fsync

    def hangs(fd: int) -> None:
        assert back.wait(PATIENCE_S)
        really(fd)

    monkeypatch.setattr(os, "fsync", hangs)
    try:
        calls = [house.ring()]
        await _hung_up(house, calls[0])
        calls.append(house.ring())
        await _hung_up(house, calls[1])
    finally:
        back.set()
    assert shared_flusher().counted["late"] == late + 2
    told = capfd.readouterr().out
    assert all(f"call={call}" in told and f"{call}.jsonl" in told for call in calls)
    close_traces()
    assert all(read_call(find_call(tmp_path, call)).complete for call in calls)


async def _hung_up(house: House, call_id: str) -> None:
    house.plane.listeners[-1].line_closed("hangup")
    async with asyncio.timeout(PATIENCE_S):
        await house.exchange.wait_ended(call_id)
    await settle()
    assert house.exchange.active() == []


async def test_an_unknown_agent_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="agents here: clinic"):
        House(tmp_path).ring("dentist")


async def test_more_calls_than_lines_are_refused_and_the_others_go_on(tmp_path: Path) -> None:
    house = House(tmp_path, calls_max=2)
    house.ring()
    house.ring()
    with pytest.raises(CallFailed, match="all 2 lines are busy"):
        house.ring()
    assert len(house.exchange.active()) == 2
    house.plane.listeners[0].line_closed("hangup")
    await house.exchange.drain(0)


async def test_draining_says_goodbye_and_then_ends_what_is_left(tmp_path: Path) -> None:
    house = House(tmp_path)
    call_id = house.ring()
    await settle()
    house.plane.lines[0].hear_out("r1")
    await house.exchange.drain(0)
    assert house.exchange.active() == []
    outcome = house.exchange.outcome(call_id)
    assert outcome is not None
    assert outcome.cause == "operator"
    with pytest.raises(CallFailed, match="no more calls"):
        house.ring()


async def test_an_escalated_call_is_found_by_the_carriers_own_id(tmp_path: Path) -> None:
    def plan(request: ReplyRequest, act: Replying) -> None:
        act.say("I'll put you through.")
        act.escalate("asked_for_person", "wants a person")

    house = House(tmp_path, plan=plan)
    call_id = house.ring(carrier_call="CA123")
    await settle()
    house.plane.lines[0].hear_out("r1")
    await house.exchange.wait_ended(call_id)
    outcome = house.exchange.outcome("CA123")
    assert outcome is not None
    assert (outcome.call_id, outcome.cause, outcome.reason) == (call_id, "escalated", "asked_for_person")


async def test_a_call_that_cannot_begin_is_refused_and_takes_no_line_for_ever(tmp_path: Path) -> None:
    house = House(tmp_path, calls_max=1)

    def broken(config: object, emit: object) -> StageStt:
        raise KeyError("an adapter's own mistake")

    kit = house.exchange.agents["clinic"]
    good = kit.recognisers[0][1].open
    kit.recognisers[0][1].open = broken  # type: ignore[method-assign]
    with pytest.raises(CallFailed, match="could not begin: KeyError"):
        house.ring()
    assert house.exchange.active() == [] and house.plane.lines[0].closed
    kit.recognisers[0][1].open = good  # type: ignore[method-assign]
    call_id = house.ring()
    house.plane.listeners[1].line_closed("hangup")
    await house.exchange.wait_ended(call_id)
    traces = [read_call(call.path) for call in list_calls(tmp_path)]
    assert [record.complete for record in traces] == [True, True]


class _Broken:
    """A recorder that falls over at what `at` says, and notes what it is still asked."""

    is_over = False

    def __init__(self, at: str) -> None:
        self.at, self.asked = at, list[str]()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def asked(*_: object) -> None:
            self.asked.append(name)
            if name == self.at:
                raise RuntimeError("no more disk")

        return asked


@pytest.mark.parametrize("at", ["caller", "agent", "cleared", "heard", "said", "end"])
async def test_a_recorder_that_breaks_ends_its_recording_and_not_the_call(tmp_path: Path, at: str) -> None:
    notes: list[tuple[str, object]] = []
    broken = _Broken(at)
    recording = KeptApart(cast(CallRecording, broken), lambda name, **fields: notes.append((name, fields)))
    for _ in range(2):
        recording.caller(b"\0\0")
        recording.agent(b"\xff", 20)
        recording.cleared(40)
        recording.heard("Hello.", 60)
        recording.said("Hi.", 80)
    recording.end()
    assert recording.is_over and notes == [("recording_failed", {"reason": "RuntimeError: no more disk"})]
    assert broken.asked.count(at) == (2 if at == "end" else 1)
    assert broken.asked[-1] == "end", "what was recorded stays"


async def test_a_recorded_call_goes_on_when_its_recorder_breaks(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.exchange._recordings = _Recordings()
    call_id = house.ring()
    await settle()
    call = house.exchange.up(call_id)
    call.post(TranscriptFinal(at_ms=0, segment=0, text="Hi."))
    assert call.cause == "" and house.exchange.recording(call_id) is call.recording
    assert call.recording.is_over
    call.line_closed("hangup")
    await house.exchange.wait_ended(call_id)
    assert read_call(find_call(tmp_path, call_id)).complete


class _Recordings:
    def __init__(self) -> None:
        self.begun = _Broken("said")

    def begin(self, *_: object) -> CallRecording:
        return cast(CallRecording, self.begun)


async def test_a_call_the_plane_does_not_take_leaves_no_recording_and_no_open_trace(tmp_path: Path) -> None:
    house = House(tmp_path)
    recordings = house.exchange._recordings = _Recordings()

    def no_such_rate(*_: object) -> None:
        raise KeyError(44_100)

    house.plane.attach = no_such_rate  # type: ignore[method-assign, assignment]
    with pytest.raises(CallFailed, match="could not begin: KeyError"):
        house.ring()
    assert recordings.begun.asked[-1] == "end"
    await settle()
    close_traces()
    (trace,) = list_calls(tmp_path)
    assert trace.closed and house.exchange.active() == []
