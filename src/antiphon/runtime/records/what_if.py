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
from antiphon.errors import ConfigError
from antiphon.runtime.records.agent_side import AgentSide, Due
from antiphon.runtime.records.cut_offs import cut_offs, unfinished_pauses
from antiphon.runtime.records.lines import CallRecord, CommandEntry, Entry, EventEntry, check_time
from antiphon.runtime.records.replaying import broken_by
from antiphon.runtime.records.story import CallStory, tell
from antiphon.runtime.records.waterfall import waterfall

OUTSIDE_EVENTS = (
    e.CallStarted,
    e.AnswererJudged,
    e.BeepHeard,
    e.SpeechStarted,
    e.SpeechStopped,
    e.VoiceWeighed,
    e.TranscriptPartial,
    e.TranscriptFinal,
    e.EndOfTurnScored,
    e.TurnSignalled,
    e.TalkPressed,
    e.TalkReleased,
    e.TextTyped,
    e.StopAsked,
    e.DtmfReceived,
    e.CallerHungUp,
    e.OperatorEnded,
    e.OperatorTransfers,
    e.OperatorHolds,
    e.OperatorResumes,
    e.OperatorTakesOver,
    e.OperatorGivesBack,
    e.PersonJoined,
    e.HandedOver,
    e.HandoverFailed,
    e.PersonLeft,
    e.SessionLost,
    e.ReplyOverruled,
    e.CostReached,
    e.LineGraded,
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
        recorded_cut_off: The caller had not finished when the turn was ended (`cut_offs.py`).
    """

    turn: int
    ended_ms: int
    recorded_ms: int | None
    what_if_ms: int | None
    text: str
    what_if_text: str
    recorded_cut_off: bool = False
    what_if_cut_off: bool = False


class _Delay(NamedTuple):
    total_ms: int | None
    turn: int
    text: str


def compare(record: CallRecord, policy: Policy) -> list[TurnChange]:
    """Every turn of either run, in order of time.

    Raises:
        ConfigError: Call time runs backwards, or the recording lacks what the policy's endpointing needs.
    """
    check_time(record)
    _check_endpointing(record, policy)
    simulated = simulate(record, policy)
    before, after = _delays(tell(record.entries)), _delays(tell(simulated))
    pauses = unfinished_pauses(record.entries)
    cut_before, cut_after = cut_offs(record.entries, pauses), cut_offs(simulated, pauses)
    nothing = _Delay(None, 0, "")
    return [
        TurnChange(
            turn=before.get(ended_ms, after.get(ended_ms, nothing)).turn,
            ended_ms=ended_ms,
            recorded_ms=before.get(ended_ms, nothing).total_ms,
            what_if_ms=after.get(ended_ms, nothing).total_ms,
            text=before.get(ended_ms, nothing).text,
            what_if_text=after.get(ended_ms, nothing).text,
            recorded_cut_off=ended_ms in cut_before,
            what_if_cut_off=ended_ms in cut_after,
        )
        for ended_ms in sorted(before.keys() | after.keys())
    ]


def simulate(record: CallRecord, policy: Policy) -> list[Entry]:
    """The trace the call would have had.

    Raises:
        ConfigError: The recording makes no sense to this version's core.
    """
    return _World(record, policy).run()


def _check_endpointing(record: CallRecord, policy: Policy) -> None:
    """Nobody can know what a vendor would have signalled, or when a button would have been pressed, nor how a
    call would have gone with another kind of model."""
    if policy.unified != record.header.policy.unified:
        raise ConfigError(
            f"unified={str(policy.unified).lower()} cannot be tried: a model that hears and speaks by itself "
            "tells what was said later, and otherwise",
            where="--set",
            fix="try it on calls that were taken that way",
        )
    needed: dict[str, tuple[type[e.Event], str]] = {
        "provider": (e.TurnSignalled, "turn events of a vendor"),
        "push_to_talk": (e.TalkPressed, "talk button"),
    }
    endpointing = policy.turn.endpointing
    if endpointing == record.header.policy.turn.endpointing or endpointing not in needed:
        return
    kind, what = needed[endpointing]
    if not any(isinstance(event, kind) for event in record.events):
        raise ConfigError(
            f"turn.endpointing={endpointing} cannot be tried on this call: it has no {what}",
            where=str(record.path),
            fix="try it on calls that were taken that way",
        )


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
        self._where = f"{record.path} (antiphon {record.header.version})"
        self._end_ms = record.duration_ms + _OVERTIME_MS
        self._order = count()
        self._queue: list[tuple[int, int, Due]] = []
        self._timers: dict[str, int] = {}
        self._trace: list[Entry] = []
        self._schedule(Due(event) for event in record.events if isinstance(event, OUTSIDE_EVENTS))

    def run(self) -> list[Entry]:
        while (event := self._next()) is not None and event.at_ms <= self._end_ms:
            self._trace.append(EventEntry(number=0, raw=b"", event=event))
            for command in self._step(event):
                entry = CommandEntry(number=0, raw=b"", at_ms=event.at_ms, command=command)  # type: ignore[arg-type]
                self._trace.append(entry)
                if isinstance(command, c.EndCall):
                    return self._trace
                self._carry_out(event.at_ms, command)
        return self._trace

    def _step(self, event: e.AnyEvent) -> list[c.Command]:
        try:
            return self._conversation.step(event)
        except Exception as error:  # On the call it would have ended it; here it ends the question.
            raise ConfigError(
                f"at {event.at_ms} ms this recording makes no sense to the core: {broken_by(error)}",
                where=self._where,
            ) from error

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
