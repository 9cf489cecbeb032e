"""What callers notice when the media plane is at fault: the real plane and the real call, on virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.agents.ports import Replying, ReplyRequest
from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.call import Call
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.media.activity import Activity
from antiphon.runtime.media.playout import Playout
from tests.doubles.media_line import MS, EnergyVad, FarEnd, TestCall, VirtualClock, encoded, numbered, tone
from tests.golden.staged import Staged, hang_up, staged
from tests.golden.telling import Told
from tests.unit.runtime.stage import Stage, StageReasoner, settle
from tests.unit.runtime.stage import VirtualClock as StageClock

MANY = 12


class _PlaneClock(VirtualClock):
    """The plane lives by the stage's clock."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @property  # type: ignore[override]
    def now_ns(self) -> int:
        return 5_000_000_000 + self.stage.clock.now_ms * MS


class _CountingVad(EnergyVad):
    """How often it was asked, all rows together being once."""

    asked = 0

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.asked += 1
        return super().probabilities(rows, windows)


class _OnPlane:
    """Calls on one plane. `late_ms` delays every third tick."""

    def __init__(self, folder: Path, line_format: LineFormat, *, calls: int = 1, late_ms: int = 0) -> None:
        def plan(request: ReplyRequest, act: Replying) -> None:
            act.say("We are open from eight to five." if request.text else "Hello.")

        self.clock = StageClock()
        self.stages = [
            Stage(folder / str(n), reasoner=StageReasoner(plan), clock=self.clock) for n in range(calls)
        ]
        self.plane_clock = _PlaneClock(self.stages[0])
        self.vads = {rate_hz: _CountingVad(rate_hz) for rate_hz in (8000, 16000)}
        self.vad = self.vads[line_format.sample_rate_hz]
        self.plane = MediaPlane(self.vads[8000], self.vads[16000], clock=self.plane_clock)
        self.late_ms = late_ms
        self.format = line_format
        self.lines: list[TestCall] = []

    async def begin(self) -> None:
        for stage in self.stages:
            far_end = FarEnd(self.plane_clock, self.format)
            source, line = self.plane.attach(self.format, far_end, stage.call, 80)
            far_end.source = source
            self.lines.append(TestCall(source, line, far_end, cast(Any, stage.call)))
            stage.call.begin(line)
        self._tick(0)
        await settle()

    def _tick(self, number: int) -> None:
        self.plane.tick(self.plane_clock.now_ns)
        due_ms = 20 + (self.late_ms if number % 3 == 0 else -self.late_ms if number % 3 == 1 else 0)
        self.clock.call_later(due_ms, lambda: self._tick(number + 1))

    async def passes(self, duration_ms: int) -> None:
        """Every millisecond the far ends play on, as a phone does."""
        for _ in range(duration_ms):
            await self.clock.advance(1)
            for line in self.lines:
                line.far_end.advance()

    async def speaks(self, pcm: NDArray[np.int16]) -> None:
        """Every caller says the same, in real time."""
        step = self.format.sample_rate_hz // 50
        for start in range(0, len(pcm), step):
            for line in self.lines:
                line.source.receive(encoded(pcm[start : start + step], self.format))
            await self.passes(20)

    async def asks(self, text: str) -> None:
        await self.speaks(tone(800, sample_rate_hz=self.format.sample_rate_hz))
        await self.passes(240)
        for stage in self.stages:
            stage.stt.final(text)
        await self.passes(400)

    async def ends(self) -> None:
        for stage in self.stages:
            await hang_up(stage)


# ---------------------------------------------------------------- playout


async def _ticks_come_late(folder: Path) -> Staged:
    calls = _OnPlane(folder, PHONE, late_ms=15)
    await calls.begin()
    await calls.passes(1000)
    await calls.asks("What are your hours?")
    await calls.passes(3000)
    heard_ms = len(calls.lines[0].far_end.heard) / 8
    underruns = calls.plane.counters.underruns
    await calls.ends()
    return Staged(stage=calls.stages[0], facts={"underruns": underruns, "heard_ms": heard_ms})


