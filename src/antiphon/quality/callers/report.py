"""One call as one JSON object: both sides of the line joined on call time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.quality.callers.goals import Verdict
from antiphon.quality.callers.living import CallerLog
from antiphon.runtime.records.lines import CallRecord
from antiphon.runtime.records.story import CallStory, TurnStory, tell
from antiphon.runtime.records.waterfall import percentiles, waterfall

# The agent dates speech within this of the truth; what lies further apart is another utterance.
ALIGN_MS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """`data` is what `antiphon call --json` prints; docs/callers.md describes every field."""

    reached: bool
    data: dict[str, Any]


def failed_report(caller: str, reason: str) -> CallReport:
    """A call that could not be made or judged; the same fields as any other."""
    data: dict[str, Any] = {
        "call_id": "",
        "caller": caller,
        "outcome": "error",
        "why": reason,
        "ended": "error",
        "turns": [],
        "latency_ms": percentiles([]),
        "tools": [],
        "interruptions": [],
        "caller_heard": [],
        "duration_ms": 0,
        "errors": [reason],
        "trace": "",
    }
    return CallReport(reached=False, data=data)


def report(caller: str, verdict: Verdict, log: CallerLog, record: CallRecord, trace: Path) -> CallReport:
    story = tell(record.entries)
    turns = [_turn(turn, story, log) for turn in story.turns]
    totals = [turn["latency_ms"]["total"] for turn in turns if turn["latency_ms"]["total"] is not None]
    data: dict[str, Any] = {
        "call_id": log.call_id,
        "caller": caller,
        "outcome": "goal_reached" if verdict.reached else "goal_missed",
        "why": verdict.why,
        "ended": story.outcome,
        "turns": turns,
        "latency_ms": percentiles(totals),
        "tools": [
            {"name": tool.name, "ok": tool.ok, "took_ms": tool.took_ms, "arguments": tool.arguments}
            for tool in story.tools.values()
        ],
        "interruptions": [
            {"at_ms": item.at_ms, "barge_in": item.barge_in, "silent_after_ms": item.silent_after_ms}
            for item in story.interruptions
        ],
        "caller_heard": [utterance.text for utterance in log.heard],
        "duration_ms": log.duration_ms,
        "errors": [*log.errors, *(f"{item.what}: {item.detail}" for item in story.errors)],
        "trace": str(trace),
    }
    return CallReport(reached=verdict.reached, data=data)


def _turn(turn: TurnStory, story: CallStory, log: CallerLog) -> dict[str, Any]:
    reply = story.replies.get(turn.reply_id) if turn.reply_id else None
    fall = waterfall(turn, reply)
    stages = fall.durations_ms()
    onset_ms = turn.onset_ms if turn.onset_ms is not None else turn.ended_ms
    said = [
        item
        for item in log.said
        if item.began_ms < turn.ended_ms + ALIGN_MS and item.ended_ms > onset_ms - ALIGN_MS
    ]
    at_agent_ms = stages.pop("total")
    return {
        "caller_said": " ".join(item.text for item in said),
        "agent_heard": turn.heard_as,
        "agent_said": reply.said if reply is not None else "",
        "agent_was_heard": reply.heard if reply is not None else "",
        "latency_ms": {
            **stages,
            "total": _at_the_ear(turn, log) if at_agent_ms is not None else None,
            "total_seen_by_agent": at_agent_ms,
        },
    }


def _at_the_ear(turn: TurnStory, log: CallerLog) -> int | None:
    """True end of the caller's voice to the first agent sample he hears.

    None where the turn does not end with one of his lines (keys, a noise), he was answered into it, or
    spoke on before the answer. A line ends with his voice: of a soft last word the agent may not know.
    """
    if "dtmf:" in turn.heard_as:
        return None
    ends = [item.ended_ms for item in log.said if item.began_ms < turn.ended_ms]
    if not ends or turn.ended_ms - ends[-1] > ALIGN_MS:
        return None
    ended_ms = ends[-1]
    sounds = [at_ms for at_ms in log.agent_onsets_ms if at_ms > min(turn.ended_ms, ended_ms)]
    spoke_on = [item.began_ms for item in log.said if item.began_ms > ended_ms]
    if not sounds or sounds[0] <= ended_ms or (spoke_on and spoke_on[0] < sounds[0]):
        return None
    return sounds[0] - ended_ms
