"""What if: a recorded call under another turn-taking policy, on virtual time.

The caller does at every moment what was recorded, timers are run anew, and the agent's side (words, audio,
tools) answers with the delays the recording has. So response delays and cut-offs are predicted; how the
caller would have reacted to a different agent is not.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import msgspec

from antiphon.conversation import Conversation
from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.conversation.policy import Policy
from antiphon.runtime.records.agent_side import AgentSide, Due
from antiphon.runtime.records.lines import CallRecord, CommandEntry, Entry, EventEntry
from antiphon.runtime.records.story import CallStory, tell
from antiphon.runtime.records.waterfall import waterfall

_CALLER_EVENTS = (
    e.CallStarted,
    e.SpeechStarted,
    e.SpeechStopped,
    e.TranscriptPartial,
    e.TranscriptFinal,
    e.EndOfTurnScored,
    e.DtmfReceived,
    e.CallerHungUp,
    e.OperatorEnded,
    e.LineFailed,
)
# A simulated call that goes on this long after the recorded one is of no interest any more.
_OVERTIME_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnChange:
    """A turn of the caller, as recorded and under the other policy; matched by where its speech ended.

    Attributes:
        recorded_ms: Last speech sample to first agent sample; None when nothing answered it.
        text: What was understood, "" when the recording has no such turn.
    """

    turn: int
    ended_ms: int
    recorded_ms: int | None
    what_if_ms: int | None
    text: str
    what_if_text: str


class _Delay(NamedTuple):
    total_ms: int | None
    turn: int
    text: str


def compare(record: CallRecord, policy: Policy) -> list[TurnChange]:
    """Every turn of either run, in order of time."""
    before = _delays(tell(record.entries))
    after = _delays(tell(simulate(record, policy)))
    nothing = _Delay(None, 0, "")
    return [
        TurnChange(
            turn=before.get(ended_ms, after.get(ended_ms, nothing)).turn,
            ended_ms=ended_ms,
            recorded_ms=before.get(ended_ms, nothing).total_ms,
            what_if_ms=after.get(ended_ms, nothing).total_ms,
            text=before.get(ended_ms, nothing).text,
            what_if_text=after.get(ended_ms, nothing).text,
        )
        for ended_ms in sorted(before.keys() | after.keys())
    ]


def simulate(record: CallRecord, policy: Policy) -> list[Entry]:
    """The trace the call would have had."""
    return _World(record, policy).run()


def _delays(story: CallStory) -> dict[int, _Delay]:
    return {
        turn.ended_ms: _Delay(
            waterfall(turn, story.replies.get(turn.reply_id or "")).total_ms, turn.number, turn.heard_as
        )
        for turn in story.turns
    }


class _World:
    """Virtual time: the recorded caller, running timers, the agent's side and the core under test."""

    def __init__(self, record: CallRecord, policy: Policy) -> None:
        self._conversation = Conversation(policy)
        self._agent = AgentSide(record.entries)
        self._end_ms = record.duration_ms + _OVERTIME_MS
        self._order = count()
        self._queue: list[tuple[int, int, Due]] = []
        self._timers: dict[str, int] = {}
        self._trace: list[Entry] = []
        self._schedule(Due(event) for event in record.events if isinstance(event, _CALLER_EVENTS))

    def run(self) -> list[Entry]:
        while (event := self._next()) is not None and event.at_ms <= self._end_ms:
            self._trace.append(EventEntry(number=0, raw=b"", event=event))
            for command in self._conversation.step(event):
                entry = CommandEntry(number=0, raw=b"", at_ms=event.at_ms, command=command)  # type: ignore[arg-type]
                self._trace.append(entry)
                if isinstance(command, c.EndCall):
                    return self._trace
                self._carry_out(event.at_ms, command)
        return self._trace

    def _next(self) -> e.AnyEvent | None:
        while self._queue and not self._agent.still_true(self._queue[0][2]):
            heapq.heappop(self._queue)
        timer = min(self._timers, key=lambda name: self._timers[name], default=None)
        if timer is not None and (not self._queue or self._timers[timer] < self._queue[0][0]):
            return e.TimerFired(at_ms=self._timers.pop(timer), timer=timer)
        if not self._queue:
            return None
        at_ms, _, due = heapq.heappop(self._queue)
        self._schedule(self._agent.happened(due.event))
        return msgspec.structs.replace(due.event, at_ms=at_ms)

    def _carry_out(self, now_ms: int, command: c.Command) -> None:
        match command:
            case c.SetTimer():
                self._timers[command.timer] = max(now_ms, command.due_ms)
            case c.CancelTimer():
                self._timers.pop(command.timer, None)
            case _:
                self._schedule(self._agent.carry_out(now_ms, command))

    def _schedule(self, dues: Iterable[Due]) -> None:
        for due in dues:
            heapq.heappush(self._queue, (due.event.at_ms, next(self._order), due))
