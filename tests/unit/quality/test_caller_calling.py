"""Several callers at once: one that fails costs the others nothing; callers of one name take turns."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from tests.doubles.media_line import silence, tone
from tests.doubles.scripted_agent import RATE_HZ, ScriptedAgent, TellsInOrder, ToneVoice
from tests.doubles.virtual_loop import live
from tests.unit.runtime.recorded_call import record_call

from antiphon.agents.definition import load_agent
from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.audio.wav import write_wav
from antiphon.errors import CallFailed, ConfigError
from antiphon.quality.callers.calling import LineSettings, PreparedCaller, place_all, read_noise
from antiphon.quality.callers.mind import Mind
from antiphon.quality.callers.mouth import Mouth
from antiphon.quality.callers.report import CallReport
from antiphon.quality.callers.script import CallerScript
from antiphon.quality.callers.stack import Stack
from antiphon.runtime.arrivals import Arrival, CallerView
from antiphon.runtime.exchange import Outcome

ROOT = Path(__file__).parents[3]
CALL_S = 2.0


class ShortCalls:
    """A stack whose every call lasts two seconds and leaves the same trace; the n-th may break.

    Attributes:
        together_max: The most calls there were at once.
    """

    def __init__(self, *breaks: Exception | None) -> None:
        self.exchange = self.caller_models = self
        self.calls_directory = Path()
        self._breaks = list(breaks)
        self._now = 0
        self.together_max = 0

    def speech_to_text(self, name: str) -> TellsInOrder:
        return TellsInOrder()

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        fault = self._breaks.pop(0) if self._breaks else None
        if fault is not None:
            raise fault
        self._now += 1
        self.together_max = max(self.together_max, self._now)
        asyncio.get_running_loop().call_later(CALL_S, self._end, sink)
        _, source = ScriptedAgent().answer(arrival, sink)
        return "c1", source

    def _end(self, sink: MediaSink) -> None:
        self._now -= 1
        sink.end()

    async def wait_ended(self, call_id: str) -> None: ...

    def outcome(self, call_id: str) -> Outcome:
        return Outcome(call_id=call_id, cause="silence")


def prepared(name: str, last_name: str = "") -> PreparedCaller:
    goal = {"kind": "booked", "last_name": last_name} if last_name else {"kind": "ended", "cause": "silence"}
    script = CallerScript.model_validate({"name": name, "about": "", "goal": goal})
    mouth = Mouth(ToneVoice(), "af_heart", sample_rate_hz=RATE_HZ)
    return PreparedCaller(script=script, mind=Mind(script, {}), mouth=mouth)


def place(stack: ShortCalls, home: Path, *callers: PreparedCaller) -> tuple[list[CallReport], list[str]]:
    stack.calls_directory = home / "calls"
    record_call(stack.calls_directory)
    definition = load_agent(ROOT / "agents/clinic.yaml")
    done: list[str] = []

    async def run() -> list[CallReport]:
        return await place_all(
            cast(Stack, stack),
            definition,
            home,
            callers,
            LineSettings(),
            at_once=2,
            done=lambda report: done.append(report.data["caller"]),
        )

    return live(run()), done


@pytest.mark.parametrize(
    ("fault", "why"),
    [(CallFailed("all lines are busy"), "all lines are busy"), (RuntimeError("oh"), "RuntimeError: oh")],
)
def test_a_call_that_fails_is_reported_and_the_others_go_on(
    tmp_path: Path, fault: Exception, why: str
) -> None:
    callers = [prepared("first"), prepared("second"), prepared("third")]
    reports, done = place(ShortCalls(None, fault), tmp_path, *callers)
    assert [report.data["outcome"] for report in reports] == ["goal_reached", "error", "goal_reached"]
    assert reports[1].data["why"] == why and not reports[1].reached
    assert sorted(done) == ["first", "second", "third"]


def test_no_more_calls_are_up_than_asked_for(tmp_path: Path) -> None:
    stack = ShortCalls()
    place(stack, tmp_path, *(prepared(f"caller {number}") for number in range(5)))
    assert stack.together_max == 2


def test_callers_of_one_name_take_turns(tmp_path: Path) -> None:
    stack = ShortCalls()
    reports, _ = place(stack, tmp_path, prepared("books", "Chen"), prepared("asks first", "chen"))
    assert stack.together_max == 1 and len(reports) == 2
    other = ShortCalls()
    place(other, tmp_path / "other", prepared("books", "Chen"), prepared("moves", "Smith"))
    assert other.together_max == 2


def test_noise_is_read_at_the_lines_rate(tmp_path: Path) -> None:
    write_wav(tmp_path / "noise.wav", tone(500, sample_rate_hz=16000), 16000)
    settings = LineSettings(line="phone", noise=tmp_path / "noise.wav")
    noise = read_noise(settings)
    assert noise is not None and len(noise) == 4000
    assert read_noise(LineSettings()) is None


def write(path: Path, content: Any) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write_wav(path, content, 8000)


@pytest.mark.parametrize(
    "content", [b"no recording", silence(0), silence(500)], ids=["text", "empty", "silent"]
)
def test_noise_that_is_none_names_the_file(tmp_path: Path, content: Any) -> None:
    write(tmp_path / "noise.wav", content)
    with pytest.raises(ConfigError, match=r"noise\.wav"):
        read_noise(LineSettings(noise=tmp_path / "noise.wav"))
