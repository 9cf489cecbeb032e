"""What a decision cost one caller: was he cut off, and how long did he wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.conversation.commands import CommitTurn
from antiphon.quality.turns.cases import Case
from antiphon.quality.turns.line import LineEvent
from antiphon.quality.turns.world import Done

_SEGMENT_SLACK_MS = 250  # Hand labels and voice activity differ by about as much.
_NEVER_MS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`cut`: the turn was taken before the caller had finished. `delay_ms`: from the true end of the turn to
    the moment it was taken; None where the caller never finished, or was never heard."""

    heard: bool
    cut: bool
    delay_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One pause as a rule without words may know it. `noticed_ms`: when the line said so; `resumed_ms`: when
    it said that speech went on (None: never)."""

    ended_ms: int
    noticed_ms: int
    resumed_ms: int | None
    score: float


Rule = Callable[[Pause], int]  # Silence after which the turn is taken, ms from the end of speech.


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOnLine:
    """A case, what the line made of it, and how long the recording is."""

    case: Case
    line: Sequence[LineEvent]
    duration_ms: int

    def verdict(self, taken_ms: Sequence[int]) -> Verdict:
        """`taken_ms`: when the turn was taken to be over, each time."""
        stops = [event.date_ms for event in self.line if not event.began]
        if not stops:
            return Verdict(heard=False, cut=False, delay_ms=None)
        if not self.case.ends:
            cut = any(at_ms < self.duration_ms for at_ms in taken_ms)
            return Verdict(heard=True, cut=cut, delay_ms=None)
        end_ms = self.case.end_ms if self.case.end_ms is not None else stops[-1]
        # Until the line has told us that he speaks again, whoever takes the turn cuts him off.
        begun_ms = max(
            (event.at_ms for event in self.line if event.began and event.date_ms < end_ms), default=0
        )
        after = [at_ms for at_ms in taken_ms if at_ms >= begun_ms]
        return Verdict(
            heard=True,
            cut=any(at_ms < begun_ms for at_ms in taken_ms),
            delay_ms=after[0] - end_ms if after else None,
        )


def taken_by_core(trace: Iterable[Done]) -> list[int]:
    return [done.at_ms for done in trace if isinstance(done.command, CommitTurn)]


def taken_by_rule(pauses: Iterable[Pause], rule: Rule, words_ms: int) -> list[int]:
    """No turn is taken before its words can be known, `words_ms` after the pause was noticed: that holds
    for every rule alike."""
    taken_ms = []
    for pause in pauses:
        due_ms = max(pause.ended_ms + rule(pause), pause.noticed_ms + words_ms)
        if pause.resumed_ms is None or due_ms < pause.resumed_ms:
            taken_ms.append(due_ms)
    return taken_ms


def goes_on(segments: Sequence[tuple[int, int, str]], ended_ms: int) -> bool | None:
    """Of a pause in a meeting: does whoever spoke speak next? None where nobody is known to have spoken."""
    before = [segment for segment in segments if segment[0] < ended_ms - _SEGMENT_SLACK_MS]
    after = [segment for segment in segments if segment[1] > ended_ms + _SEGMENT_SLACK_MS]
    if not before:
        return None
    _, last_ms, speaker = max(before, key=lambda segment: min(segment[1], ended_ms))
    if last_ms > ended_ms + _SEGMENT_SLACK_MS:
        return True
    return bool(after) and min(after)[2] == speaker


def meeting_verdicts(
    segments: Sequence[tuple[int, int, str]], pauses: Sequence[Pause], taken_ms: Sequence[int]
) -> dict[str, list[Verdict]]:
    """One verdict a pause: "meeting_pauses" may be cut off, "meeting_ends" are waited for. A change of
    speakers that comes before anybody could have answered has no delay."""
    found: dict[str, list[Verdict]] = {"meeting_pauses": [], "meeting_ends": []}
    for pause in pauses:
        same = goes_on(segments, pause.ended_ms)
        until_ms = pause.resumed_ms if pause.resumed_ms is not None else pause.ended_ms + _NEVER_MS
        taken = [at_ms for at_ms in taken_ms if pause.ended_ms <= at_ms < until_ms]
        if same is True:
            found["meeting_pauses"].append(Verdict(heard=True, cut=bool(taken), delay_ms=None))
        elif same is False:
            delay_ms = taken[0] - pause.ended_ms if taken else None
            found["meeting_ends"].append(Verdict(heard=True, cut=False, delay_ms=delay_ms))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of many turns. Rates are shares of the turns that were heard; delays in ms."""

    turns: int
    unheard: int
    cut_rate: float
    delay_mean_ms: float
    delay_p50_ms: float
    delay_p90_ms: float

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Score:
        every = list(verdicts)
        heard = [verdict for verdict in every if verdict.heard]
        delays = [verdict.delay_ms for verdict in heard if verdict.delay_ms is not None] or [0]
        return cls(
            turns=len(every),
            unheard=len(every) - len(heard),
            cut_rate=sum(verdict.cut for verdict in heard) / max(1, len(heard)),
            delay_mean_ms=float(np.mean(delays)),
            delay_p50_ms=float(np.percentile(delays, 50)),
            delay_p90_ms=float(np.percentile(delays, 90)),
        )
