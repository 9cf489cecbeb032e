"""Every caller of the clinic, end to end in real time with real models, judged by the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from antiphon.agents.definition import load_agent
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy
from antiphon.conversation.replay import first_difference, replay
from antiphon.quality.callers.calling import LineSettings, place_all, prepare
from antiphon.quality.callers.report import CallReport
from antiphon.quality.callers.script import load_caller
from antiphon.quality.callers.stack import Stack
from antiphon.runtime.records.lines import CommandEntry, read_call

ROOT = Path(__file__).parents[2]
CALLERS = sorted((ROOT / "agents/clinic/callers").glob("*.yaml"))
# A crowd calls beside the first of them.
AT_ONCE = {"wideband": 5, "phone": 7}
# Small models mishear now and then, and five callers beside a crowd are more than two cores should carry.
# How often a first call succeeds, benchmarks/response.py measures; here a caller who missed may call again.
SHARE_REACHED_AT_ONCE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Shares of the callers, and why others missed their goals."""

    at_once: float
    in_the_end: float
    story: str


async def everybody_calls(line: str, tmp_path: Path) -> Reached:
    """All of them once, and who missed his goal again; then every call is looked into."""
    definition = load_agent(ROOT / "agents/clinic.yaml")
    settings = LineSettings(line=line)
    assert len(CALLERS) >= 12
    async with Stack([definition], tmp_path / "home", tmp_path) as stack:
        now = datetime.now(definition.zone)
        home = tmp_path / "home"

        async def call(paths: list[Path]) -> list[CallReport]:
            callers = [await prepare(load_caller(p), p, stack.caller_models, settings, now) for p in paths]
            return await place_all(stack, definition, home, callers, settings, at_once=AT_ONCE[line])

        first = await call(CALLERS)
        missed = [path for path, report in zip(CALLERS, first, strict=True) if not report.reached]
        again = await call(missed) if missed else []
    for report in [*first, *again]:
        _check(report)
    still_missed = sum(not report.reached for report in again)
    return Reached(
        at_once=1 - len(missed) / len(first),
        in_the_end=1 - still_missed / len(first),
        story="; ".join(f"{r.data['caller']}: {r.data['why']}" for r in [*first, *again] if not r.reached),
    )


def _check(report: CallReport) -> None:
    """What holds of every call, whether its caller got what he wanted or not."""
    record = read_call(Path(report.data["trace"]))
    assert record.complete, report.data["caller"]
    recorded = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    again = [command for _, commands in replay(record.header.policy, record.events) for command in commands]
    assert first_difference(recorded, again) is None, report.data["caller"]
    silent_ms = _longest_silence_ms(record.events)
    assert silent_ms <= _silence_bound_ms(record.header.policy), f"{report.data['caller']}: {silent_ms} ms"
    if report.data["caller"] != "silent":
        assert report.data["turns"], report.data["caller"]


def _longest_silence_ms(events: Sequence[ev.Event]) -> int:
    """Between two sounds of either side: a caller who loses patience has missed his goal, which is counted
    above; one who was left alone with a silent line is a fault."""
    longest_ms, quiet_since_ms, sounding = 0, 0, 0
    for event in events:
        if isinstance(event, ev.SpeechStarted | ev.PlayoutStarted):
            if not sounding:
                longest_ms = max(longest_ms, event.at_ms - quiet_since_ms)
            sounding += 1
        elif isinstance(event, ev.SpeechStopped | ev.PlayoutFinished | ev.PlayoutFlushed):
            sounding = max(0, sounding - 1)
            quiet_since_ms = event.at_ms
    return max(longest_ms, 0 if sounding else events[-1].at_ms - quiet_since_ms)


def _silence_bound_ms(policy: Policy) -> int:
    """The caller's own patience and then ours, and a second of the models' time."""
    turn, silence = policy.turn, policy.silence
    ours_ms = max(silence.filler_gap_ms, turn.final_wait_ms)
    return silence.reprompt_after_ms + turn.stop_silence_max_ms + turn.patience_ms + ours_ms + 1000