def _flows_without_a_gap(told: Told) -> None:
    begun, finished = told.events(ev.PlayoutStarted)[-1], told.events(ev.PlayoutFinished)[-1]
    assert begun.reply_id == finished.reply_id == "r2"
    assert told.facts["underruns"] == 0
    assert finished.at_ms - begun.at_ms <= finished.heard_ms + 20, "no longer than what is said"
    spoken_ms = 50 * (len("Hello.") + len("We are open from eight to five."))
    heard_ms = told.facts["heard_ms"]
    assert isinstance(heard_ms, float) and 0 <= heard_ms - spoken_ms < 80, "two last frames are padded"


def _sent_only_when_due(patch: pytest.MonkeyPatch) -> None:
    init = Playout.__init__

    def leadless(playout: Playout, *args: Any, **kwargs: Any) -> None:
        init(playout, *args, **kwargs)
        playout._refill_ns = 0

    patch.setattr(Playout, "__init__", leadless)


# ---------------------------------------------------------------- listening


async def _barges_in(folder: Path) -> Staged:
    calls = _OnPlane(folder, WIDEBAND)
    recognised = bytearray()
    calls.stages[0].stt.push = recognised.extend  # type: ignore[method-assign]
    await calls.begin()
    await calls.passes(60)
    said = numbered(16_000, first=5000)
    await calls.speaks(said)
    await calls.passes(400)
    spoke_over = any(stage.call._conversation.state.turn is not None for stage in calls.stages)
    await calls.ends()
    whole = said.tobytes() in bytes(recognised)
    return Staged(stage=calls.stages[0], facts={"whole": whole, "spoke_over": spoke_over})


def _every_sample_is_recognised(told: Told) -> None:
    assert told.commands(cmd.PausePlayout), "the caller spoke over the agent"
    assert told.facts["whole"]


def _deaf_while_speaking(patch: pytest.MonkeyPatch) -> None:
    hear = Call.caller_audio

    def gated(call: Call, pcm: bytes) -> None:
        if call._conversation.phase.value not in ("speaking", "thinking"):
            hear(call, pcm)

    patch.setattr(Call, "caller_audio", gated)


async def _many_ask_at_once(folder: Path) -> Staged:
    calls = _OnPlane(folder, PHONE, calls=MANY)
    await calls.begin()
    await calls.passes(1000)
    await calls.asks("What are your hours?")
    await calls.passes(2500)
    await calls.ends()
    lines = [stage.trace.path.read_bytes().splitlines()[1:] for stage in calls.stages]
    facts = {
        "inferences": calls.vad.asked,
        "windows": len(calls.vad.windows),
        "different": sum(other != lines[0] for other in lines),
    }
    return Staged(stage=calls.stages[-1], facts=facts)


def _one_inference_serves_all(told: Told) -> None:
    inferences, windows = told.facts["inferences"], told.facts["windows"]
    assert isinstance(inferences, int) and inferences * MANY == windows, "one for all, at each tick"
    assert told.facts["different"] == 0, "each is answered when it would be alone"


def _one_inference_a_call(patch: pytest.MonkeyPatch) -> None:
    together = Activity._listen

    def apart(self: Activity, arrays: Any, rows: Any, window: Any) -> Any:
        each = [together(self, arrays, rows[i : i + 1], window[i : i + 1]) for i in range(len(rows))]
        return np.concatenate(each)

    patch.setattr(Activity, "_listen", apart)


SYMPTOMS = [
    staged(
        "agent_sounds_choppy_on_the_phone", "P12",
        story=_ticks_come_late, absent=_flows_without_a_gap, fault=_sent_only_when_due,
    ),
    staged(
        "first_syllable_after_a_barge_in_is_lost", "P9",
        story=_barges_in, absent=_every_sample_is_recognised, fault=_deaf_while_speaking,
    ),
    staged(
        "answers_slow_down_from_the_third_call", "P13",
        story=_many_ask_at_once, absent=_one_inference_serves_all, fault=_one_inference_a_call,
    ),
]  # fmt: skip
