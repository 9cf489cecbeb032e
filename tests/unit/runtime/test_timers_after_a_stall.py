"""What was in the socket while the process stood still comes before the timers that fell due meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

import pytest
from tests.doubles.media_line import EnergyVad, FarEnd, Notes, VirtualClock, encoded, tone
from tests.doubles.scripted_ports import ScriptedModel
from tests.doubles.virtual_loop import VirtualLoop, live, passes

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.audio.ports import PHONE
from antiphon.runtime.clock import LoopClock, PatientTimer
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.models import FailoverModel
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.media.clock import MediaClock
from antiphon.runtime.timers import Timers

FRAME = 160


class _Caller(Notes):
    """Who speaks is not asked whether he is there."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self.timers = Timers(LoopClock(), lambda name, due_ms: self.order.append(name))

    def speech_started(self, onset_ms: int) -> None:
        self.order.append("speech")
        self.timers.cancel("silence")


@pytest.mark.parametrize("stalled_ms", [120, 300, 900])
def test_a_caller_whose_words_came_while_the_process_stood_still_is_not_asked_whether_he_is_there(
    stalled_ms: int,
) -> None:
    async def call() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=loop.now_ns)
        ticking = asyncio.create_task(MediaClock(plane, clock=loop.now_ns, cpu=lambda: 0).run())
        caller = _Caller()
        source, line = plane.attach(PHONE, FarEnd(VirtualClock(), PHONE), caller, 80)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)

        def readable() -> None:
            source.receive(ours.recv(FRAME))

        loop.add_reader(ours, readable)
        await passes(500)
        caller.timers.set("silence", line.now_ms + 60, line.now_ms)
        for start in range(0, stalled_ms * 8, FRAME):
            theirs.send(encoded(tone(stalled_ms), PHONE)[start : start + FRAME])
        loop.jump(stalled_ms / 1000)
        await passes(400)
        loop.remove_reader(ours)
        for end in (ours, theirs):
            end.close()
        ticking.cancel()
        return caller.order

    assert live(call()) == ["speech"]


def test_a_caller_who_said_nothing_is_asked_a_moment_after_the_stall() -> None:
    async def fired_ms() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        assert isinstance(loop, VirtualLoop)
        began_s = loop.time()
        LoopClock().call_later(50, lambda: fired.append(round((loop.time() - began_s) * 1000)))
        LoopClock().call_later(290, lambda: fired.append(round((loop.time() - began_s) * 1000)))
        loop.jump(0.3)  # The second is only 10 ms late: as any timer is.
        await passes(100)
        return fired

    assert live(fired_ms()) == [300, 340]


def test_a_process_that_never_catches_up_fires_its_timers_all_the_same() -> None:
    async def stalls() -> int:
        loop, fired = asyncio.get_running_loop(), list[str]()
        assert isinstance(loop, VirtualLoop)
        PatientTimer(0.05, lambda: fired.append("now"))
        for stalls in range(1, 20):
            loop.jump(0.2)
            await passes(1)
            if fired:
                return stalls
        return 0

    assert 1 < live(stalls()) <= 8


class _Socketed:
    """Its answer is in the socket while the process stands still, and takes a few turns to be here."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        await passes(900)
        for _ in range(5):
            await asyncio.sleep(0)
        emit("Hello.")
        return Completion(text="Hello.")


def test_a_model_whose_answer_came_while_the_process_stood_still_is_not_given_up() -> None:
    async def story() -> list[str]:
        loop, said, book = asyncio.get_running_loop(), list[str](), HealthBook()
        assert isinstance(loop, VirtualLoop)
        models = (_Socketed(), ScriptedModel("Too late."))
        candidates = [
            Candidate(name=f"m{i}", port=model, health=book.of("llm", f"m{i}"))
            for i, model in enumerate(models)
        ]
        failover = FailoverModel(candidates, RaceRules(note="model_failed", first_ms=1000))
        loop.call_later(0.85, loop.jump, 0.4)
        await failover.complete([Message(role="user", content="Hi")], (), said.append)
        return said

    assert [text.strip() for text in live(story())] == ["Hello."]


def test_a_timer_that_waits_for_the_sockets_can_be_cancelled() -> None:
    async def fired() -> list[str]:
        loop, fired = asyncio.get_running_loop(), list[str]()
        assert isinstance(loop, VirtualLoop)
        timer = PatientTimer(0.05, lambda: fired.append("now"))
        loop.jump(0.3)
        await passes(10)
        timer.cancel()
        await passes(500)
        return fired

    assert live(fired()) == []
