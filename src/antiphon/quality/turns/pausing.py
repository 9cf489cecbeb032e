"""Whole calls with a caller of known habits: how often he is cut off, how long he waits, turn after turn.

Only events, no audio: pauses have lengths drawn for the caller, and scores drawn from recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy, TurnPolicy

_NOTICED_MS = 110  # From the last sample to the line's word for it,
_KNOWN_MS = 110  # and from there to the final transcript and the score.
_UTTERANCE_MS = 1200
_REPLY_MS = 2000
_BETWEEN_MS = 900  # From the end of the agent's reply to the caller's next word.
_TEXT = "I would need the blue one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Pauses inside a turn: how many at most, median and spread (of the logarithm) of their length."""

    pauses_max: int
    median_ms: int
    spread: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """End-of-turn scores as recordings have them, at ends and in pauses."""

    ends: Sequence[float]
    pauses: Sequence[float]


# Every twentieth of what the embedded scorer gives on the recordings (docs/evaluation.md).
RECORDED = Scores(
    ends=(
        0.19, 0.44, 0.62, 0.68, 0.75, 0.77, 0.79, 0.8, 0.81, 0.81, 0.81, 0.83, 0.84, 0.86, 0.88, 0.9, 0.91,
        0.92, 0.94, 0.96,
    ),
    pauses=(
        0.07, 0.08, 0.09, 0.1, 0.14, 0.17, 0.2, 0.22, 0.3, 0.34, 0.39, 0.43, 0.46, 0.57, 0.67, 0.71, 0.75,
        0.77, 0.79, 0.87,
    ),
)  # fmt: skip
BRISK = Habit(pauses_max=1, median_ms=180)
LONG_PAUSING = Habit(pauses_max=3, median_ms=800)


@dataclass(slots=True)
class Patience:
    """Of many turns."""

    turns: int = 0
    cut: int = 0
    delays_ms: list[int] = field(default_factory=list)


def hold_calls(
    turn: TurnPolicy, habit: Habit, *, calls: int, turns: int, seed: int, scores: Scores = RECORDED
) -> Patience:
    found = Patience()
    for number in range(calls):
        _Call(turn, habit, scores, np.random.default_rng([seed, number]), found).run(turns)
    return found


class _Call:
    def __init__(
        self, turn: TurnPolicy, habit: Habit, scores: Scores, chance: np.random.Generator, found: Patience
    ) -> None:
        self._habit, self._scores, self._chance, self._found = habit, scores, chance, found
        self._conversation = Conversation(Policy(turn=turn))
        self._now_ms = 0
        self._segment = 0
        self._timers: dict[str, int] = {}
        self._committed_ms: list[int] = []

    def run(self, turns: int) -> None:
        self._post(ev.CallStarted(at_ms=0, call_id="c", agent="a", line="none", wall_time_ms=0))
        for _ in range(turns):
            self._wait(_REPLY_MS + _BETWEEN_MS)
            self._turn()

    def _turn(self) -> None:
        pauses = int(self._chance.integers(0, self._habit.pauses_max + 1))
        begun_at = len(self._committed_ms)
        for _ in range(pauses):
            length_ms = self._habit.median_ms * np.exp(self._habit.spread * self._chance.standard_normal())
            self._say(float(self._chance.choice(self._scores.pauses)), int(length_ms))
        cut = len(self._committed_ms) > begun_at
        ended_ms = self._say(float(self._chance.choice(self._scores.ends)), 5000)
        self._found.turns += 1
        self._found.cut += cut
        self._found.delays_ms += [at_ms - ended_ms for at_ms in self._committed_ms if at_ms > ended_ms][:1]

    def _say(self, score: float, silence_ms: int) -> int:
        """One utterance and the silence after it; gives when it ended."""
        self._post(ev.SpeechStarted(at_ms=self._now_ms, onset_ms=max(0, self._now_ms - 70)))
        self._wait(_UTTERANCE_MS)
        ended_ms = self._now_ms
        over_ms = ended_ms + max(silence_ms, _NOTICED_MS + _KNOWN_MS)
        self._wait(_NOTICED_MS)
        self._post(ev.SpeechStopped(at_ms=self._now_ms, ended_ms=ended_ms))
        self._wait(_KNOWN_MS)
        self._post(ev.TranscriptFinal(at_ms=self._now_ms, segment=self._segment, text=_TEXT))
        self._post(ev.EndOfTurnScored(at_ms=self._now_ms, ended_ms=ended_ms, score=score))
        self._segment += 1
        self._wait(over_ms - self._now_ms)
        return ended_ms

    def _wait(self, duration_ms: int) -> None:
        end_ms = self._now_ms + duration_ms
        while self._timers and min(self._timers.values()) <= end_ms:
            name = min(self._timers, key=lambda timer: self._timers[timer])
            self._now_ms = max(self._now_ms, self._timers.pop(name))
            self._post(ev.TimerFired(at_ms=self._now_ms, timer=name))
        self._now_ms = end_ms

    def _post(self, event: ev.AnyEvent) -> None:
        for command in self._conversation.step(event):
            match command:
                case cmd.SetTimer():
                    self._timers[command.timer] = command.due_ms
                case cmd.CancelTimer():
                    self._timers.pop(command.timer, None)
                case cmd.CommitTurn():
                    self._committed_ms.append(self._now_ms)
                case cmd.StartReply(speculative=False) | cmd.ConfirmReply():
                    self._post(ev.ReplyFinished(at_ms=self._now_ms, reply_id=command.reply_id))
